// SPDX-License-Identifier: Apache-2.0

package prometheus

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	client "github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// Registry collects what is registered with it: see client_golang's type. Metrics and Vecs of this
// package are read directly, and other collectors through client_golang. All methods may be called
// concurrently. NewRegistry and NewPedanticRegistry make it.
type Registry struct {
	// inner has other collectors, and placeholders for those of this package. So it checks every
	// registration against all others, and gathers only what is not ours.
	inner *client.Registry

	// pedantic makes inner gather everything, because its checks look at every message.
	pedantic bool

	// outer is client_golang's default registry, if other collectors go there.
	outer *client.Registry

	mu     sync.Mutex // of changes
	own    atomic.Pointer[ownMetrics]
	others atomic.Int64 // collectors that inner gathers
}

// ownMetrics are the metrics of this package that a registry has. It does not change. As a
// collector it is described as nothing, so client_golang checks no descriptors but the metrics
// themselves.
type ownMetrics struct {
	list  []registration
	views []*view // one for each name, in the order of the names
	types map[string]dto.MetricType

	// clash is set when client_golang may find the metrics inconsistent with each other, or must
	// say what is wrong with them.
	clash bool
}

// registration is a metric of this package in a registry.
type registration struct {
	collector Collector
	desc      *Desc
	view      *view
}

// placeholder stands for a metric of this package in client_golang's registry. It is described as
// that, and collects nothing.
type placeholder struct{ Collector }

// Collect implements [Collector].
func (placeholder) Collect(chan<- Metric) {}

// NewRegistry returns an empty registry.
func NewRegistry() *Registry {
	r := &Registry{inner: client.NewRegistry()}
	r.own.Store(new(ownMetrics))
	return r
}

// NewPedanticRegistry returns a registry that checks metrics against their descriptors when it
// gathers them, for tests of collectors. It gathers everything as client_golang does.
func NewPedanticRegistry() *Registry {
	r := &Registry{inner: client.NewPedanticRegistry(), pedantic: true}
	r.own.Store(new(ownMetrics))
	return r
}

// Register implements [Registerer]. Its errors are those of client_golang.
func (r *Registry) Register(c Collector) error {
	v := viewOf(c)
	switch {
	case v != nil && !r.pedantic:
		return r.registerOwn(c, v)
	case r.outer != nil:
		return r.registerOutside(c)
	}
	if err := r.inner.Register(c); err != nil {
		return exposed(err, c)
	}
	r.others.Add(1)
	return nil
}

func (r *Registry) registerOwn(c Collector, v *view) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.inner.Register(&placeholder{c}); err != nil {
		return exposed(err, c)
	}
	list := append(slices.Clone(r.own.Load().list), registration{c, describe(c)[0], v})
	r.own.Store(newOwnMetrics(list))
	return nil
}

// registerOutside registers a collector with client_golang's default registry, if it fits to what
// is registered here.
func (r *Registry) registerOutside(c Collector) error {
	p := &placeholder{c}
	if err := r.inner.Register(p); err != nil {
		return exposed(err, c)
	}
	if err := r.outer.Register(c); err != nil {
		r.inner.Unregister(p)
		return exposed(err, c)
	}
	return nil
}

// exposed returns an error of client_golang's registry without the types that only this package
// puts there.
func exposed(err error, c Collector) error {
	already, ok := err.(AlreadyRegisteredError)
	if !ok {
		return err
	}
	already.ExistingCollector, _ = unwrapped(already.ExistingCollector)
	already.NewCollector = c
	return already
}

// MustRegister implements [Registerer].
func (r *Registry) MustRegister(cs ...Collector) { mustRegister(r, cs) }

// Unregister implements [Registerer].
func (r *Registry) Unregister(c Collector) bool {
	c = describe(c) // without the mutex: it is the program's code
	r.mu.Lock()
	defer r.mu.Unlock()
	removed := r.inner.Unregister(c)
	switch {
	case removed && r.unregisterOwn():
	case r.outer != nil:
		return r.outer.Unregister(c) || removed
	case removed:
		r.others.Add(-1)
	}
	return removed
}

// unregisterOwn takes a metric off the list that inner has no more, and reports whether there was
// one. inner finds a collector by its descriptors, so it need not be the one that Unregister got.
func (r *Registry) unregisterOwn() bool {
	own := r.own.Load()
	if len(own.list) == 0 {
		return false
	}
	left := make(map[*Desc]bool)
	for _, d := range describe(r.inner) {
		left[d] = true
	}
	list := slices.DeleteFunc(slices.Clone(own.list), func(m registration) bool { return !left[m.desc] })
	if len(list) == len(own.list) {
		return false
	}
	r.own.Store(newOwnMetrics(list))
	return true
}

// description holds the descriptors of a collector, and collects nothing.
type description []*Desc

// describe returns the description of a collector.
func describe(c Collector) (all description) {
	ch := make(chan *Desc)
	go func() {
		c.Describe(ch)
		close(ch)
	}()
	for d := range ch {
		all = append(all, d)
	}
	return all
}

// Describe implements [Collector].
func (d description) Describe(ch chan<- *Desc) {
	for _, one := range d {
		ch <- one
	}
}

// Collect implements [Collector].
func (description) Collect(chan<- Metric) {}

// Describe implements [Collector].
func (r *Registry) Describe(ch chan<- *Desc) { r.inner.Describe(ch) }

// Collect implements [Collector]. Metrics of this package come first, so that a collector that
// panics does not cost them.
func (r *Registry) Collect(ch chan<- Metric) {
	r.own.Load().Collect(ch)
	r.inner.Collect(ch)
}

// Describe implements [Collector].
func (*ownMetrics) Describe(chan<- *Desc) {}

// Collect implements [Collector].
func (o *ownMetrics) Collect(ch chan<- Metric) {
	for _, m := range o.list {
		m.collector.Collect(ch)
	}
}

// newOwnMetrics returns the metrics in the order of their names.
func newOwnMetrics(list []registration) *ownMetrics {
	slices.SortStableFunc(list, func(a, b registration) int { return strings.Compare(a.view.name, b.view.name) })
	own := &ownMetrics{list: list, types: make(map[string]dto.MetricType, len(list))}
	var views []*view // of the name before
	end := func() {
		switch len(views) {
		case 0:
		case 1:
			own.views = append(own.views, views[0])
		default:
			own.views = append(own.views, together(views))
		}
		views = nil
	}
	for _, m := range list {
		kind := m.view.first().kind.message
		if t, ok := own.types[m.view.name]; !ok {
			end()
		} else if t != kind {
			own.clash = true
		}
		views = append(views, m.view)
		own.types[m.view.name] = kind
		own.clash = own.clash || kind == dto.MetricType_SUMMARY && m.view.has("quantile") ||
			kind == dto.MetricType_HISTOGRAM && m.view.has("le")
	}
	end()
	for name := range own.types {
		own.clash = own.clash || own.collides(name)
	}
	return own
}

// partSuffixes end the names of the series that stand for parts of a histogram or a summary.
var partSuffixes = [...]string{"_count", "_sum", "_bucket"}

// hasParts reports whether the series of a type stand for parts.
func hasParts(t dto.MetricType) bool {
	return t == dto.MetricType_SUMMARY || t == dto.MetricType_HISTOGRAM
}

// collides reports whether a family of this name may have series that look like the sums, counts
// or buckets of another family.
func (o *ownMetrics) collides(name string) bool {
	for _, suffix := range partSuffixes {
		base, cut := strings.CutSuffix(name, suffix)
		if t, ok := o.types[base]; cut && ok && hasParts(t) {
			return true
		}
	}
	return false
}
