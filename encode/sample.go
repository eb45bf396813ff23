// SPDX-License-Identifier: Apache-2.0

package encode

import "github.com/quipu-metrics/quipu/internal/buckets"

// CounterSample is the state of a counter. Its value is Int + Frac. With the two parts apart,
// integer counts stay exact past 2^53 in the text formats. Protobuf has only a double and rounds
// there.
type CounterSample struct {
	Int      uint64
	Frac     float64
	Created  float64 // unix seconds, 0 = unknown
	Exemplar *Exemplar
}

// HistogramSample is the state of a histogram. Its count is the sum of Counts, so it always equals
// the +Inf bucket.
type HistogramSample struct {
	Counts    []uint64 // for each bound and +Inf, not cumulative; nil if all buckets are native
	Sum       float64
	Created   float64     // unix seconds, 0 = unknown
	Exemplars []*Exemplar // nil, or one for each bucket, which may be nil
	Native    *NativeSample
}

// NativeSample holds the exponential buckets of a native histogram. Only protobuf carries them.
//
// When the histogram also has classic Counts, these must add up to Count, and the message takes its
// sum from the HistogramSample: it has one count and one sum for both. Prometheus refuses a
// histogram whose Count is not the sum of its native buckets and ZeroCount, unless its sum is NaN.
type NativeSample struct {
	Schema        int32 // from -4 to 8: buckets grow by the factor 2^(2^-Schema)
	ZeroThreshold float64
	ZeroCount     uint64
	Positive      Buckets
	Negative      Buckets
	Count         uint64
	Sum           float64

	// Exemplars of the histogram as a whole, in no particular order. Prometheus takes only
	// exemplars with a time and, as of 3.15, only those of the first native series in a message. So
	// a message should end after a series that has some: see [Family.End] and [Family.Continue].
	Exemplars []*Exemplar
}

// Buckets are runs of consecutive exponential buckets of one sign. The field Spans, a []Span, lists
// the runs in ascending order. The field Deltas, a []int64, has one entry for each bucket of all
// runs: the first is a count, and every other one is the difference from the count before it.
type Buckets = buckets.Buckets

// Span is a run of consecutive buckets. Its field Length, a uint32, is the number of buckets. Its
// field Offset, an int32, is the index of the first bucket for the first span, and for every other
// span the number of buckets that the span skips.
type Span = buckets.Span

// SummarySample is the state of a summary.
type SummarySample struct {
	Quantiles []float64 // estimates in the order of the family's quantiles; NaN for none
	Count     uint64
	Sum       float64
	Created   float64 // unix seconds, 0 = unknown
}

// Exemplar points from a counter or a bucket to one event, usually a trace. The text format does
// not show exemplars.
type Exemplar struct {
	Labels    string // as AppendLabel makes it; OpenMetrics shows a NUL in it as U+FFFD
	Value     float64
	Timestamp float64 // unix seconds, 0 = unknown
}

// MaxExemplarRunes is the largest number of characters that the label names and values of an
// exemplar may have together. Prometheus drops longer exemplars. The package does not check it: the
// code that makes exemplars must.
const MaxExemplarRunes = 128

// maxTime is the last second of the year 9999, where protobuf's Timestamp ends.
const maxTime = 253402300799

// timeKnown reports whether t can be written as a time. Zero, NaN, infinities and times outside the
// calendar are left out, so that they do not spoil the page.
func timeKnown(t float64) bool { return t > 0 && t <= maxTime }
