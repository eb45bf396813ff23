// SPDX-License-Identifier: Apache-2.0

package encode

import "github.com/quipu-metrics/quipu/internal/buckets"

// CounterSample is the state of a counter. Its value is Int + Frac: two parts, so that integer counts stay exact past
// 2^53 in the text formats. (Protobuf has a double only and rounds there.)
type CounterSample struct {
	Int      uint64
	Frac     float64
	Created  float64 // unix seconds, 0 = unknown
	Exemplar *Exemplar
}

// HistogramSample is the state of a histogram. Its count is the sum of Counts, so it always equals the +Inf bucket.
type HistogramSample struct {
	Counts    []uint64 // one per bound and one for +Inf, not cumulative; nil if the histogram is native only
	Sum       float64
	Created   float64     // unix seconds, 0 = unknown
	Exemplars []*Exemplar // one per bucket, each may be nil; or nil
	Native    *NativeSample
}

// NativeSample holds the exponential buckets of a native histogram. Only protobuf carries them.
//
// When the histogram has classic Counts too, their sum must equal Count and Sum is taken from the HistogramSample:
// the message has one count and one sum for both. Prometheus refuses a histogram whose Count is not the sum of its
// native buckets and ZeroCount, unless its sum is NaN.
type NativeSample struct {
	Schema        int32 // -4 to 8: buckets grow by 2^(2^-Schema)
	ZeroThreshold float64
	ZeroCount     uint64
	Positive      Buckets
	Negative      Buckets
	Count         uint64
	Sum           float64

	// Exemplars of the histogram as a whole, in no particular order. Prometheus takes only those with a time and, as of
	// 3.15, only those of the first native series of a message: end the message after a series that has some
	// ([Family.End], [Family.Continue]).
	Exemplars []*Exemplar
}

// Buckets are runs of consecutive exponential buckets: see its fields.
type Buckets = buckets.Buckets

// Span is one run of buckets.
type Span = buckets.Span

// SummarySample is the state of a summary.
type SummarySample struct {
	Quantiles []float64 // estimates in the order of the family's quantiles; NaN where there is none
	Count     uint64
	Sum       float64
	Created   float64 // unix seconds, 0 = unknown
}

// Exemplar points from a counter or a bucket to one event, usually a trace. It is not written to the text format.
type Exemplar struct {
	Labels    string // rendered by AppendLabel; OpenMetrics shows a NUL in it as U+FFFD
	Value     float64
	Timestamp float64 // unix seconds, 0 = unknown
}

// MaxExemplarRunes is the most characters that the label names and values of an exemplar may have together. Whoever
// makes exemplars keeps to it: Prometheus drops longer ones.
const MaxExemplarRunes = 128

// maxTime is the last second of the year 9999, where protobuf's Timestamp ends.
const maxTime = 253402300799

// timeKnown tells whether t can be written as a time. Zero, NaN, infinities and what no calendar knows are left out
// rather than spoiling the page.
func timeKnown(t float64) bool { return t > 0 && t <= maxTime }
