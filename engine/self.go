// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"maps"
	"sync/atomic"

	"github.com/quipu-metrics/quipu/atomicf"
)

// selfMetrics are the registry's own metrics. Their names are taken from the beginning, and Clear and Unregister leave
// them alone.
type selfMetrics struct {
	scrapes  *Counter
	bytes    *Counter
	duration *Histogram
	series   *Gauge
	overflow *Counter
	capped   *Counter
	torn     *Counter
	cut      *Counter
	repaired *Counter
	dropped  [faults]*Counter
	failed   [faults]*Counter

	cappedSeen atomic.Uint64 // how much of quantile.Log's own count is in capped
}

// define registers them. The registry's prefix and bound are not for them, nor are constant labels that one of them uses
// itself.
func (s *selfMetrics) define(r *Registry) {
	prefix, strict, maxSeries, consts := r.prefix, r.strict, r.maxSeries, r.consts
	r.prefix, r.strict, r.maxSeries, r.consts = "", false, DefaultMaxSeries, maps.Clone(consts)
	delete(r.consts, "reason")
	delete(r.consts, "le")
	defer func() { r.prefix, r.strict, r.maxSeries, r.consts = prefix, strict, maxSeries, consts }()

	s.scrapes = must(r.NewCounter("quipu_scrapes_total", "Pages written."))
	s.bytes = must(r.NewCounter("quipu_scrape_bytes_total", "Bytes of pages, before compression."))
	s.duration = must(r.NewHistogram("quipu_scrape_duration_seconds", "Time to write a page, the reader's included.",
		WithBuckets(0.0001, 0.001, 0.01, 0.1, 1, 10)))
	s.series = must(r.NewGauge("quipu_series", "Series of this registry, its own included."))
	s.torn = must(r.NewCounter("quipu_inexact_snapshots_total",
		"Histograms whose sum was read while a stopped writer was half-way through an observation."))

	s.overflow = must(r.NewCounter("quipu_overflowed_lookups_total",
		"Lookups that ended in the overflow series of a full metric."))
	s.capped = must(r.NewCounter("quipu_capped_quantiles_total",
		"Times that a summary gave up precision to stay within its memory."))

	values := must(r.NewCounterVec("quipu_changed_label_values_total",
		"Label values that were changed: cut to the longest length, or repaired to valid UTF-8.", []string{"reason"}))
	s.cut, s.repaired = values.With("length"), values.With("utf8")
	dropped := must(r.NewCounterVec("quipu_dropped_updates_total", "Updates and lookups dropped as misuse.",
		[]string{"reason"}))
	for _, kind := range []fault{faultLabels, faultNegative, faultNaN, faultNativeNaN, faultExemplar, faultLate} {
		s.dropped[kind] = dropped.With(kind.String())
	}
	failed := must(r.NewCounterVec("quipu_callback_failures_total", "Func metrics and collectors left out of a page.",
		[]string{"reason"}))
	for _, kind := range []fault{faultPanic, faultExit, faultHang, faultNegative} {
		s.failed[kind] = failed.With(kind.String())
	}
	for _, f := range *r.sorted.Load() {
		f.isSelf = true
		if base := f.def.unsuffixed(); base != "" {
			r.names.claims[base] = f.def.name // no user's metric makes one of these unknown in OpenMetrics
		}
	}
}

// refresh brings those up to date that are kept elsewhere.
func (s *selfMetrics) refresh(r *Registry) {
	series := 0
	for _, f := range *r.sorted.Load() {
		series += f.seriesCount()
	}
	s.series.Set(float64(series))
	capped := r.log.Capped()
	// Scrapes may overtake each other here: only the one that moves cappedSeen forward adds the difference.
	if seen := s.cappedSeen.Load(); capped > seen && s.cappedSeen.CompareAndSwap(seen, capped) {
		s.capped.ints.Add(capped - seen)
	}
}

// rejected returns the count that the families' maps add to. The registry's own families are made before it exists, and
// are never full.
func (s *selfMetrics) rejected() *atomicf.Count {
	if s.overflow == nil {
		return new(atomicf.Count)
	}
	return &s.overflow.ints
}

// snapshot counts snapshots that were not exact.
func (s *selfMetrics) snapshot(exact bool) {
	if !exact {
		s.torn.Inc()
	}
}
