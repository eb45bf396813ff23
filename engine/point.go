// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"errors"
	"math"
	"time"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/histogram"
)

// Point is one series of a [Source] at one moment.
type Point struct {
	Name   string
	Help   string
	Unit   string
	Type   encode.Type
	Labels []Label // in any order; series of one family may have different names

	Value     float64            // of a counter, gauge or untyped series; 1 for info, 0 or 1 for a state
	Histogram *HistogramSnapshot // of a histogram: Bounds and Counts, Native, or both; Count may stay 0
	Summary   *SummarySample     // of a summary

	Exemplars []Exemplar // of a counter (one) or of a histogram: their values tell their buckets
	Created   time.Time  // when the series was created; zero if unknown
	Time      time.Time  // of the value; zero or 1970, as nearly always, for the time of the scrape
}

// The reasons why a series of a source is dropped.
var (
	errLate      = errors.New("it was written after Emit had returned")
	errHeader    = errors.New("its type, help or unit differs from that of the first series of its family")
	errTwice     = errors.New("a series with these labels was written before")
	errNoLabel   = errors.New("a state set has the state in a label with the name of the family")
	errNoState   = errors.New("it lacks the Histogram or the Summary of its type")
	errTime      = errors.New("its time is not between 1970 and 9999")
	errCounts    = errors.New("a histogram needs a count for each bound and one for +Inf, and increasing bounds")
	errMany      = errors.New("the counts are together more than 64 bits hold")
	errNative    = errors.New("native buckets do not fit their spans, or have an impossible schema or threshold")
	errUnequal   = errors.New("the native buckets, or the classic ones, do not add up to the count")
	errQuantiles = errors.New("the quantiles of a summary are not increasing, from 0 to 1")
)

// lastSecond is the last second of the year 9999, where the formats' times end.
const lastSecond = 253402300799

// secondsOf returns a time in seconds since 1970, or 0 for a time that no page can show.
func secondsOf(t time.Time) float64 {
	if unix := t.Unix(); unix < 0 || unix > lastSecond {
		return 0
	}
	if seconds := unixSeconds(t); seconds <= lastSecond {
		return seconds
	}
	return 0
}

// checkTime says what is wrong with the time of a series. Prometheus refuses a whole page for one
// that is before 1970.
func checkTime(t time.Time) error {
	if unix := t.Unix(); !t.IsZero() && (unix < 0 || unix > lastSecond) {
		return errTime
	}
	return nil
}

// checkHistogramPoint says what is wrong with the buckets of a series. Prometheus refuses a whole
// page for native buckets that do not add up.
func checkHistogramPoint(p *Point) (fault, error) {
	h := p.Histogram
	p.Summary = nil
	if h == nil {
		return faultState, errNoState
	}
	total, ok := uint64(0), true
	if h.Native == nil || h.Counts != nil {
		if bounds := finite(h.Bounds); len(h.Counts) != len(bounds)+1 || !increasing(bounds) {
			return faultState, errCounts
		}
		if total, ok = sumOf(h.Counts); !ok {
			return faultState, errMany
		}
		if h.Count != 0 && h.Count != total {
			return faultState, errUnequal // it tells of counts that are cumulative, for one
		}
	}
	n := h.Native
	if n == nil {
		return 0, nil
	}
	if n.Schema < -4 || n.Schema > 8 || !(n.ZeroThreshold >= 0) || math.IsInf(n.ZeroThreshold, 1) {
		return faultState, errNative
	}
	// Observations of NaN are in no bucket. Prometheus allows for them where the sum is NaN.
	in, ok := countNative(n)
	switch {
	case !ok:
		return faultState, errNative
	case in > n.Count, in < n.Count && n.Sum == n.Sum, h.Counts != nil && total != n.Count:
		return faultState, errUnequal
	}
	return 0, nil
}

// sumOf adds up counts; ok is false where they overflow.
func sumOf(counts []uint64) (total uint64, ok bool) {
	for _, n := range counts {
		if total += n; total < n {
			return 0, false
		}
	}
	return total, true
}

// countNative adds up the buckets; ok is false where spans and buckets do not fit, a count is
// negative, an index has more than 32 bits or the total more than 64.
func countNative(n *histogram.NativeSnapshot) (total uint64, ok bool) {
	total = n.ZeroCount
	for _, b := range [...]histogram.NativeBuckets{n.Positive, n.Negative} {
		index, length, count := int64(0), uint64(0), int64(0)
		for i, s := range b.Spans {
			length += uint64(s.Length)
			index += int64(s.Offset) + int64(s.Length)
			if i > 0 && s.Offset < 0 || index > math.MaxInt32 {
				return 0, false
			}
		}
		if length != uint64(len(b.Deltas)) {
			return 0, false
		}
		for _, d := range b.Deltas {
			count += d // a sum that overflows is negative
			if count < 0 {
				return 0, false
			}
			if total += uint64(count); total < uint64(count) {
				return 0, false
			}
		}
	}
	return total, true
}

// checkSummaryPoint says what is wrong with the quantiles of a series.
func checkSummaryPoint(p *Point) (fault, error) {
	s := p.Summary
	p.Histogram = nil
	if s == nil {
		return faultState, errNoState
	}
	for i, e := range s.Estimates {
		if !(e.Quantile >= 0 && e.Quantile <= 1) || i > 0 && e.Quantile <= s.Estimates[i-1].Quantile {
			return faultState, errQuantiles
		}
	}
	return 0, nil
}

// increasing reports whether bounds are finite and strictly increasing.
func increasing(bounds []float64) bool {
	last := math.Inf(-1)
	for _, b := range bounds {
		if !(b > last) || math.IsInf(b, 1) {
			return false
		}
		last = b
	}
	return true
}

// finite returns bounds without +Inf.
func finite(bounds []float64) []float64 {
	if n := len(bounds); n > 0 && math.IsInf(bounds[n-1], 1) {
		return bounds[:n-1]
	}
	return bounds
}
