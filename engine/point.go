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
	Histogram *HistogramSnapshot // of a histogram: Bounds and Counts, Native, or both
	Summary   *SummarySample     // of a summary

	Exemplars []Exemplar // of a counter (one) or of the buckets of a histogram
	Created   time.Time  // when the series was created; zero if unknown
	Time      time.Time  // of the value; zero, as nearly always, for the time of the scrape
}

// The reasons why a series of a source is dropped.
var (
	errLate      = errors.New("it was written after Emit had returned")
	errHeader    = errors.New("its type, help or unit differs from that of the first series of its family")
	errTwice     = errors.New("a series with these labels was written before")
	errNoLabel   = errors.New("a state set has the state in a label with the name of the family")
	errNoState   = errors.New("it lacks the Histogram or the Summary of its type")
	errCounts    = errors.New("a histogram needs a count for each bound and one for +Inf, and increasing bounds")
	errNative    = errors.New("the native buckets do not add up to the count, or the schema is not between -4 and 8")
	errQuantiles = errors.New("the quantiles of a summary are not increasing")
)

// checkHistogramPoint says what is wrong with the buckets of a series.
func checkHistogramPoint(p *Point) (fault, error) {
	h := p.Histogram
	p.Summary = nil
	if h == nil {
		return faultState, errNoState
	}
	if h.Native == nil || h.Counts != nil {
		bounds := h.Bounds
		if n := len(bounds); n > 0 && math.IsInf(bounds[n-1], 1) {
			bounds = bounds[:n-1]
		}
		if len(h.Counts) != len(bounds)+1 || !increasing(bounds) {
			return faultState, errCounts
		}
	}
	if n := h.Native; n != nil {
		count, ok := countNative(n)
		if !ok || count != n.Count && n.Sum == n.Sum || n.Schema < -4 || n.Schema > 8 {
			return faultState, errNative
		}
	}
	return 0, nil
}

// countNative adds up the buckets; ok is false where spans and buckets do not fit, or a count is
// negative.
func countNative(n *histogram.NativeSnapshot) (total uint64, ok bool) {
	total = n.ZeroCount
	for _, b := range [...]histogram.NativeBuckets{n.Positive, n.Negative} {
		length, count := 0, int64(0)
		for i, s := range b.Spans {
			length += int(s.Length)
			if i > 0 && s.Offset < 0 {
				return 0, false
			}
		}
		if length != len(b.Deltas) {
			return 0, false
		}
		for _, d := range b.Deltas {
			if count += d; count < 0 {
				return 0, false
			}
			total += uint64(count)
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
	last := math.Inf(-1)
	for _, e := range s.Estimates {
		if !(e.Quantile > last && e.Quantile <= 1) {
			return faultState, errQuantiles
		}
		last = e.Quantile
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
