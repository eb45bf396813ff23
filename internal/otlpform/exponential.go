// SPDX-License-Identifier: Apache-2.0

package otlpform

import (
	"iter"
	"math"
	"slices"

	"github.com/quipu-metrics/quipu/histogram"
)

// maxWidth bounds the buckets of one sign. Those of OpenTelemetry have no gaps, so one observation
// that is far from the others needs all buckets between. 20 480 hold all numbers there are at
// schema 3, which is the default, and 24 powers of ten at schema 8. A histogram that is wider is
// sent at a lower scale, where its buckets are twice as wide for each step.
const maxWidth = 20 << 10

// Buckets is the state of a native histogram in OpenTelemetry's form. Its memory is used again.
type Buckets struct {
	Scale              int
	ZeroThreshold, Sum float64
	Zero, Count        uint64
	Positive, Negative Dense
}

// Dense are consecutive buckets. A bucket with the index i holds magnitudes above 2^(i·2^-scale).
// Prometheus names buckets by their upper bounds, so its index is greater by one.
type Dense struct {
	Offset int // the index of the first one
	Counts []uint64
}

// Fill sets the buckets to those of a snapshot, at this scale or a lower one.
func (b *Buckets) Fill(n *histogram.NativeSnapshot, scale int) {
	b.ZeroThreshold, b.Sum, b.Zero, b.Count = n.ZeroThreshold, n.Sum, n.ZeroCount, n.Count
	b.Scale = min(n.Schema, scale)
	for max(width(&n.Positive, n.Schema, b.Scale), width(&n.Negative, n.Schema, b.Scale)) > maxWidth {
		b.Scale--
	}
	b.Positive.fill(&n.Positive, n.Schema, b.Scale)
	b.Negative.fill(&n.Negative, n.Schema, b.Scale)
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
		first, last := shift(least, schema), shift(greatest, schema)
		for index, count := range from.All() {
			if i := min(max(index, first+1)-1, last); count != 0 && !yield(i>>(schema-scale), count) {
				return
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

func (d *Dense) fill(from *histogram.NativeBuckets, schema, scale int) {
	d.Offset, d.Counts = 0, d.Counts[:0]
	if n := width(from, schema, scale); n > 0 {
		d.Counts = slices.Grow(d.Counts, n)[:n]
		clear(d.Counts)
	}
	first := true
	for i, count := range indexes(from, schema, scale) {
		if first {
			d.Offset, first = i, false
		}
		d.Counts[i-d.Offset] += count
	}
}

// Subtract takes away what the same histogram had before, and reports false if it cannot have had
// that. Buckets whose magnitudes are within the zero bucket now are taken away from that.
func (b *Buckets) Subtract(before *histogram.NativeSnapshot) bool {
	if before.Count > b.Count || before.ZeroCount > b.Zero || before.ZeroThreshold > b.ZeroThreshold {
		return false
	}
	b.Count -= before.Count
	b.Zero -= before.ZeroCount
	b.Sum = Difference(b.Sum, before.Sum)
	return b.take(&b.Positive, &before.Positive, before.Schema) &&
		b.take(&b.Negative, &before.Negative, before.Schema)
}

// take takes buckets away from those of one sign. Their schema is not lower than the scale.
func (b *Buckets) take(d *Dense, before *histogram.NativeBuckets, schema int) bool {
	for index, count := range indexes(before, schema, schema) {
		from := &b.Zero
		if bound := math.Exp2(math.Ldexp(float64(index+1), -schema)); bound > b.ZeroThreshold*(1+1e-12) {
			i := index>>(schema-b.Scale) - d.Offset
			if i < 0 || i >= len(d.Counts) {
				return false
			}
			from = &d.Counts[i]
		}
		if *from < count {
			return false
		}
		*from -= count
	}
	return true
}

// Trimmed returns the buckets without the empty ones at both ends. There are none if all are empty.
func (d *Dense) Trimmed() (offset int, counts []uint64) {
	offset, counts = d.Offset, d.Counts
	for len(counts) > 0 && counts[0] == 0 {
		offset, counts = offset+1, counts[1:]
	}
	for len(counts) > 0 && counts[len(counts)-1] == 0 {
		counts = counts[:len(counts)-1]
	}
	return offset, counts
}

// Difference returns how much a value has grown. An infinite one stays as it is at the receiver.
func Difference(now, before float64) float64 {
	if now == before || now != now && before != before {
		return 0
	}
	return now - before
}
