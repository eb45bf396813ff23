// SPDX-License-Identifier: Apache-2.0

package engine

import "github.com/quipu-metrics/quipu/atomicf"

// defineSelf defines the registry's own metrics and makes them count its tally. Their names are
// taken from the beginning, and Clear and Unregister leave them alone. The registry's prefix and
// series limit do not apply to them, nor constant labels that one of them uses itself.
func (r *Registry) defineSelf() {
	t := &r.tally
	t.scrapes = r.selfCounter("quipu_scrapes_total", "Pages written.")
	t.bytes = r.selfCounter("quipu_scrape_bytes_total", "Bytes of pages, before compression.")
	duration := Must(define[*Histogram](r, &histogramKind, definition{
		name: "quipu_scrape_duration_seconds", help: "Time to write a page, the reader's included.", self: true,
	}, []MetricOption{WithBuckets(0.0001, 0.001, 0.01, 0.1, 1, 10)}))
	t.duration = &duration.classic
	series := Must(define[*Gauge](r, &gaugeKind, definition{
		name: "quipu_series", help: "Series of this registry, its own included.", self: true,
	}, nil))
	t.series = &series.level
	t.torn = r.selfCounter("quipu_inexact_snapshots_total",
		"Histograms whose sum was read while a stopped writer was half-way through an observation.")
	t.overflow = r.selfCounter("quipu_overflowed_lookups_total",
		"Lookups that ended in the overflow series of a full metric.")
	t.capped = r.selfCounter("quipu_capped_quantiles_total",
		"Times that a summary gave up precision to stay within its memory.")

	changed := r.selfVec("quipu_changed_label_values_total",
		"Label values that were changed: cut to the longest length, or repaired to valid UTF-8.")
	t.cut, t.repaired = changed(noticeCut), changed(noticeRepaired)
	dropped := r.selfVec("quipu_dropped_updates_total", "Updates and lookups dropped as misuse.")
	for _, f := range []fault{faultLabels, faultNegative, faultNaN, faultNativeNaN, faultExemplar, faultLate} {
		t.dropped[f] = dropped(f)
	}
	failed := r.selfVec("quipu_callback_failures_total", "Func metrics and collectors left out of a page.")
	for _, f := range []fault{faultPanic, faultExit, faultHang, faultNegative, faultError} {
		t.failed[f] = failed(f)
	}
	drops := Must(define[*CounterVec](r, &counterKind, definition{
		name: "quipu_source_drops_total", help: "Series of sources that are not shown.", self: true,
		vec: true, labels: []string{"metric", "reason"},
	}, nil))
	t.dropSource = func(metric string, reason fault) { drops.With(metric, reason.String()).Inc() }
	for _, f := range *r.sorted.Load() {
		if base := f.def.unsuffixed(); base != "" {
			r.names.claims[base] = f.def.name // no user's metric makes one of these unknown in OpenMetrics
		}
	}
}

// selfCounter defines a counter of the registry's own and returns its cell.
func (r *Registry) selfCounter(name, help string) *atomicf.Count {
	c := Must(define[*Counter](r, &counterKind, definition{name: name, help: help, self: true}, nil))
	return &c.ints
}

// selfVec defines a counter of the registry's own with the label reason. It returns a function that
// returns the cell of a reason.
func (r *Registry) selfVec(name, help string) func(reason fault) *atomicf.Count {
	d := labelled(name, help, []string{"reason"})
	d.self = true
	v := Must(define[*CounterVec](r, &counterKind, d, nil))
	return func(reason fault) *atomicf.Count { return &v.With(reason.String()).ints }
}

// refreshSelf updates the registry's own metrics that count nothing by themselves.
func (r *Registry) refreshSelf() {
	series := 0
	for _, f := range *r.sorted.Load() {
		series += f.seriesCount()
	}
	r.tally.series.Set(float64(series))
	capped := r.log.Capped()
	// Scrapes may overtake each other here: only the one that moves cappedSeen forward adds the
	// difference.
	if seen := r.tally.cappedSeen.Load(); capped > seen && r.tally.cappedSeen.CompareAndSwap(seen, capped) {
		r.tally.capped.Add(capped - seen)
	}
}
