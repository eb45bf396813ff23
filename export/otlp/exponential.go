// SPDX-License-Identifier: Apache-2.0

package otlp

import (
	"encoding/binary"
	"iter"
	"math"
	"slices"

	"github.com/quipu-metrics/quipu/histogram"
	"github.com/quipu-metrics/quipu/internal/wire"
)

// maxWidth bounds the buckets of one sign. Those of OpenTelemetry have no gaps, so one observation
// that is far from the others needs all buckets between. 20 480 hold all numbers there are at
// schema 3, which is the default, and 24 powers of ten at schema 8. A histogram that is wider is
// sent at a lower scale, where its buckets are twice as wide for each step.
const maxWidth = 20 << 10

// buckets is the state of a native histogram in OpenTelemetry's form. Its memory is used again.
type buckets struct {
	scale              int
	zeroThreshold, sum float64
	zero, count        uint64
	positive, negative dense
}

// dense are consecutive buckets. A bucket with the index i holds magnitudes above 2^(i·2^-scale).
// Prometheus names buckets by their upper bounds, so its index is greater by one.
type dense struct {
	offset int // the index of the first one
	counts []uint64
}

// fill sets the buckets to those of a snapshot, at this scale or a lower one.
func (b *buckets) fill(n *histogram.NativeSnapshot, scale int) {
	b.zeroThreshold, b.sum, b.zero, b.count = n.ZeroThreshold, n.Sum, n.ZeroCount, n.Count
	b.scale = min(n.Schema, scale)
	for max(width(&n.Positive, n.Schema, b.scale), width(&n.Negative, n.Schema, b.scale)) > maxWidth {
		b.scale--
	}
	b.positive.fill(&n.Positive, n.Schema, b.scale)
	b.negative.fill(&n.Negative, n.Schema, b.scale)
}

// width returns how many buckets there are from the first to the last one that is not empty.
func width(from *histogram.NativeBuckets, schema, scale int) int {
	first, last, any := 0, -1, false
	for i := range indexes(from, schema, scale) {
		if !any {
			first, any = i, true
		}
		last = i
	}
	return last - first + 1
}

// indexes walks the buckets that are not empty, with their indexes at a scale that may be lower
// than the schema. Several may have the same index then. Indexes beyond those of all numbers, which
// only a source can write, are those of the greatest and of the smallest number.
func indexes(from *histogram.NativeBuckets, schema, scale int) iter.Seq2[int, uint64] {
	const least, greatest = -1080, 1024 // in powers of two; infinities are above the greatest number
	return func(yield func(int, uint64) bool) {
		first, last := int64(shift(least, schema)), int64(shift(greatest, schema))
		index, count, at := int64(-1), int64(0), 0
		for _, span := range from.Spans {
			index += int64(span.Offset)
			for range span.Length {
				count += from.Deltas[at]
				at++
				if count != 0 {
					i := min(max(index, first), last)
					if !yield(int(i>>(schema-scale)), uint64(count)) {
						return
					}
				}
				index++
			}
		}
	}
}

// shift returns the index of a power of two.
func shift(power, schema int) int {
	if schema < 0 {
		return power >> -schema
	}
	return power << schema
}

func (d *dense) fill(from *histogram.NativeBuckets, schema, scale int) {
	d.offset, d.counts = 0, d.counts[:0]
	if n := width(from, schema, scale); n > 0 {
		d.counts = slices.Grow(d.counts, n)[:n]
		clear(d.counts)
	}
	first := true
	for i, count := range indexes(from, schema, scale) {
		if first {
			d.offset, first = i, false
		}
		d.counts[i-d.offset] += count
	}
}

// subtract takes away what the same histogram had before, and reports false if it cannot have had
// that. Buckets whose magnitudes are within the zero bucket now are taken away from that.
func (b *buckets) subtract(before *histogram.NativeSnapshot) bool {
	if before.Count > b.count || before.ZeroCount > b.zero || before.ZeroThreshold > b.zeroThreshold {
		return false
	}
	b.count -= before.Count
	b.zero -= before.ZeroCount
	b.sum = difference(b.sum, before.Sum)
	return b.take(&b.positive, &before.Positive, before.Schema) &&
		b.take(&b.negative, &before.Negative, before.Schema)
}

// take takes buckets away from those of one sign. Their schema is not lower than the scale.
func (b *buckets) take(d *dense, before *histogram.NativeBuckets, schema int) bool {
	for index, count := range indexes(before, schema, schema) {
		from := &b.zero
		if bound := math.Exp2(math.Ldexp(float64(index+1), -schema)); bound > b.zeroThreshold*(1+1e-12) {
			i := index>>(schema-b.scale) - d.offset
			if i < 0 || i >= len(d.counts) {
				return false
			}
			from = &d.counts[i]
		}
		if *from < count {
			return false
		}
		*from -= count
	}
	return true
}

// appendTo appends the buckets without the empty ones at both ends, or nothing if all are empty.
func (d *dense) appendTo(dst []byte, field uint64) []byte {
	offset, counts := d.offset, d.counts
	for len(counts) > 0 && counts[0] == 0 {
		offset, counts = offset+1, counts[1:]
	}
	for len(counts) > 0 && counts[len(counts)-1] == 0 {
		counts = counts[:len(counts)-1]
	}
	if len(counts) == 0 {
		return dst
	}
	dst, begin := wire.Open(dst, field)
	dst = wire.AppendSint(dst, 1, int64(offset))
	dst, at := wire.Open(dst, 2)
	for _, n := range counts {
		dst = binary.AppendUvarint(dst, n)
	}
	dst = wire.Close(dst, at)
	return wire.Close(dst, begin)
}
