// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/histogram"
	"github.com/quipu-metrics/quipu/quantile"
	"github.com/quipu-metrics/quipu/shard"
)

// Histogram counts observations in buckets: latencies, sizes. Constructors and Vecs make it; it
// must not be copied. All methods may be called concurrently and take no lock.
type Histogram struct {
	series
	classic histogram.Classic // not set up if the histogram has native buckets only
	native  *histogram.Native // nil if it has none
}

// NewHistogram defines a histogram without labels, or returns it if it is defined already. It has
// buckets from 5 ms to 10 s unless [WithBuckets] says otherwise.
func (r *Registry) NewHistogram(name, help string, options ...MetricOption) (*Histogram, error) {
	return define[*Histogram](r, &histogramKind, definition{name: name, help: help}, options)
}

// Observe counts v in the first bucket whose upper bound is not below it. NaN goes to the +Inf
// bucket and the count, never into the sum; a histogram with native buckets drops it, and counts it
// as misuse. Infinities make the sum infinite from then on, or NaN once both came.
// BenchmarkHistogramObserve measures it, and BenchmarkNative with native buckets.
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
		h.classic.Observe(v) // second: see readHistogram
	}
	runtime.KeepAlive(h) // h.native is no part of it, so that observing it does not keep h
}

// count returns the number of observations.
func (h *Histogram) count() uint64 {
	if h.native != nil {
		return h.native.Count()
	}
	return h.classic.Count()
}

// ObserveWithExemplar counts v, as [Histogram.Observe] does, and makes this event the exemplar of
// its bucket. The rules of [Counter.AddWithExemplar] hold here too.
func (h *Histogram) ObserveWithExemplar(v float64, exemplar Labels) {
	h.Observe(v)
	if exemplar != nil && h.takes(v) {
		h.fam.setExemplar(&h.node, h.exemplarSlot(v), v, exemplar)
	}
}

// ObserveContext counts v, as [Histogram.Observe] does. If the histogram has [WithExemplars], the
// event in ctx becomes the exemplar of its bucket when a page has shown the last one, or when that
// is older than [ExemplarInterval].
func (h *Histogram) ObserveContext(ctx context.Context, v float64) {
	h.Observe(v)
	if h.fam.def.exemplarsFrom != nil && h.takes(v) {
		h.fam.exemplarFrom(ctx, &h.node, h.exemplarSlot(v), v)
	}
}

// takes reports whether the histogram counts v: one with native buckets drops NaN.
func (h *Histogram) takes(v float64) bool { return v == v || h.native == nil }

// nativeExemplars is how many exemplars a histogram without classic buckets keeps. They are spread
// over the powers of two, so that values of every magnitude keep one.
const nativeExemplars = 16

// exemplarSlot returns the index of the exemplar that an observation may become.
func (h *Histogram) exemplarSlot(v float64) int {
	if bounds := h.classic.Bounds(); bounds != nil {
		return bounds.Bucket(v)
	}
	_, exponent := math.Frexp(v)
	return exponent & (nativeExemplars - 1)
}

// Snapshot returns the state. It allocates.
func (h *Histogram) Snapshot() HistogramSnapshot {
	var s HistogramSnapshot
	if bounds := h.classic.Bounds(); bounds != nil {
		counts, sum, exact := h.classic.Snapshot(nil)
		h.fam.core.tally.snapshot(exact)
		s.Bounds, s.Counts, s.Sum = bounds.Upper(), counts, sum
		for _, n := range counts {
			s.Count += n
		}
	}
	if h.native != nil { // second: see readHistogram
		s.Native = new(histogram.NativeSnapshot)
		h.native.Snapshot(s.Native)
		h.fam.core.tally.snapshot(s.Native.Exact)
		if s.Counts != nil {
			s.Counts[len(s.Counts)-1] += s.Native.Count - s.Count
		}
		s.Count, s.Sum = s.Native.Count, s.Native.Sum
	}
	return s
}

// Quantile estimates a quantile by interpolation in its bucket, as Prometheus' histogram_quantile
// does, from the classic buckets if there are any. It is NaN when there are no observations or q is
// NaN, -Inf for q below 0 and +Inf for q above 1.
func (h *Histogram) Quantile(q float64) float64 {
	s := h.Snapshot()
	if s.Counts == nil {
		return s.Native.Quantile(q)
	}
	return histogram.Quantile(q, s.Bounds, s.Counts)
}

// HistogramVec is a histogram with labels: a family of Histograms.
type HistogramVec struct{ vec[Histogram] }

// NewHistogramVec defines a histogram with the given label names, or returns it if it is defined
// already. With nil names the label sets are open.
func (r *Registry) NewHistogramVec(name, help string, labels []string, options ...MetricOption) (*HistogramVec, error) {
	return define[*HistogramVec](r, &histogramKind, labelled(name, help, labels), options)
}

// With returns the series with these label values, as [CounterVec.With] does.
func (v *HistogramVec) With(values ...string) *Histogram { return v.with(values) }

// WithLabels returns the series with these labels, as [CounterVec.WithLabels] does.
func (v *HistogramVec) WithLabels(labels Labels) *Histogram { return v.withLabels(labels) }

// Curry returns the Vec of those series that have these labels: see [CounterVec.Curry].
func (v *HistogramVec) Curry(labels Labels) *HistogramVec { return &HistogramVec{v.curry(labels)} }

// HistogramOf is a histogram whose label sets are values of the struct L: see [RegisterCounterOf].
type HistogramOf[L comparable] struct{ typed[L, Histogram] }

// RegisterHistogramOf defines a histogram whose labels are the fields of struct L: see
// [RegisterCounterOf].
func RegisterHistogramOf[L comparable](r *Registry, name, help string,
	options ...MetricOption) (*HistogramOf[L], error) {
	t, err := defineOf[L, Histogram](r, &histogramKind, name, help, options)
	if err != nil {
		return nil, err
	}
	return &HistogramOf[L]{t}, nil
}

// With returns the series with these labels, as [CounterOf.With] does.
func (t *HistogramOf[L]) With(labels L) *Histogram { return t.with(labels) }

// WithBuckets sets the upper bounds of a histogram's buckets, inclusive and in increasing order.
// The bucket up to +Inf always exists and need not be given. Package histogram has functions for
// layouts.
func WithBuckets(bounds ...float64) MetricOption {
	bounds = append([]float64{}, bounds...)
	return metricOption(func(d *definition) error {
		if err := d.takes("WithBuckets", "histograms"); err != nil {
			return err
		}
		d.buckets = bounds
		return nil
	})
}

var histogramRules = rules{
	typ:      encode.Histogram,
	ownLabel: "le",
	suffixes: []string{"_bucket", "_sum", "_count", "_created"},
	options:  []string{"WithBuckets", "WithNative", "WithExemplars"},
	check:    checkHistogram,
	differs:  histogramsDiffer,
}

var histogramKind = kind{
	rules: &histogramRules,
	metric: func(f *family) any {
		if f.only == nil {
			return &HistogramVec{newVec[Histogram](f)}
		}
		return seriesOf[Histogram](f.only)
	},
	newSeries: newHistogramSeries,
	life:      lifeOf[Histogram],
	updated:   func(n *shard.Node) bool { return lifeOf[Histogram](n).updated(seriesOf[Histogram](n).count()) },
	steps:     func(d *definition) []float64 { return d.buckets },
	exemplars: histogramExemplars,
	expose:    exposeHistograms,
	append:    appendHistogram,
	form:      formHistogram,
	fits:      fitsHistogram,
	read:      readHistogram,
	present:   func(s *Sample, bounds []float64, _ []quantile.Objective) { s.setHistogram(bounds) },
	take: func(s *state, from supplied) {
		s.histogram = encode.HistogramSample{Counts: from.counts, Sum: from.value}
	},
}

func checkHistogram(d *definition) (err error) {
	if d.native != nil {
		if err := checkNative(*d.native); err != nil {
			return err
		}
		if d.buckets == nil {
			return nil // no classic buckets
		}
	}
	if d.buckets == nil {
		d.buckets = histogram.Default()
	}
	if d.bounds, err = histogram.NewBounds(d.buckets); err != nil {
		return fmt.Errorf("%w: %w", ErrBuckets, err)
	}
	d.buckets = d.bounds.Upper()
	return nil
}

func histogramsDiffer(d, other *definition) []difference {
	buckets := (d.bounds == nil) != (other.bounds == nil) || !slices.Equal(d.buckets, other.buckets)
	list := addDifference(nil, buckets, "buckets", brief(fmt.Sprint(d.buckets)), brief(fmt.Sprint(other.buckets)))
	native := (d.native == nil) != (other.native == nil) || d.native != nil && *d.native != *other.native
	return addDifference(list, native, "native buckets", nativeText(d.native), nativeText(other.native))
}

func newHistogramSeries(f *family) *series {
	h := made[Histogram](f)
	h.native = newNative(f.def.native)
	if f.def.bounds != nil {
		h.classic.Init(f.def.bounds)
	}
	return &h.series
}

func histogramExemplars(d *definition) int {
	if d.bounds == nil {
		return nativeExemplars
	}
	return d.bounds.Buckets()
}

func exposeHistograms(f *family, w *pageWriter) {
	for n := range f.nodes {
		if !w.next() {
			return
		}
		readHistogram(f, n, &w.state)
		appendHistogram(w, n.Labels, &w.state)
		w.splitNative()
	}
}

// readHistogram reads a series.
//
// A histogram with both kinds of buckets is read classic first. It is observed native first, so the
// native count is never the smaller one; observations between the two reads are counted in the
// classic bucket up to +Inf until the next scrape, because a message has one count for both. The
// text formats show no native buckets, but the same count and sum: two sums that are added up in
// different orders can differ in their last digits.
func readHistogram(f *family, n *shard.Node, s *state) {
	h, to := seriesOf[Histogram](n), &s.histogram
	*to = encode.HistogramSample{Created: f.created(n, s)}
	s.exemplars = s.exemplars[:0]
	if s.withExemplars {
		if set := f.exemplarsOf(n); set != nil {
			s.exemplars = set.show(s.exemplars)
		}
	}
	var total uint64
	if f.def.bounds != nil {
		counts, sum, exact := h.classic.Snapshot(s.counts)
		f.core.tally.snapshot(exact)
		s.counts = counts
		to.Counts, to.Sum, to.Exemplars = counts, sum, s.exemplars
		if h.native == nil {
			return
		}
		for _, count := range counts {
			total += count
		}
	}
	to.Native = readNative(f, h.native, s)
	to.Native.Exemplars = s.exemplars
	to.Sum = to.Native.Sum
	if to.Counts != nil {
		to.Counts[len(to.Counts)-1] += to.Native.Count - total
	}
}

func appendHistogram(w *pageWriter, labels string, s *state) {
	w.buf = w.enc.AppendHistogram(w.buf, w.format, labels, &s.histogram)
}

func fitsHistogram(d *definition, _ float64, counts int) (fault, error) {
	if counts == d.bounds.Buckets() {
		return 0, nil
	}
	return faultLabels, fmt.Errorf("a histogram of %d buckets, want %d: one for each bound and one for +Inf",
		counts, d.bounds.Buckets())
}
