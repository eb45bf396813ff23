// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/histogram"
)

func TestNativeHistogramShowsCountAndSumInText(t *testing.T) {
	r := NewRegistry()
	h := must(r.NewHistogram("h_seconds", "H.", WithNative(histogram.NativeDefaults())))
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

func TestNativeHistogramCanHaveClassicBucketsToo(t *testing.T) {
	r := NewRegistry()
	h := must(r.NewHistogram("h_seconds", "H.", WithNative(histogram.NativeDefaults()), WithBuckets(1, 2)))
	for _, v := range []float64{0.5, 1, 1.5, 3} {
		h.Observe(v)
	}
	require.Equal(t, `# HELP h_seconds H.
# TYPE h_seconds histogram
h_seconds_bucket{le="1"} 2
h_seconds_bucket{le="2"} 3
h_seconds_bucket{le="+Inf"} 4
h_seconds_sum 6
h_seconds_count 4
`, pageOf(t, r))
	s := h.Snapshot()
	require.Equal(t, []uint64{2, 1, 1}, s.Counts)
	require.EqualValues(t, 4, s.Native.Count)

	p := newPage()
	p.fm = encode.Protobuf
	p.sampleHistogram(h.fam, h.fam.only)
	require.Equal(t, []uint64{2, 1, 1}, p.histogram.Counts)
	require.EqualValues(t, 4, p.histogram.Native.Count)
}

func TestAHistogramWithNativeBucketsDropsNaNAndCountsIt(t *testing.T) {
	for name, options := range map[string][]MetricOption{
		"native":             {WithNative(histogram.NativeDefaults())},
		"native and classic": {WithNative(histogram.NativeDefaults()), WithBuckets(1, 2)},
	} {
		t.Run(name, func(t *testing.T) {
			r := NewRegistry()
			h := must(r.NewHistogram("h", "", append(options, WithExemplars(traceOf))...))
			h.Observe(1)
			h.Observe(math.NaN())
			h.ObserveWithExemplar(math.NaN(), Labels{"trace_id": "a"})
			h.ObserveContext(withTrace("b"), math.NaN())
			s := h.Snapshot()
			require.EqualValues(t, 1, s.Count)
			require.EqualValues(t, 1, s.Sum)
			require.EqualValues(t, 1, s.Native.Count)
			require.EqualValues(t, 3, r.self.dropped[faultNativeNaN].Value())
			require.Nil(t, h.fam.exemplars.set(&h.node), "a dropped observation leaves no exemplar")
			require.Panics(t, func() {
				must(NewRegistry(WithStrict()).NewHistogram("h", "", options...)).Observe(math.NaN())
			})
		})
	}
}

func TestSumsOfBothKindsOfBucketsAreTheSameInEveryFormat(t *testing.T) {
	r := NewRegistry()
	h := must(r.NewHistogram("h", "", WithNative(histogram.NativeDefaults()), WithBuckets(1, 2)))
	for i := range 1000 { // many generations, so that the native sum is added up in another order
		h.Observe(0.1 * float64(i*i*i))
	}
	p := newPage()
	var sums []float64
	for _, fm := range []encode.Format{encode.Text, encode.OpenMetrics, encode.Protobuf} {
		p.fm = fm
		p.sampleHistogram(h.fam, h.fam.only)
		sums = append(sums, p.histogram.Sum)
	}
	require.Equal(t, []float64{sums[0], sums[0], h.Snapshot().Sum}, sums)
	_, classic, _ := h.classic.Snapshot(nil)
	require.NotEqual(t, classic, sums[0], "this test is to add up in another order")
}

func TestNativeOptionsAreChecked(t *testing.T) {
	r := NewRegistry()
	_, err := r.NewHistogram("h", "", WithNative(histogram.NativeOptions{Schema: 99}))
	require.ErrorIs(t, err, ErrBuckets)
	_, err = r.NewCounter("c", "", WithNative(histogram.NativeDefaults()))
	require.ErrorIs(t, err, ErrOption)
	first := must(r.NewHistogram("n", "", WithNative(histogram.NativeDefaults())))
	require.Same(t, first, must(r.NewHistogram("n", "", WithNative(histogram.NativeDefaults()))))
	_, err = r.NewHistogram("n", "")
	require.ErrorIs(t, err, ErrTaken)
}
