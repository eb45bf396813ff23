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
