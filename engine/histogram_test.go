// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
)

func TestHistogramsKeepTheirRuleForEveryKindOfValue(t *testing.T) {
	for _, test := range []struct {
		name   string
		values []float64
		counts []uint64 // of the buckets 0, 1 and +Inf
		sum    string
	}{
		{"nothing", nil, []uint64{0, 0, 0}, "0"},
		{"on the bounds", []float64{0, 1}, []uint64{1, 1, 0}, "1"},
		{"minus zero and denormals", []float64{minusZero, denormal, -denormal}, []uint64{2, 1, 0}, "0"},
		{"negative", []float64{-1, -1e300}, []uint64{2, 0, 0}, "-1e+300"},
		{"NaN counts and is not summed", []float64{nan, 2, nan}, []uint64{0, 0, 3}, "2"},
		{"+Inf", []float64{inf, 2}, []uint64{0, 0, 2}, "+Inf"},
		{"-Inf", []float64{-inf, 2}, []uint64{1, 0, 1}, "-Inf"},
		{"both infinities", []float64{-inf, inf}, []uint64{1, 0, 1}, "NaN"},
		{"overflow", []float64{math.MaxFloat64, math.MaxFloat64}, []uint64{0, 0, 2}, "+Inf"},
		{"past 2^53", []float64{1 << 53, 2}, []uint64{0, 0, 2}, "9.007199254740994e+15"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, log := logged()
			h, err := r.NewHistogram("h", "", engine.WithBuckets(0, 1))
			require.NoError(t, err)
			for _, v := range test.values {
				h.Observe(v)
			}
			s := h.Snapshot()
			require.Equal(t, []float64{0, 1}, s.Bounds)
			require.Equal(t, test.counts, s.Counts)
			require.EqualValues(t, len(test.values), s.Count)
			n := len(test.values)
			c := test.counts
			require.Equal(t, map[string]string{
				`h_bucket{le="0"}`: fmt.Sprint(c[0]), `h_bucket{le="1"}`: fmt.Sprint(c[0] + c[1]),
				`h_bucket{le="+Inf"}`: fmt.Sprint(n), "h_sum": test.sum, "h_count": fmt.Sprint(n),
			}, valuesOf(t, r))
			require.Empty(t, log, "an observation is never misuse")
		})
	}
	r := engine.NewRegistry()
	h, err := r.NewHistogram("h", "")
	require.NoError(t, err)
	require.Equal(t, []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}, h.Snapshot().Bounds)
	require.True(t, math.IsNaN(h.Quantile(0.5)), "empty")
	h.Observe(0.3)
	require.InDelta(t, 0.375, h.Quantile(0.5), 1e-9)
	require.Equal(t, -inf, h.Quantile(-0.1))
	require.Equal(t, inf, h.Quantile(1.1))
	require.True(t, math.IsNaN(h.Quantile(nan)))
}

func TestNativeHistogramShowsCountAndSumInText(t *testing.T) {
	r := engine.NewRegistry()
	h := must(r.NewHistogram("h_seconds", "H.", engine.WithNative(histogram.NativeDefaults())))
	for _, v := range []float64{0.5, 1, 1, -2, 0} {
		h.Observe(v)
	}
	require.Equal(t, `# HELP h_seconds H.
# TYPE h_seconds histogram
h_seconds_bucket{le="+Inf"} 5
h_seconds_sum 0.5
h_seconds_count 5
`, pageOf(t, r))
	s := h.Snapshot()
	require.Nil(t, s.Counts)
	require.EqualValues(t, 5, s.Count)
	require.EqualValues(t, 1, s.Native.ZeroCount)
	require.InDelta(t, 1, h.Quantile(0.9), 0.1)
}

func TestNativeOptionsAreChecked(t *testing.T) {
	r := engine.NewRegistry()
	_, err := r.NewHistogram("h", "", engine.WithNative(histogram.NativeOptions{Schema: 99}))
	require.ErrorIs(t, err, engine.ErrBuckets)
	_, err = r.NewCounter("c", "", engine.WithNative(histogram.NativeDefaults()))
	require.ErrorIs(t, err, engine.ErrOption)
	first := must(r.NewHistogram("n", "", engine.WithNative(histogram.NativeDefaults())))
	require.Same(t, first, must(r.NewHistogram("n", "", engine.WithNative(histogram.NativeDefaults()))))
	_, err = r.NewHistogram("n", "")
	require.ErrorIs(t, err, engine.ErrTaken)
}

func TestNativeOptionsThatAreAllZeroSayWhereToStart(t *testing.T) {
	_, err := engine.NewRegistry().NewHistogram("h", "", engine.WithNative(histogram.NativeOptions{}))
	require.ErrorIs(t, err, engine.ErrBuckets)
	require.Contains(t, err.Error(), "start from histogram.NativeDefaults()")
}
