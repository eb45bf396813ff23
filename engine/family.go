// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/shard"
)

const (
	// MaxLabelValue is the most bytes a label value may have. Longer ones are cut at the last rune boundary before it.
	MaxLabelValue = shard.MaxValue

	// OverflowValue is the value of all labels of the series that takes what a full metric has no room for. In a metric
	// with open label sets that series has the one label overflow.
	OverflowValue = "__overflow__"

	overflowLabel = "overflow"
)

// family is a registered metric: its definition and its series.
type family struct {
	reg    *Registry
	def    definition
	enc    *encode.Family
	consts string // text of the constant labels
	isSelf bool   // one of the registry's own metrics

	metric any                      // what the constructor returned; set once, under Registry.mu or before the family is published
	only   *shard.Node              // the one series of a metric without labels
	index  *shard.Map               // the series of a metric with labels
	fn     atomic.Pointer[callback] // of a func metric

	exemplars exemplarMap

	discardOnce sync.Once
	discard     *shard.Node   // takes the updates of misused lookups; never exposed
	reported    atomic.Uint32 // faults that have been logged, a bit each
}

func newFamily(r *Registry, d definition) *family {
	f := &family{reg: r, def: d}
	f.enc = encode.NewFamily(d.name, d.help, d.unit, d.kind, f.bounds())
	var consts []byte
	for _, name := range slices.Sorted(maps.Keys(d.consts)) {
		consts = encode.AppendLabel(consts, name, clean(d.consts[name]))
	}
	f.consts = string(consts)
	switch {
	case d.callback:
		f.fn.Store(d.fn) // before a scrape can see the family
		f.def.fn = nil
	case d.source != nil:
	case !d.vec:
		f.only = f.newSeries(f.consts)
	default:
		tail := 0
		if len(consts) > 0 {
			tail = len(consts) + len(",")
		}
		f.index = shard.NewMap(d.labels, d.open, tail, d.maxSeries, r.self.rejected())
	}
	f.metric = f.newMetric()
	return f
}

// bounds returns what the encoder wants to know beforehand.
func (f *family) bounds() []float64 {
	switch f.def.kind {
	case encode.Histogram:
		return f.def.buckets
	case encode.Summary:
		var quantiles []float64
		for _, o := range f.def.targets.List() {
			quantiles = append(quantiles, o.Quantile)
		}
		return quantiles
	default:
		return nil
	}
}

// newMetric makes what the constructor returns.
func (f *family) newMetric() any {
	switch {
	case f.def.source != nil:
		return f.def.source.collector
	case f.def.callback && f.def.kind == encode.Counter:
		return &CounterFunc{f}
	case f.def.callback:
		return &GaugeFunc{f}
	case f.only == nil:
		switch f.def.kind {
		case encode.Counter:
			return &CounterVec{vec[Counter]{f}}
		case encode.Gauge:
			return &GaugeVec{vec[Gauge]{f}}
		case encode.Histogram:
			return &HistogramVec{vec[Histogram]{f}}
		default:
			return &SummaryVec{vec[Summary]{f}}
		}
	}
	switch f.def.kind {
	case encode.Counter:
		return seriesOf[Counter](f.only)
	case encode.Gauge:
		return seriesOf[Gauge](f.only)
	case encode.Histogram:
		return seriesOf[Histogram](f.only)
	default:
		return seriesOf[Summary](f.only)
	}
}

// newSeries makes a series that nobody knows yet.
func (f *family) newSeries(labels string) *shard.Node {
	var s *series
	switch f.def.kind {
	case encode.Counter:
		s = &new(Counter).series
	case encode.Gauge:
		s = &new(Gauge).series
	case encode.Histogram:
		h := &Histogram{native: f.def.newNative()}
		if f.def.bounds != nil {
			h.classic.Init(f.def.bounds)
		}
		s = &h.series
	default:
		m := &Summary{log: f.reg.log}
		m.window.Init(f.reg.log, f.def.targets, f.def.maxAge)
		s = &m.series
	}
	s.fam = f
	s.node.Labels = labels
	s.node.Born = bornOf(f.reg.clock(), f.reg.epochMillis)
	return &s.node
}

// miss goes on where the lookup of label values found nothing: it creates the series, or says what is wrong.
func (f *family) miss(values []string) *shard.Node {
	if len(values) != len(f.def.labels) {
		if f.again(faultLabels) {
			return f.discarded()
		}
		return f.misuse(faultLabels, "got %d label values, want %d", len(values), len(f.def.labels))
	}
	if !slices.ContainsFunc(values, isDirty) {
		return f.create(values)
	}
	cleaned := make([]string, len(values))
	for i, v := range values {
		cleaned[i] = f.repair(strings.Clone(v))
	}
	if n := f.index.Find(cleaned); n != nil {
		return n
	}
	return f.create(cleaned)
}

// create creates the series with these values, which are clean. It does not keep them: a lookup's values may lie on its
// stack.
func (f *family) create(values []string) *shard.Node {
	if overflow := f.index.Full(); overflow != nil {
		// Once more: since the last look, another goroutine may have created this very series and filled the family.
		if n := f.index.Find(values); n != nil {
			return n
		}
		f.index.Reject()
		return overflow
	}
	var room [256]byte // on the stack
	text := room[:0]
	for i, v := range values {
		text = encode.AppendLabel(text, f.def.labels[i], v)
	}
	return f.insert(text)
}

// missSet does the same for a label set.
func (f *family) missSet(set Labels) *shard.Node {
	if !f.def.open {
		values := make([]string, len(f.def.labels))
		for i, name := range f.def.labels {
			value, ok := set[name]
			if !ok {
				return f.misuse(faultLabels, "label %q is missing", name)
			}
			values[i] = value
		}
		if len(set) != len(values) {
			return f.misuse(faultLabels, "got %d labels, want %d", len(set), len(values))
		}
		return f.miss(values)
	}
	cleaned := make(Labels, len(set))
	for name, value := range set {
		if err := f.def.checkLabel(name); err != nil {
			return f.misuse(faultLabels, "%v", err)
		}
		if _, ok := f.def.consts[name]; ok {
			return f.misuse(faultLabels, "label %q is a constant label", name)
		}
		cleaned[name] = f.repair(value)
	}
	overflow := f.index.Full() // before the look, as in create
	if n := f.index.FindSet(cleaned); n != nil {
		return n
	}
	if overflow != nil {
		f.index.Reject()
		return overflow
	}
	var text []byte
	for _, name := range slices.Sorted(maps.Keys(cleaned)) {
		if value := cleaned[name]; value != "" { // an empty label is an absent one
			text = encode.AppendLabel(text, name, value)
		}
	}
	return f.insert(text)
}

// insert adds a series with these variable labels.
func (f *family) insert(variable []byte) *shard.Node {
	return f.index.Insert(f.newSeries(f.withConsts(variable)), f.newOverflow)
}

func (f *family) withConsts(variable []byte) string {
	if len(variable) > 0 && f.consts != "" {
		variable = append(variable, ',')
	}
	return string(append(variable, f.consts...))
}

func (f *family) newOverflow() *shard.Node {
	var text []byte
	for _, name := range f.def.labels {
		text = encode.AppendLabel(text, name, OverflowValue)
	}
	if f.def.open {
		text = encode.AppendLabel(text, overflowLabel, OverflowValue)
	}
	return f.newSeries(f.withConsts(text))
}

// discarded returns the series that takes the updates of misused lookups.
func (f *family) discarded() *shard.Node {
	f.discardOnce.Do(func() { f.discard = f.newSeries("") })
	return f.discard
}

// info describes the family.
func (f *family) info() Info {
	return Info{
		Name: f.def.name, Help: f.def.help, Type: f.def.kind.String(), Unit: f.def.unit,
		Labels: slices.Clone(f.def.labels), Const: maps.Clone(f.def.consts), Series: f.seriesCount(), Metric: f.metric,
	}
}

// seriesCount counts the series, the overflow series included. How many a collector has is known while it runs only.
func (f *family) seriesCount() int {
	switch {
	case f.index != nil:
		return f.index.Size()
	case f.def.source != nil:
		return 0
	default:
		return 1
	}
}

// isDirty reports whether a label value cannot be used as it is.
func isDirty(v string) bool { return len(v) > MaxLabelValue || !utf8.ValidString(v) }

// clean makes a label value usable: valid UTF-8 and at most MaxLabelValue bytes. Repairing can make a value longer, and
// cutting first keeps the work small.
func clean(v string) string { return cut(encode.RepairUTF8(cut(v))) }

// cut shortens a value to MaxLabelValue bytes or a few less, on a rune boundary.
func cut(v string) string {
	if len(v) <= MaxLabelValue {
		return v
	}
	end := MaxLabelValue
	for end > MaxLabelValue-utf8.UTFMax && !utf8.RuneStart(v[end]) {
		end--
	}
	return v[:end]
}

// repair cleans a label value of a lookup, and counts what it changes.
func (f *family) repair(v string) string {
	if len(v) > MaxLabelValue {
		f.reg.self.cut.Inc()
		v = cut(v)
	}
	if !utf8.ValidString(v) {
		f.reg.self.repaired.Inc()
		v = clean(v)
	}
	return v
}
