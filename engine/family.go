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
	"github.com/quipu-metrics/quipu/internal/labeltext"
	"github.com/quipu-metrics/quipu/shard"
)

const (
	// MaxLabelValue is the most bytes a label value may have. Longer ones are cut at the last rune boundary before it.
	MaxLabelValue = labeltext.MaxValue

	// OverflowValue is the value of all labels of the series that takes what a full metric has no room for. In a metric
	// with open label sets that series has the one label overflow.
	OverflowValue = "__overflow__"

	overflowLabel = shard.OverflowLabel
)

// family is a registered metric: its definition and its series.
type family struct {
	reg    *Registry
	def    definition
	enc    *encode.Family
	consts string // text of the constant labels
	isSelf bool   // one of the registry's own metrics
	where  string // the file and line of the definition

	unknown         atomic.Pointer[encode.Family] // see encoder; made when it is first needed
	limitsLogged    atomic.Bool
	displacedLogged atomic.Bool

	metric   any                    // what the constructor returned; set once, under Registry.mu or before the family is published
	only     *shard.Node            // the one series of a metric without labels
	index    *shard.Map             // the series of a metric with labels
	fn       atomic.Pointer[runner] // of a func metric
	replaced atomic.Bool            // fn has been replaced, which is logged once

	exemplars exemplarMap

	discardOnce sync.Once
	discard     *shard.Node   // takes the updates of misused lookups; never exposed
	reported    atomic.Uint32 // faults without a call site and notices that have been logged, a bit each

	sites atomic.Pointer[[]callSite] // call sites of misuse; replaced, never changed
}

func newFamily(r *Registry, d definition) *family {
	f := &family{reg: r, def: d, where: callerNow()}
	f.enc = encode.NewFamily(d.name, d.help, d.unit, d.kind, f.bounds())
	consts := d.consts
	f.consts = string(labeltext.AppendSet(nil, consts, true))
	switch {
	case d.callback:
		f.fn.Store(d.fn) // before a scrape can see the family
		f.def.fn = nil
	case d.source != nil:
	case !d.vec:
		f.only = f.newSeries()
		f.only.Labels = f.consts
	default:
		config := shard.Config{
			Names: d.labels, Const: consts, MaxSeries: d.maxSeries, Overflow: OverflowValue,
			Rejected: r.self.rejected(), New: f.newSeries,
		}
		if !d.open && d.labels == nil {
			config.Names = []string{} // nil would mean an open map
		}
		f.index = shard.New(config)
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

// encoder returns the encoder of the family. A counter is shown as unknown in OpenMetrics where another family has the
// name that this one would have there.
func (f *family) encoder(unknown bool) *encode.Family {
	if !unknown {
		return f.enc
	}
	if enc := f.unknown.Load(); enc != nil {
		return enc
	}
	enc := encode.NewUnknownCounter(f.def.name, f.def.help, f.def.unit)
	f.unknown.Store(enc)
	return enc
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

// newSeries makes a series that nobody knows yet. It has no labels yet.
func (f *family) newSeries() *shard.Node {
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
	s.node.Born = bornOf(f.reg.clock(), f.reg.epochMillis)
	return &s.node
}

// miss handles a failed lookup of label values: it creates the series, or says what is wrong.
func (f *family) miss(values []string, key shard.Key) *shard.Node {
	if len(values) != len(f.def.labels) {
		return f.wrongValues(len(values))
	}
	if !slices.ContainsFunc(values, isDirty) {
		return f.inserted(f.index.Insert(values, key))
	}
	cleaned := make([]string, len(values))
	for i, v := range values {
		cleaned[i] = f.repair(f.def.labels[i], strings.Clone(v))
	}
	n, key := f.index.Find(cleaned)
	if n != nil {
		return n
	}
	return f.inserted(f.index.Insert(cleaned, key))
}

// missSet handles a failed lookup of a label set.
func (f *family) missSet(set Labels, key shard.Key) *shard.Node {
	if !f.def.open {
		return f.missDeclared(set, key)
	}
	cleaned := make(Labels, len(set))
	for name, value := range set {
		if err := f.def.checkLabel(name); err != nil {
			return f.misuse(faultLabels, "%v", err)
		}
		if _, ok := f.def.consts[name]; ok {
			return f.misuse(faultLabels, "label %q is a constant label of the metric", name)
		}
		cleaned[name] = f.repair(name, value)
	}
	n, key := f.index.FindSet(cleaned)
	if n != nil {
		return n
	}
	return f.inserted(f.index.InsertSet(cleaned, key))
}

// missDeclared is missSet for a metric with declared label names.
func (f *family) missDeclared(set Labels, key shard.Key) *shard.Node {
	if len(set) != len(f.def.labels) {
		return f.wrongNames(set)
	}
	for _, name := range f.def.labels {
		if _, ok := set[name]; !ok {
			return f.wrongNames(set)
		}
	}
	values := make([]string, len(f.def.labels))
	for i, name := range f.def.labels {
		values[i] = set[name]
	}
	return f.miss(values, key)
}

// inserted passes on the series that a lookup made, and says so if it is the overflow series.
func (f *family) inserted(n *shard.Node) *shard.Node {
	if f.index.IsOverflow(n) {
		f.overflowed("what its further label sets count goes to its overflow series")
	}
	return n
}

// wrongValues reports a wrong number of label values.
func (f *family) wrongValues(n int) *shard.Node {
	switch {
	case f.again(faultLabels):
		return f.discarded()
	case f.def.open:
		return f.misuse(faultLabels, "With takes the values of declared label names, and this metric has none: use WithLabels")
	case len(f.def.labels) == 0:
		return f.misuse(faultLabels, "got %d label values, want 0: the metric has no label names", n)
	}
	return f.misuse(faultLabels, "got %d label values, want %d (%s)", n, len(f.def.labels), strings.Join(f.def.labels, ", "))
}

// wrongNames reports a label set that has other names than the declared ones.
func (f *family) wrongNames(set Labels) *shard.Node {
	if f.again(faultLabels) {
		return f.discarded()
	}
	got := strings.Join(slices.Sorted(maps.Keys(set)), ", ")
	want := strings.Join(f.def.labels, ", ")
	for _, name := range f.def.labels {
		if _, ok := set[name]; !ok {
			return f.misuse(faultLabels, "label %q is missing: got %d labels (%s), want %d (%s)",
				name, len(set), got, len(f.def.labels), want)
		}
	}
	return f.misuse(faultLabels, "got %d labels (%s), want %d (%s)", len(set), got, len(f.def.labels), want)
}

// discarded returns the series that takes the updates of misused lookups.
func (f *family) discarded() *shard.Node {
	f.discardOnce.Do(func() { f.discard = f.newSeries() })
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
func isDirty(v string) bool { return !labeltext.IsClean(v) }

// cleanSet returns a copy of a label set whose values can be used as they are.
func cleanSet(set Labels) Labels {
	cleaned := make(Labels, len(set))
	for name, value := range set {
		cleaned[name] = labeltext.Clean(value)
	}
	return cleaned
}

// repair cleans a label value of a lookup, and counts what it changes.
func (f *family) repair(label, v string) string {
	if len(v) > MaxLabelValue {
		f.reg.self.cut.Inc()
		if f.first(noticeCut) {
			f.notice(noticeCut, "a label value was cut", "label %q: of %d bytes, %d at most are kept", label, len(v), MaxLabelValue)
		}
		v = labeltext.Limit(v)
	}
	if !utf8.ValidString(v) {
		f.reg.self.repaired.Inc()
		if f.first(noticeRepaired) {
			f.notice(noticeRepaired, "a label value was repaired", "label %q: %.64q is not valid UTF-8", label, v)
		}
		v = labeltext.Clean(v)
	}
	return v
}
