// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/internal/labeltext"
	"github.com/quipu-metrics/quipu/shard"
)

// Exemplars point from a counter, or from a bucket of a histogram, to one of the events that it counted, usually by the
// id of a trace. OpenMetrics and protobuf carry them. Series without exemplars pay nothing for them: they are kept beside
// the series, in a map of the family.

// ExemplarInterval is how long an exemplar that came from a context stays before another one may take its place.
const ExemplarInterval = time.Second

// exemplarOdds is how many of the events that could replace an exemplar look at the clock to see whether it has been
// there long enough: one in 16. Looking costs ten times what the observation costs.
const exemplarOdds = 16

// WithExemplars takes exemplars from contexts: from returns the labels of an exemplar, such as the id of the trace in
// ctx, or nil when there is none. [Counter.AddContext] and [Histogram.ObserveContext] call it at most about once a second
// for a counter or bucket that has an exemplar, and every time for one that has none yet, so a context without a trace
// should be recognised fast. It runs on the caller's goroutine and must not panic.
func WithExemplars(from func(ctx context.Context) Labels) MetricOption {
	return metricOption(func(d *definition) error {
		if d.kind != encode.Counter && d.kind != encode.Histogram {
			return fmt.Errorf("%w: WithExemplars is for counters and histograms, this is a %s", ErrOption, d.kind)
		}
		if from == nil {
			return fmt.Errorf("%w: WithExemplars(nil)", ErrOption)
		}
		d.exemplarsFrom = from
		return nil
	})
}

// AddWithExemplar adds v, as [Counter.Add] does, and makes this event the counter's exemplar. The names and values of
// its labels may have 128 characters together; an exemplar that does not fit is dropped and counted, the addition is not.
// It allocates. Nil labels are no exemplar: the one that is there stays, and nothing is allocated.
func (c *Counter) AddWithExemplar(v float64, exemplar Labels) {
	c.Add(v)
	if v >= 0 && exemplar != nil { // else the addition was dropped
		c.fam.setExemplar(&c.node, 0, v, exemplar)
	}
}

// AddContext adds v, as [Counter.Add] does. If the counter has [WithExemplars], the event in ctx becomes its exemplar when
// the last one is older than [ExemplarInterval].
func (c *Counter) AddContext(ctx context.Context, v float64) {
	c.Add(v)
	if v >= 0 {
		c.fam.exemplarFrom(ctx, &c.node, 0, v)
	}
}

// ObserveWithExemplar counts v, as [Histogram.Observe] does, and makes this event the exemplar of its bucket. What is said
// at [Counter.AddWithExemplar] holds here.
func (h *Histogram) ObserveWithExemplar(v float64, exemplar Labels) {
	h.Observe(v)
	if exemplar != nil && h.takes(v) {
		h.fam.setExemplar(&h.node, h.exemplarSlot(v), v, exemplar)
	}
}

// ObserveContext counts v, as [Histogram.Observe] does. If the histogram has [WithExemplars], the event in ctx becomes the
// exemplar of its bucket when the last one is older than [ExemplarInterval].
func (h *Histogram) ObserveContext(ctx context.Context, v float64) {
	h.Observe(v)
	if h.fam.def.exemplarsFrom != nil && h.takes(v) {
		h.fam.exemplarFrom(ctx, &h.node, h.exemplarSlot(v), v)
	}
}

// takes reports whether the histogram counts v: one with native buckets drops NaN.
func (h *Histogram) takes(v float64) bool { return v == v || h.native == nil }

// nativeExemplars is how many exemplars a histogram without classic buckets keeps. They are spread over the powers of
// two, so that values of every magnitude keep one.
const nativeExemplars = 16

// exemplarSlot returns which exemplar of a histogram an observation may become.
func (h *Histogram) exemplarSlot(v float64) int {
	if bounds := h.classic.Bounds(); bounds != nil {
		return bounds.Bucket(v)
	}
	_, exponent := math.Frexp(v)
	return exponent & (nativeExemplars - 1)
}

// exemplarSet holds the exemplars of one series: one of a counter, one for each bucket of a histogram.
type exemplarSet struct {
	slots []atomic.Pointer[encode.Exemplar]
}

// exemplarMap holds the exemplars of a family, by series.
type exemplarMap struct {
	any  atomic.Bool
	sets sync.Map // *shard.Node to *exemplarSet
}

// set returns the exemplars of a series, or nil.
func (m *exemplarMap) set(n *shard.Node) *exemplarSet {
	if !m.any.Load() {
		return nil
	}
	set, ok := m.sets.Load(n)
	if !ok {
		return nil
	}
	return set.(*exemplarSet)
}

// forgetGone forgets the exemplars of series that have been deleted, and of no others: a series that was created since the
// deletion may have one already.
func (m *exemplarMap) forgetGone() {
	m.sets.Range(func(n, _ any) bool {
		if n.(*shard.Node).Gone() {
			m.sets.Delete(n)
		}
		return true
	})
}

// exemplarFrom makes the event in ctx an exemplar, now and then.
func (f *family) exemplarFrom(ctx context.Context, n *shard.Node, slot int, v float64) {
	from := f.def.exemplarsFrom
	if from == nil {
		return
	}
	if set := f.exemplars.set(n); set != nil {
		if last := set.slots[slot].Load(); last != nil {
			if rand.Uint32N(exemplarOdds) != 0 {
				return
			}
			age := unixSeconds(f.reg.clock()) - last.Timestamp
			if age >= 0 && age < ExemplarInterval.Seconds() { // it is negative once the clock has been set back
				return
			}
		}
	}
	if labels := from(ctx); labels != nil {
		f.setExemplar(n, slot, v, labels)
	}
}

func (f *family) setExemplar(n *shard.Node, slot int, v float64, labels Labels) {
	text, err := f.exemplarText(labels)
	if err != nil {
		f.misuse(faultExemplar, "exemplar: %v", err)
		return
	}
	set := f.exemplars.set(n)
	if set == nil {
		size := 1
		switch {
		case f.def.bounds != nil:
			size = f.def.bounds.Buckets()
		case f.def.kind == encode.Histogram:
			size = nativeExemplars
		}
		have, _ := f.exemplars.sets.LoadOrStore(n, &exemplarSet{make([]atomic.Pointer[encode.Exemplar], size)})
		set = have.(*exemplarSet)
		f.exemplars.any.Store(true)
	}
	set.slots[slot].Store(&encode.Exemplar{Labels: text, Value: v, Timestamp: float64(f.reg.clock().UnixMilli()) / 1000})
	if n.Gone() {
		f.exemplars.sets.Delete(n) // whoever deleted the series may have looked too early
	}
}

// exemplarText renders the labels of an exemplar.
func (f *family) exemplarText(labels Labels) (string, error) {
	var text []byte
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		if !labeltext.ValidName(name) {
			return "", fmt.Errorf("%w: %q", ErrLabel, name)
		}
		text = labeltext.Append(text, name, labeltext.Clean(labels[name]))
	}
	if n := labeltext.Runes(string(text)); n > encode.MaxExemplarRunes {
		return "", fmt.Errorf("%w: the labels have %d characters, at most %d are allowed", ErrLabel, n,
			encode.MaxExemplarRunes)
	}
	return string(text), nil
}

// list appends the exemplars, nil where there is none.
func (s *exemplarSet) list(dst []*encode.Exemplar) []*encode.Exemplar {
	for i := range s.slots {
		dst = append(dst, s.slots[i].Load())
	}
	return dst
}
