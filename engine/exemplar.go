// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/internal/labeltext"
	"github.com/quipu-metrics/quipu/shard"
)

// ExemplarInterval is how long an exemplar that came from a context stays before another one may
// take its place. One that a page has shown may be replaced at once.
const ExemplarInterval = time.Second

// exemplarOdds says how many of the events look at the clock to see whether an exemplar that no
// page has shown is old enough to be replaced: one in 16. Looking costs ten times as much as the
// observation.
const exemplarOdds = 16

// WithExemplars takes exemplars from contexts: from returns the labels of an exemplar, such as the
// id of the trace in ctx, or nil when there is none. [Counter.AddContext] and
// [Histogram.ObserveContext] take the first exemplar that they find, and then another one after
// each page that shows exemplars, or else about once a second ([ExemplarInterval]). In between they
// do not call from. When it is time for another one, they call from with each update until it
// returns one. So where few requests are sampled, the next page has one of these. And so from
// should recognise a context without a trace fast. BenchmarkExemplar measures both.
//
// from runs on the caller's goroutine, may be called concurrently, and must not panic.
func WithExemplars(from func(ctx context.Context) Labels) MetricOption {
	return metricOption(func(d *definition) error {
		if err := d.takes("WithExemplars", "counters and histograms"); err != nil {
			return err
		}
		if from == nil {
			return fmt.Errorf("%w: WithExemplars(nil)", ErrOption)
		}
		d.exemplarsFrom = from
		return nil
	})
}

// exemplarFrom makes the event in ctx an exemplar, if the metric takes exemplars from contexts and
// the slot has none or one that is due.
func (f *family) exemplarFrom(ctx context.Context, n *shard.Node, slot int, v float64) {
	from := f.def.exemplarsFrom
	if from == nil {
		return
	}
	if set := f.exemplarsOf(n); set != nil {
		if last := set.slots[slot].Load(); last != nil && !f.isDue(last) {
			return
		}
	}
	if labels := from(ctx); labels != nil {
		f.setExemplar(n, slot, v, labels)
	}
}

// isDue reports whether another exemplar may take the place of this one. Few events look at the
// clock; the first one that finds the exemplar old enough says so to all others.
func (f *family) isDue(e *keptExemplar) bool {
	if e.due.Load() {
		return true
	}
	if rand.Uint32N(exemplarOdds) != 0 {
		return false
	}
	age := unixSeconds(f.core.clock()) - e.Timestamp
	if age >= 0 && age < ExemplarInterval.Seconds() { // it is negative once the clock has been set back
		return false
	}
	e.due.Store(true)
	return true
}

func (f *family) setExemplar(n *shard.Node, slot int, v float64, labels Labels) {
	text, err := exemplarText(f.core.naming, labels)
	if err != nil {
		f.misuse(faultExemplar, "exemplar: %v", err)
		return
	}
	if bool(f.core.naming) && labeltext.HasQuotedNames(text) {
		f.quotedExemplars.Store(true)
	}
	set := f.roomForExemplars(n)
	now := float64(f.core.clock().UnixMilli()) / 1000
	set.slots[slot].Store(&keptExemplar{Exemplar: encode.Exemplar{Labels: text, Value: v, Timestamp: now}})
	if n.Gone() {
		f.exemplars.sets.Delete(n) // whoever deleted the series may have looked too early
	}
}

// exemplarsOf returns the exemplars of a series, or nil.
func (f *family) exemplarsOf(n *shard.Node) *exemplarSet {
	if f.def.expiry > 0 {
		return f.kind.life(n).exemplars.Load()
	}
	return f.exemplars.set(n)
}

// roomForExemplars returns the exemplars of a series, and makes room for them if there is none.
func (f *family) roomForExemplars(n *shard.Node) *exemplarSet {
	size := f.kind.exemplars(&f.def)
	if f.def.expiry <= 0 {
		return f.exemplars.setOf(n, size)
	}
	at := &f.kind.life(n).exemplars
	if at.Load() == nil {
		at.CompareAndSwap(nil, newExemplarSet(size))
	}
	return at.Load()
}

// exemplarText renders the labels of an exemplar.
func exemplarText(rule naming, labels Labels) (string, error) {
	var text []byte
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		if !rule.validLabel(name) {
			return "", fmt.Errorf("%w: %q", ErrLabel, name)
		}
		text = labeltext.Append(text, name, labeltext.Clean(labels[name], MaxLabelValue))
	}
	if n := labeltext.Runes(string(text)); n > encode.MaxExemplarRunes {
		return "", fmt.Errorf("%w: the labels have %d characters, at most %d are allowed", ErrLabel, n,
			encode.MaxExemplarRunes)
	}
	return string(text), nil
}
