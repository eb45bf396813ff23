// SPDX-License-Identifier: Apache-2.0

package otlpform

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/histogram"
	sparse "github.com/quipu-metrics/quipu/internal/buckets"
)

// observed returns the snapshot of a histogram with these observations.
func observed(t testing.TB, o histogram.NativeOptions, values ...float64) *histogram.NativeSnapshot {
	var n histogram.Native
	require.NoError(t, n.Init(o))
	for _, v := range values {
		n.Observe(v)
	}
	s := new(histogram.NativeSnapshot)
	n.Snapshot(s)
	return s
}

// finest returns the snapshot of a histogram of schema 8 with as many buckets as it needs.
func finest(values ...float64) *histogram.NativeSnapshot {
	s := &histogram.NativeSnapshot{Schema: 8, ZeroThreshold: 0x1p-128, Count: uint64(len(values))}
	positive, negative := map[int]uint64{}, map[int]uint64{}
	for _, v := range values {
		index := int(math.Ceil(math.Log2(math.Abs(v)) * 256))
		switch {
		case v > 0:
			positive[index]++
		case v < 0:
			negative[index]++
		default:
			s.ZeroCount++
		}
		s.Sum += v
	}
	list := func(to *histogram.NativeBuckets, counts map[int]uint64) {
		l := sparse.NewLister(to)
		for _, index := range slices.Sorted(maps.Keys(counts)) {
			l.Add(index, counts[index])
		}
	}
	list(&s.Positive, positive)
	list(&s.Negative, negative)
	return s
}

// countIn returns the count of the bucket that holds a magnitude, by the bounds in the
// specification: base^index exclusive, base^(index+1) inclusive.
func (d *Dense) countIn(v float64, scale int) uint64 {
	index := int(math.Ceil(math.Log2(v)*math.Exp2(float64(scale)))) - 1
	if i := index - d.Offset; i >= 0 && i < len(d.Counts) {
		return d.Counts[i]
	}
	return 0
}

func total(counts []uint64) (n uint64) {
	for _, c := range counts {
		n += c
	}
	return n
}

func TestEveryObservationIsInTheBucketThatHoldsIt(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		o := histogram.NativeDefaults()
		o.Schema = random.IntN(13) - 4
		var values []float64
		spread := random.Float64() * 8
		for range 1 + random.IntN(60) {
			v := math.Exp(random.NormFloat64() * spread)
			if random.IntN(3) == 0 {
				v = -v
			}
			values = append(values, v)
		}
		s := observed(t, o, values...)
		var b Buckets
		b.Fill(s, s.Schema)
		require.Equal(t, s.Schema, b.Scale, "it is not wide")
		require.Equal(t, uint64(len(values)), total(b.Positive.Counts)+total(b.Negative.Counts))
		for _, v := range values {
			if v > 0 {
				require.Positive(t, b.Positive.countIn(v, b.Scale), "%v", v)
			} else {
				require.Positive(t, b.Negative.countIn(-v, b.Scale), "%v", v)
			}
		}
	}
}

// A source may write buckets that are far apart at a high schema.
func TestAWideHistogramIsSentAtALowerScale(t *testing.T) {
	far := func(indexes ...int) (b histogram.NativeBuckets) {
		end := 0
		for _, i := range indexes {
			b.Spans = append(b.Spans, histogram.NativeSpan{Offset: int32(i - end), Length: 1})
			b.Deltas = append(b.Deltas, 0)
			end = i + 1
		}
		if len(b.Deltas) > 0 {
			b.Deltas[0] = 1 // all counts are 1
		}
		return b
	}
	for _, c := range []struct {
		schema  int
		indexes []int
		scale   int
	}{
		{3, []int{-1074 * 8, 1024*8 + 1}, 3}, // all numbers, and infinity
		{8, []int{0, maxWidth - 1}, 8},
		{8, []int{0, maxWidth}, 7},
		{8, []int{-1074 * 256, 0, 1024*256 + 1}, 3},
		{8, []int{math.MinInt32, -1}, 4}, // no numbers are there
		{8, []int{0, math.MaxInt32 - 1}, 4},
		{-4, []int{math.MinInt32, -1}, -4},
		{0, []int{5}, 0},
		{8, nil, 8},
	} {
		s := &histogram.NativeSnapshot{Schema: c.schema, Positive: far(c.indexes...), Negative: far(c.indexes...)}
		var b Buckets
		b.Fill(s, c.schema)
		require.Equal(t, c.scale, b.Scale, "%v", c.indexes)
		for _, d := range []Dense{b.Positive, b.Negative} {
			require.LessOrEqual(t, len(d.Counts), maxWidth)
			require.Equal(t, uint64(len(c.indexes)), total(d.Counts))
		}
	}
}

// A lower scale moves no observation further than the width of a bucket at that scale.
func TestQuantilesStayWithinTheWidthOfABucket(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 20 {
		var values []float64
		for range 2000 {
			values = append(values, math.Exp(random.NormFloat64()*40))
		}
		s := finest(values...)
		var b Buckets
		b.Fill(s, s.Schema)
		slices.Sort(values)
		growth := math.Exp2(math.Exp2(-float64(b.Scale)))
		for _, q := range []float64{0.01, 0.5, 0.9, 0.99} {
			rank, seen := uint64(math.Ceil(q*float64(len(values)))), uint64(0)
			for i, n := range b.Positive.Counts {
				if seen += n; seen >= rank {
					upper := math.Exp2(math.Ldexp(float64(b.Positive.Offset+i+1), -b.Scale))
					exact := values[rank-1]
					require.LessOrEqual(t, exact, upper*(1+1e-9))
					require.Greater(t, exact, upper/growth*(1-1e-9))
					break
				}
			}
		}
	}
}

func TestWhatWasBeforeIsTakenAwayAtAnyResolution(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for range 300 {
		o := histogram.NativeDefaults()
		o.Schema, o.MaxBuckets = random.IntN(9), 32+random.IntN(100)
		var n histogram.Native
		require.NoError(t, n.Init(o))
		observe := func(most int, spread float64) (values []float64) {
			for range random.IntN(most) {
				v := math.Exp(random.NormFloat64() * spread)
				if random.IntN(2) == 0 {
					v = -v
				}
				if random.IntN(9) == 0 {
					v = 0
				}
				n.Observe(v)
				values = append(values, v)
			}
			return values
		}
		observe(50, 1)
		var before, after histogram.NativeSnapshot
		n.Snapshot(&before)
		more := observe(50, 10) // which may lower the resolution
		n.Snapshot(&after)
		var b, want Buckets
		b.Fill(&after, before.Schema)
		require.True(t, b.Subtract(&before))
		require.Equal(t, uint64(len(more)), b.Count)
		want.Fill(finest(more...), b.Scale)
		require.Equal(t, want.Scale, b.Scale)
		require.Equal(t, want.Zero, b.Zero)
		require.Equal(t, sent(&want.Positive), sent(&b.Positive))
		require.Equal(t, sent(&want.Negative), sent(&b.Negative))
	}
}

// sent returns buckets as they are sent.
func sent(d *Dense) (r Dense) {
	if offset, counts := d.Trimmed(); len(counts) > 0 {
		r.Offset, r.Counts = offset, counts
	}
	return r
}

// client_golang makes the zero bucket of a histogram wider when it has too many buckets.
func TestBucketsThatWentIntoTheZeroBucketAreTakenAwayFromIt(t *testing.T) {
	one := func(offset int32, counts ...int64) histogram.NativeBuckets {
		spans := []histogram.NativeSpan{{Offset: offset, Length: uint32(len(counts))}}
		return histogram.NativeBuckets{Spans: spans, Deltas: counts}
	}
	before := &histogram.NativeSnapshot{Schema: 1, ZeroThreshold: 0x1p-10, ZeroCount: 1, Count: 6,
		Positive: one(-2, 2, 1)} // 2 up to 0.5, 3 up to 0.7
	after := &histogram.NativeSnapshot{Schema: 1, ZeroThreshold: 0.5, ZeroCount: 4, Count: 9, Positive: one(-1, 5)}
	var b Buckets
	b.Fill(after, 1)
	require.True(t, b.Subtract(before))
	require.Equal(t, uint64(1), b.Zero)
	require.Equal(t, []uint64{2}, b.Positive.Counts)
	require.Equal(t, uint64(3), b.Count)

	for name, n := range map[string]*histogram.NativeSnapshot{
		"fewer":             {Schema: 1, ZeroThreshold: 0.5, ZeroCount: 4, Count: 10, Positive: one(-1, 6)},
		"elsewhere":         {Schema: 1, ZeroThreshold: 0.5, ZeroCount: 4, Count: 5, Positive: one(7, 1)},
		"no zeros":          {Schema: 1, ZeroThreshold: 0.5, ZeroCount: 5, Count: 5},
		"a wide zero":       {Schema: 1, ZeroThreshold: 1, ZeroCount: 1, Count: 1},
		"the other sign":    {Schema: 1, ZeroThreshold: 0.5, Count: 1, Negative: one(-1, 1)},
		"more in zero":      {Schema: 1, ZeroThreshold: 0x1p-10, Count: 9, Positive: one(-9, 9)},
		"more observations": {Schema: 1, ZeroThreshold: 0.5, Count: 99},
	} {
		b.Fill(after, 1)
		require.False(t, b.Subtract(n), name)
	}
}
