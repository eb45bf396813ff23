// SPDX-License-Identifier: Apache-2.0

package histogram

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNativeQuantileIsWithinOneBucket(t *testing.T) {
	for name, draw := range map[string]func(*rand.Rand) float64{
		"positive": func(r *rand.Rand) float64 { return r.ExpFloat64() },
		"negative": func(r *rand.Rand) float64 { return -r.ExpFloat64() },
		"both":     func(r *rand.Rand) float64 { return r.NormFloat64() },
	} {
		t.Run(name, func(t *testing.T) {
			var n Native
			require.NoError(t, n.Init(NativeDefaults()))
			random := rand.New(rand.NewPCG(1, 2))
			values := make([]float64, 1001)
			for i := range values {
				values[i] = draw(random)
				n.Observe(values[i])
			}
			slices.Sort(values)
			var s NativeSnapshot
			n.Snapshot(&s)
			require.Equal(t, NativeDefaults().Schema, s.Schema)
			growth := math.Exp2(math.Exp2(-float64(s.Schema)))
			for _, q := range []float64{0.01, 0.25, 0.5, 0.75, 0.9, 0.99} {
				exact := values[int(math.Ceil(q*float64(len(values))))-1]
				require.InDelta(t, 1, s.Quantile(q)/exact, growth-1, "q=%v", q)
			}
		})
	}
}

func TestNativeQuantileEdges(t *testing.T) {
	var n Native
	require.NoError(t, n.Init(NativeDefaults()))
	var s NativeSnapshot
	n.Snapshot(&s)
	require.True(t, math.IsNaN(s.Quantile(0.5)), "no observations")
	n.Observe(0)
	n.Observe(math.Inf(1))
	n.Observe(math.NaN())
	n.Snapshot(&s)
	require.InDelta(t, 0, s.Quantile(0.5), s.ZeroThreshold)
	require.Equal(t, math.Inf(1), s.Quantile(0.6), "one of two is +Inf")
	require.True(t, math.IsNaN(s.Quantile(math.NaN())))
	require.True(t, math.IsInf(s.Quantile(-1), -1))
	require.True(t, math.IsInf(s.Quantile(2), 1))
}

func TestAQuantileInAZeroBucketAsWideAsFloat64IsFinite(t *testing.T) {
	var n Native
	require.NoError(t, n.Init(NativeOptions{Schema: 0, ZeroThreshold: 0x1p1023, MaxBuckets: 320}))
	for _, v := range []float64{-math.MaxFloat64, 0, 0, math.MaxFloat64} {
		n.Observe(v)
	}
	var s NativeSnapshot
	n.Snapshot(&s)
	require.InDelta(t, 0, s.Quantile(0.5), s.ZeroThreshold)
}

func TestAQuantileIsNoMoreThanTheBoundOfItsBucket(t *testing.T) {
	for schema := minSchema; schema <= maxSchema; schema++ {
		s := NativeSnapshot{Schema: schema}
		for _, v := range []float64{math.MaxFloat64, 1e300, 3, 1e-300} {
			index := nativeIndex(v, schema)
			require.LessOrEqual(t, s.between(index, 1), nativeBound(index, schema), "schema %d, %v", schema, v)
		}
	}
}

// In the past the quantiles of a copy, or of a snapshot from elsewhere, were NaN.
func TestQuantilesOfACopyAreThoseOfTheSnapshot(t *testing.T) {
	var n Native
	require.NoError(t, n.Init(NativeDefaults()))
	for i := range 200 {
		n.Observe(math.Pow(1.3, float64(i%60)))
		n.Observe(-math.Pow(1.7, float64(i%40)))
	}
	n.Observe(0)
	n.Observe(math.Inf(1))
	n.Observe(math.Inf(-1))
	var s NativeSnapshot
	n.Snapshot(&s)
	c := NativeSnapshot{
		Schema: s.Schema, ZeroThreshold: s.ZeroThreshold, ZeroCount: s.ZeroCount,
		Positive: s.Positive, Negative: s.Negative,
	}
	last := math.Inf(-1)
	for i := range 1001 {
		q := float64(i) / 1000
		require.Equal(t, s.Quantile(q), c.Quantile(q))
		require.GreaterOrEqual(t, c.Quantile(q), last, "q=%v", q)
		last = c.Quantile(q)
	}
	require.Equal(t, math.Inf(-1), c.Quantile(0))
	require.Equal(t, math.Inf(1), c.Quantile(1))
	c.Schema = 9
	require.True(t, math.IsNaN(c.Quantile(0.5)), "no such schema")
	one := NativeSnapshot{Positive: NativeBuckets{Spans: []NativeSpan{{Offset: -2000, Length: 1}}, Deltas: []int64{1}}}
	require.Zero(t, one.Quantile(0.5), "a bucket below all float64")
}

func TestQuantilesOfBucketsThatDoNotFitTheirSpansDoNotPanic(t *testing.T) {
	for _, b := range []NativeBuckets{
		{Spans: []NativeSpan{{Length: 3}}, Deltas: []int64{1}},
		{Spans: []NativeSpan{{Length: 1 << 31}}, Deltas: []int64{1, -2}},
		{Spans: []NativeSpan{{Offset: math.MinInt32, Length: 1}, {Offset: -5}}, Deltas: []int64{1, 1}},
		{Deltas: []int64{1}},
	} {
		s := NativeSnapshot{Positive: b, Negative: b}
		for _, q := range []float64{0, 0.1, 0.5, 0.9, 1} {
			s.Quantile(q)
		}
	}
}
