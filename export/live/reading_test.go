// SPDX-License-Identifier: Apache-2.0

package live

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
)

// snapshotOf returns the only histogram of a registry.
func snapshotOf(t *testing.T, reg *engine.Registry) (r reading) {
	t.Helper()
	var room cells
	for f := range reg.Read(engine.ReadOptions{NoSelf: true}) {
		for s := range f.Samples() {
			r.add(s.Histogram(), nil, &room)
		}
	}
	return r
}

func TestBucketsOfSeriesAreAddedUp(t *testing.T) {
	reg := engine.NewRegistry()
	v := must(reg.NewHistogramVec("h", "", []string{"l"}, engine.WithBuckets(1, 2, 4)))
	for value, n := range map[float64]int{0.5: 3, 2: 1, 9: 2} {
		for range n {
			v.With("a").Observe(value)
			v.With("b").Observe(value)
		}
	}
	v.With("c").Observe(3)
	r := snapshotOf(t, reg)
	require.Equal(t, cells{{0, 6}, {1, 2}, {2, 1}, {3, 4}}, r.counts)
	require.Equal(t, []float64{1, 2, 4}, r.bounds)
	require.False(t, r.mixed)
}

func TestSeriesWithOtherBucketsAreLeftOutAndSaidSo(t *testing.T) {
	reg := engine.NewRegistry()
	for shard, bounds := range map[string][]float64{"a": {1, 2}, "b": {10, 20, 30}} {
		h := must(reg.NewHistogram("h", "", engine.WithBuckets(bounds...),
			engine.WithConstLabels(engine.Labels{"shard": shard})))
		h.Observe(1)
	}
	r := snapshotOf(t, reg)
	require.True(t, r.mixed)
	require.Equal(t, cells{{0, 1}}, r.counts)
}

func TestEqualBoundsAreShared(t *testing.T) {
	reg := engine.NewRegistry()
	must(reg.NewHistogram("h", "", engine.WithBuckets(1, 2))).Observe(1)
	first := snapshotOf(t, reg)
	var again reading
	for f := range reg.Read(engine.ReadOptions{NoSelf: true}) {
		for s := range f.Samples() {
			again.add(s.Histogram(), first.bounds, new(cells))
			require.NotSame(t, &s.Histogram().Bounds[0], &again.bounds[0])
		}
	}
	require.Same(t, &first.bounds[0], &again.bounds[0])
}

// Native buckets of any resolution hold the same observations after the reduction, in buckets whose
// bounds enclose them.
func TestNativeBucketsAreReducedWithoutLoss(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, schema := range []int{8, 3, 2, 1, 0, -1} {
		options := histogram.NativeDefaults()
		options.Schema, options.MaxBuckets = schema, 500
		reg := engine.NewRegistry()
		h := must(reg.NewHistogram("h", "", engine.WithNative(options)))
		low, positive := 0, 0
		values := map[int]int{}
		for range 3000 {
			v := random.NormFloat64() * math.Exp(3*random.NormFloat64())
			h.Observe(v)
			if v <= options.ZeroThreshold {
				low++
				continue
			}
			positive++
			values[int(math.Ceil(math.Log2(v)*4))]++
		}
		r := snapshotOf(t, reg)
		require.LessOrEqual(t, r.schema, shownSchema)
		total := 0
		for _, x := range r.counts {
			total += int(x.n)
			if x.bucket == belowZero {
				require.EqualValues(t, low, x.n)
				continue
			}
			want := 0
			if r.schema == shownSchema {
				want = values[x.bucket]
				require.InDelta(t, want, x.n, 1, "bucket %d: one that is on its bound may be rounded", x.bucket)
			}
		}
		require.Equal(t, low+positive, total)
	}
}

func TestCoarserBucketsHoldTheFinerOnes(t *testing.T) {
	c := cells{{belowZero, 7}, {-3, 1}, {-2, 2}, {0, 4}, {1, 8}, {2, 16}, {3, 32}}
	require.Equal(t, c, append(cells{}, c...).coarser(0))
	// Bucket i of the lower schema ends where bucket 2i of the higher one does.
	require.Equal(t, cells{{belowZero, 7}, {-1, 3}, {0, 4}, {1, 24}, {2, 32}}, append(cells{}, c...).coarser(1))
	require.Equal(t, cells{{belowZero, 7}, {0, 7}, {1, 56}}, append(cells{}, c...).coarser(2))
}

func TestWhatCameSinceAnEarlierState(t *testing.T) {
	before := cells{{1, 5}, {3, 2}}
	for name, test := range map[string]struct{ now, made cells }{
		"nothing":            {cells{{1, 5}, {3, 2}}, nil},
		"more":               {cells{{0, 1}, {1, 7}, {3, 2}, {9, 4}}, cells{{0, 1}, {1, 2}, {9, 4}}},
		"less in a bucket":   {cells{{1, 4}, {3, 3}}, cells{{3, 1}}},
		"a bucket is gone":   {cells{{3, 2}, {4, 1}}, cells{{4, 1}}},
		"the last one is":    {cells{{1, 6}}, cells{{1, 1}}},
		"all gone, new ones": {cells{{0, 1}, {7, 1}}, cells{{0, 1}, {7, 1}}},
		"all gone":           {nil, nil},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, test.made, test.now.since(before)) })
	}
}

func TestQuantilesOfBuckets(t *testing.T) {
	classic := cells{{0, 50}, {1, 40}, {2, 10}}.quantiles([]float64{1, 2, 3}, 0)
	require.InDeltaSlice(t, []float64{1, 2, 2.9}, classic[:], 1e-9)
	// Native buckets of schema 0 double: (1, 2], (2, 4], and nothing between 4 and 64.
	native := cells{{1, 50}, {2, 40}, {7, 10}}.quantiles(nil, 0)
	require.InDeltaSlice(t, []float64{2, 4, 64 + 0.9*64}, native[:], 1e-9)
	low := cells{{belowZero, 99}, {1, 1}}.quantiles(nil, 0)
	require.Zero(t, low[0])
	none := cells{}.quantiles([]float64{1}, 0)
	require.True(t, math.IsNaN(none[0]))
}

func TestNativeAndClassicBucketsAreNotAddedUp(t *testing.T) {
	native := histogram.NativeDefaults()
	for name, first := range map[string]engine.MetricOption{
		"classic": engine.WithBuckets(1, 2), "no bounds": engine.WithBuckets(), "native": engine.WithNative(native),
	} {
		for _, second := range []engine.MetricOption{
			engine.WithBuckets(), engine.WithBuckets(1), engine.WithNative(native),
		} {
			reg := engine.NewRegistry()
			must(reg.NewHistogram("h", "", first, engine.WithConstLabels(engine.Labels{"l": "a"}))).Observe(1)
			must(reg.NewHistogram("h", "", second, engine.WithConstLabels(engine.Labels{"l": "b"}))).Observe(1e9)
			r := snapshotOf(t, reg)
			require.Equal(t, name == "native", r.bounds == nil)
			var n uint64
			for _, x := range r.counts {
				n += x.n
			}
			require.Equal(t, r.mixed, n == 1, "both are in counts, or one of them")
			require.NotPanics(t, func() { r.counts.quantiles(r.bounds, r.schema) })
		}
	}
}
