// SPDX-License-Identifier: Apache-2.0

package prometheus

import (
	"sync"

	client "github.com/prometheus/client_golang/prometheus"
)

// wrapped is a collector with more labels or a prefix. client_golang does the work, and this type
// lets a registry see what is inside.
type wrapped struct {
	Collector // client_golang's wrapper

	inner  Collector
	prefix string
	labels Labels

	once sync.Once
	desc *Desc // of a metric of this package
}

// Describe implements [Collector]. A metric of this package has one descriptor, and it is the same
// one each time: a registry knows by it what is registered.
func (w *wrapped) Describe(ch chan<- *Desc) {
	if f, _ := familyOf(w); f == nil {
		w.Collector.Describe(ch)
		return
	}
	w.once.Do(func() { w.desc = describe(w.Collector)[0] })
	ch <- w.desc
}

// WrapCollectorWith returns a collector that adds labels to all metrics that c collects.
func WrapCollectorWith(labels Labels, c Collector) Collector {
	return &wrapped{Collector: client.WrapCollectorWith(labels, c), inner: c, labels: labels}
}

// WrapCollectorWithPrefix returns a collector that puts a prefix before the names of all metrics
// that c collects.
func WrapCollectorWithPrefix(prefix string, c Collector) Collector {
	return &wrapped{Collector: client.WrapCollectorWithPrefix(prefix, c), inner: c, prefix: prefix}
}

// wrapping is a Registerer that wraps what is registered through it.
type wrapping struct {
	to   Registerer
	wrap func(Collector) Collector
}

// WrapRegistererWith returns a Registerer that adds labels to all metrics of the collectors that
// are registered through it with reg. If reg is nil, it registers nothing.
func WrapRegistererWith(labels Labels, reg Registerer) Registerer {
	return &wrapping{reg, func(c Collector) Collector { return WrapCollectorWith(labels, c) }}
}

// WrapRegistererWithPrefix returns a Registerer that puts a prefix before the names of all metrics
// of the collectors that are registered through it with reg. If reg is nil, it registers nothing.
func WrapRegistererWithPrefix(prefix string, reg Registerer) Registerer {
	return &wrapping{reg, func(c Collector) Collector { return WrapCollectorWithPrefix(prefix, c) }}
}

// Register implements [Registerer].
func (w *wrapping) Register(c Collector) error {
	if w.to == nil {
		return nil
	}
	return w.to.Register(w.wrap(c))
}

// MustRegister implements [Registerer].
func (w *wrapping) MustRegister(cs ...Collector) { mustRegister(w, cs) }

// mustRegister registers collectors, and panics at the first that fails.
func mustRegister(r Registerer, cs []Collector) {
	for _, c := range cs {
		if err := r.Register(c); err != nil {
			panic(err)
		}
	}
}

// Unregister implements [Registerer].
func (w *wrapping) Unregister(c Collector) bool { return w.to != nil && w.to.Unregister(w.wrap(c)) }

// unwrapped returns what is inside all wrappers, and the wrappers from the inside.
func unwrapped(c Collector) (inner Collector, wrappers []*wrapped) {
	for {
		switch w := c.(type) {
		case *placeholder:
			c = w.Collector
		case *wrapped:
			wrappers = append([]*wrapped{w}, wrappers...)
			c = w.inner
		default:
			return c, wrappers
		}
	}
}

// familyOf returns the family of a metric or a Vec of this package and the wrappers around it, and
// nil for any other collector. Types that embed one are other collectors.
func familyOf(c Collector) (*family, []*wrapped) {
	inner, wrappers := unwrapped(c)
	switch c := inner.(type) {
	case *counter:
		return c.fam, wrappers
	case *gauge:
		return c.fam, wrappers
	case *classic:
		return c.fam, wrappers
	case *summary:
		return c.fam, wrappers
	case *CounterVec:
		return c.fam, wrappers
	case *GaugeVec:
		return c.fam, wrappers
	case *HistogramVec:
		return c.fam, wrappers
	case *SummaryVec:
		return c.fam, wrappers
	}
	return nil, nil
}

// viewOf returns how a collector of this package stands on pages, and nil for any other.
func viewOf(c Collector) *view {
	f, wrappers := familyOf(c)
	switch {
	case f == nil:
		return nil
	case len(wrappers) == 0:
		return f.plain
	}
	return newView(f, wrappers)
}
