// SPDX-License-Identifier: Apache-2.0

package live

import (
	"cmp"
	"math"
	"slices"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
)

// reading is the state of a metric, or of one of its series, at one moment.
type reading struct {
	value  float64   // of a counter or a gauge, or the number of observations
	sum    float64   // of the observations
	counts cells     // observations in each bucket since the beginning; nil without buckets
	bounds []float64 // of classic buckets; nil for native ones
	schema int       // of native buckets
	mixed  bool      // some series have other buckets than the first, and are not in counts
}

// cell is a bucket and a number of observations in it.
type cell struct {
	bucket int
	n      uint64
}

// cells are those buckets of a histogram that are not empty, in ascending order. A bucket is an
// index into the bounds of classic buckets, or the index of a native one.
type cells []cell

// add adds the buckets of one histogram. The bounds are those of an earlier reading if they are
// equal, and otherwise a copy, because those of a source change with its next series.
func (r *reading) add(h *engine.HistogramSnapshot, earlier []float64, room *cells) {
	var add cells
	first := r.counts == nil
	switch {
	case h.Native != nil && r.bounds == nil:
		schema := min(h.Native.Schema, shownSchema)
		if first {
			r.schema = schema
		}
		if schema < r.schema {
			r.counts, r.schema = r.counts.coarser(r.schema-schema), schema
		}
		add = nativeCells((*room)[:0], h.Native).coarser(h.Native.Schema - r.schema)
	case h.Native == nil && (first || r.bounds != nil && slices.Equal(r.bounds, h.Bounds)):
		if first && earlier != nil && slices.Equal(earlier, h.Bounds) {
			r.bounds = earlier
		} else if first {
			r.bounds = append([]float64{}, h.Bounds...)
		}
		add = (*room)[:0]
		for i, n := range h.Counts {
			if n > 0 {
				add = append(add, cell{i, n})
			}
		}
	default:
		r.mixed = true
		return
	}
	*room = add
	r.counts = r.counts.plus(add)
}

// shownSchema is the resolution to which native buckets are reduced: four of them double a value.
const shownSchema = 2

// belowZero is the row of observations that are zero or negative.
const belowZero = math.MinInt32

// nativeCells appends the native buckets that are not empty.
func nativeCells(dst cells, s *histogram.NativeSnapshot) cells {
	low := s.ZeroCount
	for _, n := range s.Negative.All() {
		low += n
	}
	if low > 0 {
		dst = append(dst, cell{belowZero, low})
	}
	for i, n := range s.Positive.All() {
		if n > 0 {
			dst = append(dst, cell{i, n})
		}
	}
	return dst
}

// coarser merges the native buckets to those of a lower schema.
func (c cells) coarser(steps int) cells {
	if steps <= 0 {
		return c
	}
	merged := c[:0]
	for _, x := range c {
		if x.bucket != belowZero {
			x.bucket = (x.bucket-1)>>steps + 1
		}
		if last := len(merged) - 1; last >= 0 && merged[last].bucket == x.bucket {
			merged[last].n += x.n
		} else {
			merged = append(merged, x)
		}
	}
	return merged
}

// plus adds up two lists. The result is not nil and may share memory with c, never with other.
func (c cells) plus(other cells) cells {
	if c == nil {
		return append(make(cells, 0, len(other)), other...)
	}
	for _, x := range other {
		at, found := slices.BinarySearchFunc(c, x, byBucket)
		if found {
			c[at].n += x.n
		} else {
			c = slices.Insert(c, at, x)
		}
	}
	return c
}

func byBucket(a, b cell) int { return cmp.Compare(a.bucket, b.bucket) }

// since returns the observations in each bucket that were made after an earlier state. A bucket
// that holds fewer than before has none: a series has left, or the histogram was reset.
func (c cells) since(before cells) (made cells) {
	at := 0
	for _, x := range c {
		for at < len(before) && before[at].bucket < x.bucket {
			at++
		}
		if at < len(before) && before[at].bucket == x.bucket {
			x.n -= min(x.n, before[at].n)
		}
		if x.n > 0 {
			made = append(made, x)
		}
	}
	return made
}

// shownQuantiles are the quantiles of histograms that the page shows.
var shownQuantiles = [...]float64{0.5, 0.9, 0.99}

// quantiles estimates the shown quantiles of observations.
func (c cells) quantiles(bounds []float64, schema int) (estimates [len(shownQuantiles)]float64) {
	if bounds == nil {
		bounds, c = nativeBounds(c, schema)
	}
	counts := make([]uint64, len(bounds)+1)
	for _, x := range c {
		counts[x.bucket] += x.n
	}
	for i, q := range shownQuantiles {
		estimates[i] = histogram.Quantile(q, bounds, counts)
	}
	return estimates
}

// nativeBounds turns native buckets into classic ones.
func nativeBounds(c cells, schema int) ([]float64, cells) {
	bounds, classic := []float64{}, cells{}
	upper := func(i int) float64 { return math.Exp2(math.Ldexp(float64(i), -schema)) }
	for _, x := range c {
		if x.bucket == belowZero {
			bounds = append(bounds, 0)
		} else {
			if lower := upper(x.bucket - 1); len(bounds) == 0 || bounds[len(bounds)-1] < lower {
				bounds = append(bounds, lower)
			}
			bounds = append(bounds, upper(x.bucket))
		}
		classic = append(classic, cell{len(bounds) - 1, x.n})
	}
	return bounds, classic
}
