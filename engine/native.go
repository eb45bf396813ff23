// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/histogram"
	"github.com/quipu-metrics/quipu/shard"
)

// WithNative makes a histogram native: its buckets grow exponentially and need no layout. Prometheus
// receives them in the protobuf format, from jobs with scrape_native_histograms: true in their
// scrape configuration; in the text formats a native histogram has the bucket up to +Inf only.
// Together with [WithBuckets] the histogram has both kinds of buckets, and every observation and
// every page costs twice.
//
// Infinities count in the overflow buckets and in the sum. NaN, which no native bucket can hold, is dropped from the
// whole histogram and counted as misuse, with the reason native_nan.
//
// See [histogram.NativeDefaults] for the usual options.
func WithNative(options histogram.NativeOptions) MetricOption {
	return metricOption(func(d *definition) error {
		if d.kind != encode.Histogram {
			return fmt.Errorf("%w: WithNative is for histograms, this is a %s", ErrOption, d.kind)
		}
		d.native = &options
		return nil
	})
}

// newNative returns the native buckets of a new series, or nil. The options have been checked.
func (d *definition) newNative() *histogram.Native {
	if d.native == nil {
		return nil
	}
	n := new(histogram.Native)
	if err := n.Init(*d.native); err != nil {
		panic(err) // checkValues has let through what cannot be
	}
	return n
}

// nativePage is where a page gathers native histograms.
type nativePage struct {
	snapshot histogram.NativeSnapshot
	sample   encode.NativeSample
}

// nativeSample reads the native buckets of a series.
func (p *page) nativeSample(f *family, n *histogram.Native) *encode.NativeSample {
	from, to := &p.native.snapshot, &p.native.sample
	n.Snapshot(from)
	f.reg.self.snapshot(from.Exact)
	to.Schema, to.ZeroThreshold, to.ZeroCount = int32(from.Schema), from.ZeroThreshold, from.ZeroCount
	to.Count, to.Sum = from.Count, from.Sum
	to.Positive, to.Negative = from.Positive, from.Negative
	return to
}

// sampleHistogram reads a series of a histogram.
//
// One with both kinds of buckets is read classic first. It is observed native first, so the native count is never the
// smaller one; what came in between is counted in the classic bucket up to +Inf until the next scrape, because a message
// has one count for both. The text formats show no native buckets, but the same count and sum: two sums that are added up
// in different orders can differ in their last digits.
func (p *page) sampleHistogram(f *family, n *shard.Node) {
	h, s := seriesOf[Histogram](n), &p.histogram
	*s = encode.HistogramSample{Created: p.bornAt(f, n)}
	p.exemplars = p.exemplars[:0]
	if set := f.exemplars.set(n); set != nil {
		p.exemplars = set.list(p.exemplars)
	}
	var total uint64
	if f.def.bounds != nil {
		counts, sum, exact := h.classic.Snapshot(p.counts)
		f.reg.self.snapshot(exact)
		p.counts = counts
		s.Counts, s.Sum, s.Exemplars = counts, sum, p.exemplars
		if h.native == nil {
			return
		}
		for _, count := range counts {
			total += count
		}
	}
	s.Native = p.nativeSample(f, h.native)
	s.Native.Exemplars = p.exemplars
	s.Sum = s.Native.Sum
	if s.Counts != nil {
		s.Counts[len(s.Counts)-1] += s.Native.Count - total
	}
}
