// SPDX-License-Identifier: Apache-2.0

package otlp

import (
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
	"github.com/quipu-metrics/quipu/internal/otlpform"
)

// distribution is what is kept of a histogram, which has either classic or native buckets.
type distribution struct {
	kept
	counts []uint64 // of classic buckets
	count  uint64
	sum    float64
	native histogram.NativeSnapshot
}

// pendingHistogram is what will be kept of a histogram if the request arrives.
type pendingHistogram struct {
	key  key
	next *distribution
}

// histogram puts a histogram on the list of the request. It returns what is kept of it, or nil if
// the difference is all of it, and the start.
func (d *deltas) histogram(k key, now, created int64, h *engine.HistogramSnapshot) (was *distribution, start int64) {
	is := d.take()
	is.kept, is.count, is.sum = kept{now, created, d.walk}, h.Count, h.Sum
	if n := h.Native; n == nil {
		is.counts = append(is.counts, h.Counts...)
	} else {
		s := &is.native
		s.Schema, s.ZeroThreshold, s.ZeroCount, s.Count, s.Sum = n.Schema, n.ZeroThreshold, n.ZeroCount, n.Count, n.Sum
		s.Positive.CopyFrom(&n.Positive)
		s.Negative.CopyFrom(&n.Negative)
	}
	d.pendingHistograms = append(d.pendingHistograms, pendingHistogram{k, is})
	was = d.histograms[k]
	if was == nil {
		return nil, d.startOf(created, 0)
	}
	d.touch(&was.kept)
	if was.beganAgain(created) || h.Count < was.count {
		return nil, d.startOf(created, was.at)
	}
	return was, was.at
}

// take returns an empty distribution.
func (d *deltas) take() *distribution {
	n := len(d.spare)
	if n == 0 {
		return new(distribution)
	}
	is := d.spare[n-1]
	d.spare[n-1] = nil
	d.spare = d.spare[:n-1]
	is.counts = is.counts[:0]
	return is
}

// classic returns the difference of a classic histogram and its start. The counts are valid until
// the next call.
func (d *deltas) classic(k key, now, created int64, h *engine.HistogramSnapshot) (
	counts []uint64, count uint64, sum float64, start int64,
) {
	was, start := d.histogram(k, now, created, h)
	if was == nil {
		return h.Counts, h.Count, h.Sum, start
	}
	d.counts = d.counts[:0]
	for i, n := range h.Counts {
		if n < was.counts[i] { // the bounds are part of the key, so there are as many
			return h.Counts, h.Count, h.Sum, d.startOf(created, was.at)
		}
		d.counts = append(d.counts, n-was.counts[i])
	}
	return d.counts, h.Count - was.count, otlpform.Difference(h.Sum, was.sum), start
}

// exponential returns the difference of a native histogram and its start. It is valid until the
// next call.
func (d *deltas) exponential(k key, now, created int64, h *engine.HistogramSnapshot) (
	b *otlpform.Buckets, start int64,
) {
	was, start := d.histogram(k, now, created, h)
	b = &d.buckets
	if was != nil {
		b.Fill(h.Native, was.native.Schema)
		if b.Subtract(&was.native) {
			return b, start
		}
		start = d.startOf(created, was.at)
	}
	b.Fill(h.Native, h.Native.Schema)
	return b, start
}
