// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"slices"
	"strings"

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
	// total is set for a counter: it returns what one registry has counted for a reason.
	total func(r *Registry, reason fault) uint64
	// read reads a series of another metric: it adds up those of all registries.
	read func(r *selfReader, s *state)

	// event is set for a counter with the labels metric and reason, which has a series for each
	// name and reason that has been counted. It has nothing of the above.
	event selfEvent

	// each is set for a metric with the label metric, which has a series for each name of a metric
	// of which each returns a value, and for each reason if it has some. It adds up those of one
	// name, and the counts of the event if there is one. If it is a counter, lasting is set.
	each    func(f *family, reason fault) (n uint64, ok bool)
	lasting bool
}

// selfMetrics are the metrics of a registry about itself.
var selfMetrics = []selfMetric{
	{
		kind: &counterKind, name: "quipu_scrapes_total", help: "Pages written.",
		total: func(r *Registry, _ fault) uint64 { return r.tally.scrapes.Load() },
	},
	{
		kind: &counterKind, name: "quipu_scrape_bytes_total", help: "Bytes of pages, before compression.",
		total: func(r *Registry, _ fault) uint64 { return r.tally.bytes.Load() },
	},
	{
		kind: &histogramKind, name: "quipu_scrape_duration_seconds",
		help:    "Time to write a page, the reader's included.",
		options: []MetricOption{WithBuckets(pageBounds.Upper()...)},
		read:    readPageDurations,
	},
	{
		kind: &gaugeKind, name: "quipu_series", help: "Series of this registry, its own included.",
		read: func(r *selfReader, s *state) { s.gauge = float64(r.series()) },
	},
	{
		kind: &counterKind, name: "quipu_inexact_snapshots_total",
		help:  "Histograms whose sum was read while a stopped writer was half-way through an observation.",
		total: func(r *Registry, _ fault) uint64 { return r.tally.torn.Load() },
	},
	{
		kind: &counterKind, name: "quipu_overflowed_lookups_total",
		help: "Lookups that had no series of their own because of a limit, and series of collectors beyond it.",
		each: func(f *family, _ fault) (uint64, bool) { return ifAny(f.shared.Load()) }, lasting: true,
	},
	{
		kind: &counterKind, name: "quipu_capped_quantiles_total",
		help:  "Times that a summary gave up precision to stay within its memory.",
		total: func(r *Registry, _ fault) uint64 { return r.log.Capped() },
	},
	{
		kind: &counterKind, name: "quipu_changed_label_values_total",
		help:    "Label values that were changed: cut to the longest length, or repaired to valid UTF-8.",
		reasons: []fault{noticeCut, noticeRepaired},
		event:   eventChangedValue,
		each:    (*family).changedValues, lasting: true,
	},
	{
		kind: &counterKind, name: "quipu_dropped_updates_total", help: "Updates and lookups dropped as misuse.",
		reasons: []fault{faultLabels, faultNegative, faultNaN, faultNativeNaN, faultExemplar, faultLate},
		total:   func(r *Registry, reason fault) uint64 { return r.tally.dropped[reason].Load() },
	},
	{
		kind: &counterKind, name: "quipu_callback_failures_total",
		help:    "Func metrics, collectors and sources that failed.",
		reasons: []fault{faultPanic, faultExit, faultHang, faultNegative, faultError},
		total:   func(r *Registry, reason fault) uint64 { return r.tally.failed[reason].Load() },
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
		kind: &counterKind, name: "quipu_escaping_drops_total",
		help:  "Metrics and series left out of pages because their escaped names are those of others.",
		event: eventEscapingDrop,
	},
	{
		kind: &counterKind, name: "quipu_expired_series_total",
		help: "Series that have left because nobody updated them.",
		each: func(f *family, _ fault) (uint64, bool) { return f.expired() }, lasting: true,
	},
	{
		kind: &gaugeKind, name: "quipu_waiting_series",
		help: "Series that were updated after they had left, and wait for room.",
		each: func(f *family, _ fault) (uint64, bool) { return f.waiting() },
	},
}

// ifAny reports whether there is something to show.
func ifAny(n uint64) (uint64, bool) { return n, n > 0 }

// changedValues returns how many label values of lookups were changed for a reason.
func (f *family) changedValues(reason fault) (n uint64, ok bool) {
	if reason == noticeCut {
		return ifAny(f.cut.Load())
	}
	return ifAny(f.repaired.Load())
}

func readPageDurations(r *selfReader, s *state) {
	all := record{durations: append(s.counts[:0], make([]uint64, pageBounds.Buckets())...)}
	for _, m := range r.list.registries {
		if h := m.registry.tally.duration.Load(); h != nil {
			counts, seconds, exact := h.Snapshot(r.durations)
			m.registry.tally.snapshot(exact)
			all.addDurations(counts, seconds)
			r.durations = counts
		}
	}
	if past := r.list.past; past != nil {
		all.addDurations(past.durations, past.seconds)
		all.seconds = r.registry.tree().ledger.mostSeconds(all.seconds)
	}
	s.counts = all.durations
	s.histogram = encode.HistogramSample{Counts: s.counts, Sum: all.seconds, Created: r.created(s)}
}

// selfReader reads the registry's metrics about itself for a walk. It is used again for the next
// walk.
type selfReader struct {
	registry *Registry
	list     *list // of the walk

	counts    []namedCount
	durations []uint64
	text      []byte
	names     map[[2]string]string // prefixes of mounts and names of metrics, joined
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

// series counts the series of all registries, and those of the metrics that the root of the tree
// has about itself.
func (r *selfReader) series() (n int) {
	for _, m := range r.list.registries {
		for _, f := range m.contents.families {
			n += f.seriesCount()
		}
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

// hasReason reports whether the series have the label reason.
func (m *selfMetric) hasReason() bool { return m.event != 0 || m.reasons != nil }

// isNamed reports whether the label metric distinguishes the series.
func (m *selfMetric) isNamed() bool { return m.event != 0 || m.each != nil }

// named returns the counts of an event or of each metric in all registries, sorted. The names are
// those of the walk's pages; of a registry that is mounted in several places it is the first one
// that counts. The counts are valid until the next call.
func (r *selfReader) named(m *selfSeries) []namedCount {
	r.counts = r.counts[:0]
	for _, member := range r.list.registries {
		from := len(r.counts)
		r.counts = m.appendNamed(r.counts, member.registry, member.contents.families)
		if member.prefix != "" {
			for i := range r.counts[from:] {
				r.counts[from+i].metric = r.prefixed(member.prefix, r.counts[from+i].metric)
			}
		}
	}
	if past := r.list.past; past != nil && !m.isGauge() {
		for key, n := range past.totals {
			if key.counter == m.name {
				r.counts = append(r.counts, namedCount{key.namedEvent, n})
			}
		}
	}
	r.counts = merged(r.counts)
	return r.counts
}

// appendNamed appends the counts of an event or of each metric in one registry.
func (m *selfMetric) appendNamed(dst []namedCount, r *Registry, families []*family) []namedCount {
	if m.event != 0 {
		dst = r.tally.named.appendTo(dst, m.event)
	}
	if m.each == nil {
		return dst
	}
	for _, f := range families {
		for _, reason := range m.reasonsOrNone() {
			if n, ok := m.each(f, reason); ok {
				dst = append(dst, namedCount{namedEvent{m.event, f.def.name, reason}, n})
			}
		}
	}
	return dst
}

// isGauge reports whether what registries that have left had counted is of no interest.
func (m *selfMetric) isGauge() bool { return m.each != nil && !m.lasting }

// prefixed returns the name of a metric with the prefix of a mount. It allocates once for each.
func (r *selfReader) prefixed(prefix, name string) string {
	if name == OverflowValue {
		return name
	}
	key := [2]string{prefix, name}
	joined, ok := r.names[key]
	if !ok {
		if r.names == nil || len(r.names) >= DefaultMaxSeries {
			r.names = make(map[[2]string]string)
		}
		joined = prefix + name
		r.names[key] = joined
	}
	return joined
}

// recordOf returns what a registry that is mounted with a prefix has counted.
func recordOf(registry *Registry, prefix string) *record {
	var all record
	for i := range selfMetrics {
		m := &selfMetrics[i]
		switch {
		case m.total != nil:
			for _, reason := range m.reasonsOrNone() {
				all.add(recordKey{m.name, namedEvent{reason: reason}}, m.total(registry, reason))
			}
		case m.isNamed() && !m.isGauge():
			for _, c := range m.appendNamed(nil, registry, registry.contents.Load().families) {
				if c.metric != OverflowValue {
					c.metric = prefix + c.metric
				}
				all.add(recordKey{m.name, c.namedEvent}, c.count)
			}
		}
	}
	if h := registry.tally.duration.Load(); h != nil {
		counts, seconds, _ := h.Snapshot(nil)
		all.addDurations(counts, seconds)
	}
	return &all
}

// reasonsOrNone returns the reasons of the series, or 0 for the one series that has none.
func (m *selfMetric) reasonsOrNone() []fault {
	if m.reasons == nil {
		return noReason
	}
	return m.reasons
}

var noReason = []fault{0}

// supply reads each series of a metric, and calls yield with its labels, until yield returns false.
func (r *selfReader) supply(m *selfSeries, s *state, yield func(labels string) bool) {
	if m.isNamed() {
		r.supplyNamed(m, s, yield)
		return
	}
	reasons := m.reasonsOrNone()
	for i, labels := range m.labels {
		if m.total != nil {
			r.take(r.total(&m.selfMetric, reasons[i]), s)
		} else {
			m.read(r, s)
		}
		if !yield(labels) {
			return
		}
	}
}

// total returns what all registries have counted for a reason.
func (r *selfReader) total(m *selfMetric, reason fault) (n uint64) {
	for _, member := range r.list.registries {
		n += m.total(member.registry, reason)
	}
	if past := r.list.past; past != nil {
		n += past.totals[recordKey{m.name, namedEvent{reason: reason}}]
	}
	return n
}

func (r *selfReader) supplyNamed(m *selfSeries, s *state, yield func(labels string) bool) {
	for _, c := range r.named(m) {
		r.text = labeltext.Append(r.text[:0], "metric", c.metric)
		if m.hasReason() {
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
	if m.isNamed() {
		return f
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
	if m.isNamed() {
		d.labels = append(d.labels, "metric")
	}
	if m.hasReason() {
		d.labels = append(d.labels, "reason")
	}
	d.vec = d.labels != nil
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
