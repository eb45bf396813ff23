// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/histogram"
)

// Histogram counts observations in buckets: latencies, sizes. Constructors and Vecs make it; it must not be copied. All
// methods may be called concurrently and take no lock.
type Histogram struct {
	series
	classic histogram.Classic // not set up if the histogram has native buckets only
	native  *histogram.Native // nil if it has none
}

// NewHistogram defines a histogram in the default registry, with buckets from 5 ms to 10 s unless [WithBuckets] says
// otherwise. It panics when the definition cannot work.
func NewHistogram(name, help string, options ...MetricOption) *Histogram {
	return must(Default().NewHistogram(name, help, options...))
}

// NewHistogram defines a histogram without labels, or returns it if it is defined already.
func (r *Registry) NewHistogram(name, help string, options ...MetricOption) (*Histogram, error) {
	return define[*Histogram](r, definition{kind: encode.Histogram, name: name, help: help}, options)
}

// Observe counts v in the first bucket whose upper bound is not below it. NaN goes to the +Inf bucket and the count,
// never into the sum; a histogram with native buckets drops it, and counts it as misuse. Infinities make the sum infinite
// from then on, or NaN once both came.
func (h *Histogram) Observe(v float64) {
	if h.native != nil {
		h.observeNative(v)
		return
	}
	h.classic.Observe(v)
}

func (h *Histogram) observeNative(v float64) {
	if v != v {
		h.fam.misuse(faultNativeNaN, "NaN observed by a histogram with native buckets, none of which can hold it")
		return
	}
	h.native.Observe(v)
	if h.classic.Bounds() != nil {
		h.classic.Observe(v) // second: see page.sampleHistogram
	}
}

// HistogramSnapshot is the state of a histogram at one moment.
type HistogramSnapshot struct {
	Bounds []float64                 // upper bounds, +Inf not included; shared, not to be changed
	Counts []uint64                  // observations in each bucket, not cumulative, +Inf last
	Count  uint64                    // all observations: the sum of Counts
	Sum    float64                   // of these observations
	Native *histogram.NativeSnapshot // nil unless the histogram is native; if it is that only, there are no Counts
}

// Snapshot returns the state. It allocates.
func (h *Histogram) Snapshot() HistogramSnapshot {
	var s HistogramSnapshot
	if bounds := h.classic.Bounds(); bounds != nil {
		counts, sum, exact := h.classic.Snapshot(nil)
		h.fam.reg.self.snapshot(exact)
		s.Bounds, s.Counts, s.Sum = bounds.Upper(), counts, sum
		for _, n := range counts {
			s.Count += n
		}
	}
	if h.native != nil { // second: see page.sampleHistogram
		s.Native = new(histogram.NativeSnapshot)
		h.native.Snapshot(s.Native)
		h.fam.reg.self.snapshot(s.Native.Exact)
		if s.Counts != nil {
			s.Counts[len(s.Counts)-1] += s.Native.Count - s.Count
		}
		s.Count, s.Sum = s.Native.Count, s.Native.Sum
	}
	return s
}

// Quantile estimates a quantile by interpolation in its bucket, as Prometheus' histogram_quantile does, from the classic
// buckets if there are any. It is NaN when there are no observations or q is NaN, -Inf for q below 0 and +Inf for q above
// 1.
func (h *Histogram) Quantile(q float64) float64 {
	s := h.Snapshot()
	if s.Counts == nil {
		return s.Native.Quantile(q)
	}
	return histogram.Quantile(q, s.Bounds, s.Counts)
}

// HistogramVec is a histogram with labels: a family of Histograms.
type HistogramVec struct{ vec[Histogram] }

// NewHistogramVec defines a histogram with labels in the default registry. It panics when the definition cannot work.
func NewHistogramVec(name, help string, labels []string, options ...MetricOption) *HistogramVec {
	return must(Default().NewHistogramVec(name, help, labels, options...))
}

// NewHistogramVec defines a histogram with the given label names, or returns it if it is defined already. With nil names
// the label sets are open.
func (r *Registry) NewHistogramVec(name, help string, labels []string, options ...MetricOption) (*HistogramVec, error) {
	return define[*HistogramVec](r, labelled(encode.Histogram, name, help, labels), options)
}

// With returns the series with these label values, as [CounterVec.With] does.
func (v *HistogramVec) With(values ...string) *Histogram { return v.with(values) }

// WithLabels returns the series with these labels, as [CounterVec.WithLabels] does.
func (v *HistogramVec) WithLabels(labels Labels) *Histogram { return v.withLabels(labels) }
