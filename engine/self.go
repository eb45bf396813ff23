// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"slices"
	"strings"

	"github.com/quipu-metrics/quipu/atomicf"
	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/internal/labeltext"
)

// selfMetric is one of the metrics that every registry has about itself. Their names are taken from
// the beginning, and Clear and Unregister leave them alone. The registry's prefix does not apply to
// them, nor constant labels that one of them uses itself.
//
// A registry keeps their values in its tally. The families are made when a walk of the registry
// shows them for the first time: a registry that is only mounted has none.
type selfMetric struct {
	kind    *kind
	name    string
	help    string
	options []MetricOption

	// reasons are the values of the label reason. Without any there is one series without labels.
	reasons []fault
	// read reads the series of a reason.
	read func(r *selfReader, reason fault, s *state)

	// event is set for a counter with the labels metric and reason, which has a series for each
	// name and reason that has been counted. It has no reasons and no read.
	event selfEvent

	// each is set for a metric with the label metric, which has a series for each name of a metric
	// of which each returns a value. It adds up those of one name. The metric has nothing of the
	// above.
	each func(f *family) (n uint64, ok bool)
}

// selfMetrics are the metrics of a registry about itself.
var selfMetrics = []selfMetric{
	{
		kind: &counterKind, name: "quipu_scrapes_total", help: "Pages written.",
		read: readTotal(func(t *tally, _ fault) *atomicf.Count { return &t.scrapes }),
	},
	{
		kind: &counterKind, name: "quipu_scrape_bytes_total", help: "Bytes of pages, before compression.",
		read: readTotal(func(t *tally, _ fault) *atomicf.Count { return &t.bytes }),
	},
	{
		kind: &histogramKind, name: "quipu_scrape_duration_seconds",
		help:    "Time to write a page, the reader's included.",
		options: []MetricOption{WithBuckets(pageBounds.Upper()...)},
		read:    readPageDurations,
	},
	{
		kind: &gaugeKind, name: "quipu_series", help: "Series of this registry, its own included.",
		read: func(r *selfReader, _ fault, s *state) { s.gauge = float64(r.series()) },
	},
	{
		kind: &counterKind, name: "quipu_inexact_snapshots_total",
		help: "Histograms whose sum was read while a stopped writer was half-way through an observation.",
		read: readTotal(func(t *tally, _ fault) *atomicf.Count { return &t.torn }),
	},
	{
		kind: &counterKind, name: "quipu_overflowed_lookups_total",
		help: "Lookups that ended in the overflow series of a full metric.",
		read: readTotal(func(t *tally, _ fault) *atomicf.Count { return &t.overflow }),
	},
	{
		kind: &counterKind, name: "quipu_capped_quantiles_total",
		help: "Times that a summary gave up precision to stay within its memory.",
		read: func(r *selfReader, _ fault, s *state) { r.take(r.registry.log.Capped(), s) },
	},
	{
		kind: &counterKind, name: "quipu_changed_label_values_total",
		help:    "Label values that were changed: cut to the longest length, or repaired to valid UTF-8.",
		reasons: []fault{noticeCut, noticeRepaired},
		read: readTotal(func(t *tally, reason fault) *atomicf.Count {
			if reason == noticeCut {
				return &t.cut
			}
			return &t.repaired
		}),
	},
	{
		kind: &counterKind, name: "quipu_dropped_updates_total", help: "Updates and lookups dropped as misuse.",
		reasons: []fault{faultLabels, faultNegative, faultNaN, faultNativeNaN, faultExemplar, faultLate},
		read:    readTotal(func(t *tally, reason fault) *atomicf.Count { return &t.dropped[reason] }),
	},
	{
		kind: &counterKind, name: "quipu_callback_failures_total",
		help:    "Func metrics and collectors left out of a page.",
		reasons: []fault{faultPanic, faultExit, faultHang, faultNegative, faultError},
		read:    readTotal(func(t *tally, reason fault) *atomicf.Count { return &t.failed[reason] }),
	},
	{
		kind: &counterKind, name: "quipu_source_drops_total", help: "Series of sources that are not shown.",
		event: eventSourceDrop,
	},
	{
		kind: &counterKind, name: "quipu_mount_drops_total",
		help:  "Metrics of mounted registries that pages lack, and series of them.",
		event: eventMountDrop,
	},
	{
		kind: &counterKind, name: "quipu_expired_series_total",
		help: "Series that have left because nobody updated them.",
		each: (*family).expired,
	},
	{
		kind: &gaugeKind, name: "quipu_waiting_series",
		help: "Series that were updated after they had left, and wait for room.",
		each: (*family).waiting,
	},
}

// readTotal returns the read of a counter that is kept in a cell of the tally.
func readTotal(cell func(*tally, fault) *atomicf.Count) func(*selfReader, fault, *state) {
	return func(r *selfReader, reason fault, s *state) {
		r.take(cell(&r.registry.tally, reason).Load(), s)
	}
}

func readPageDurations(r *selfReader, _ fault, s *state) {
	s.histogram = encode.HistogramSample{Created: r.created(s)}
	if h := r.registry.tally.duration.Load(); h != nil {
		var exact bool
		s.counts, s.histogram.Sum, exact = h.Snapshot(s.counts)
		r.registry.tally.snapshot(exact)
	} else {
		s.counts = append(s.counts[:0], make([]uint64, pageBounds.Buckets())...)
	}
	s.histogram.Counts = s.counts
}

// selfReader reads the registry's metrics about itself for a walk. It is used again for the next
// walk.
type selfReader struct {
	registry *Registry

	counts []namedCount
	text   []byte
}

// take makes the sample that of a gauge, or of a counter which is as old as the registry.
func (r *selfReader) take(n uint64, s *state) {
	s.counter = encode.CounterSample{Int: n, Created: r.created(s)}
	s.gauge = float64(n)
}

// created returns when the registry was made, in seconds since 1970, or 0 if the reader of the
// sample does not want to know.
func (r *selfReader) created(s *state) float64 {
	if !s.withCreated {
		return 0
	}
	return float64(r.registry.epochMillis) / 1000
}

// series counts the series of the registry and those of its metrics about itself.
func (r *selfReader) series() (n int) {
	for _, f := range r.registry.contents.Load().families {
		n += f.seriesCount()
	}
	for _, f := range r.registry.self { // the walk has made them
		n += r.seriesOf(f.def.supplier.(*selfSeries))
	}
	return n
}

// seriesOf counts the series of one metric of the registry about itself.
func (r *selfReader) seriesOf(m *selfSeries) int {
	if m.isNamed() {
		return len(r.named(m))
	}
	return len(m.labels)
}

// isNamed reports whether the label metric distinguishes the series.
func (m *selfMetric) isNamed() bool { return m.event != 0 || m.each != nil }

// named returns the counts of an event or of each metric, sorted. They are valid until the next
// call.
func (r *selfReader) named(m *selfSeries) []namedCount {
	r.counts = r.counts[:0]
	if m.each == nil {
		r.counts = r.registry.tally.named.appendTo(r.counts, m.event)
	} else {
		for _, f := range r.registry.contents.Load().families {
			if n, ok := m.each(f); ok {
				r.counts = append(r.counts, namedCount{namedEvent{metric: f.def.name}, n})
			}
		}
	}
	r.counts = merged(r.counts)
	return r.counts
}

// supply reads each series of a metric, and calls yield with its labels, until yield returns false.
func (r *selfReader) supply(m *selfSeries, s *state, yield func(labels string) bool) {
	if m.isNamed() {
		r.supplyNamed(m, s, yield)
		return
	}
	for i, labels := range m.labels {
		var reason fault
		if m.reasons != nil {
			reason = m.reasons[i]
		}
		m.read(r, reason, s)
		if !yield(labels) {
			return
		}
	}
}

func (r *selfReader) supplyNamed(m *selfSeries, s *state, yield func(labels string) bool) {
	for _, c := range r.named(m) {
		r.text = labeltext.Append(r.text[:0], "metric", c.metric)
		if m.event != 0 {
			r.text = labeltext.Append(r.text, "reason", c.reason.String())
		}
		r.text = labeltext.AppendText(r.text, m.consts)
		r.take(c.count, s)
		if !yield(stringOf(r.text)) {
			return
		}
	}
}

// selfSeries supplies one of a registry's metrics about itself.
type selfSeries struct {
	selfMetric
	consts string   // text of the constant labels
	labels []string // texts of the labels of all series, if these are known
}

func (*selfSeries) String() string { return "the registry" }

// selfFamilies returns the families of the registry's metrics about itself.
func (r *Registry) selfFamilies() []*family {
	r.selfOnce.Do(func() {
		for _, m := range selfMetrics {
			r.self = append(r.self, r.newSelfFamily(m))
		}
	})
	return r.self
}

func (r *Registry) newSelfFamily(m selfMetric) *family {
	s := &selfSeries{selfMetric: m}
	d := m.definition()
	d.supplier = s
	if err := r.complete(m.kind, &d, m.options); err != nil {
		panic(err) // no option of a registry makes one of these impossible
	}
	f := newFamily(&r.core, m.kind, d)
	s.consts = f.consts
	if m.reasons == nil && !m.isNamed() {
		s.labels = []string{f.consts}
	}
	for _, reason := range m.reasons {
		text := labeltext.Append(nil, "reason", reason.String())
		s.labels = append(s.labels, string(labeltext.AppendText(text, f.consts)))
	}
	return f
}

// definition returns what is said about the metric, apart from its registry.
func (m *selfMetric) definition() definition {
	d := definition{rules: m.kind.rules, name: m.name, help: m.help, self: true}
	switch {
	case m.event != 0:
		d.vec, d.labels = true, []string{"metric", "reason"}
	case m.each != nil:
		d.vec, d.labels = true, []string{"metric"}
	case m.reasons != nil:
		d.vec, d.labels = true, []string{"reason"}
	}
	return d
}

// reservedBySelf describes the registry's metric about itself that has one of the definition's
// sample names, or "" if there is none. The name of such a counter without _total is reserved too:
// no metric of a program makes one of them unknown in OpenMetrics.
func reservedBySelf(p *place) string {
	if !strings.HasPrefix(p.name, "quipu_") {
		return ""
	}
	samples := p.def.samples(p.name)
	for i := range selfMetrics {
		own := selfMetrics[i].definition()
		if base := own.unsuffixed(own.name); base != "" && slices.Contains(samples, base) {
			return own.String()
		}
		for _, sample := range own.samples(own.name) {
			if slices.Contains(samples, sample) {
				return own.String()
			}
		}
	}
	return ""
}
