// SPDX-License-Identifier: Apache-2.0

package histogram

import (
	"cmp"
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// maxGenerations bounds the chain: there are 13 resolutions, and at each of them the windows grow
// by a 16th of the limit or double.
const maxGenerations = 13 * 20

func TestNativeCountsEveryObservationInItsBucket(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	values := func(n int, f func() float64) (list []float64) {
		for range n {
			list = append(list, f())
		}
		return list
	}
	sign := func(v float64) float64 { return math.Copysign(v, random.Float64()-0.5) }
	for name, test := range map[string]struct {
		values []float64
		schema int // at the end
	}{
		"nothing":       {nil, 3},
		"one":           {[]float64{1}, 3},
		"zeros":         {[]float64{0, math.Copysign(0, -1), 5e-324, -0x1p-128, 0x1p-128}, 3},
		"special":       {[]float64{nan, inf, -inf, 1, -1, nan}, 3},
		"just not zero": {[]float64{math.Nextafter(0x1p-128, 1), -math.Nextafter(0x1p-128, 1)}, 3},
		"on bounds":     {[]float64{1, 2, 4, 8, -1, -2, -4, -8, math.Sqrt2, -math.Sqrt2}, 3},
		"extremes": {[]float64{math.MaxFloat64, -math.MaxFloat64, inf, -inf, 0x1p-127, -0x1p-127, math.MaxFloat64 / 2,
			-math.MaxFloat64 / 2}, -3},
		"latencies":  {values(5000, func() float64 { return random.ExpFloat64() / 100 }), 3},
		"both signs": {values(5000, random.NormFloat64), 3},
		"wide":       {values(5000, func() float64 { return sign(math.Exp(random.NormFloat64() * 50)) }), 0},
		"all there is": {values(5000, func() float64 {
			return sign(math.Float64frombits(random.Uint64N(0x7ff0 << 48)))
		}), -3},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNative(t, NativeDefaults())
			for _, v := range test.values {
				n.Observe(v)
			}
			s := requireNative(t, n, test.values)
			if name != "wide" {
				require.Equal(t, test.schema, s.Schema)
			}
			generations := 0
			for g := n.current.Load(); g != nil; g = g.older {
				generations++
				require.LessOrEqual(t, g.positive.len()+g.negative.len(), 320)
				require.LessOrEqual(t, len(g.counts.bounds.upper), MaxBounds)
				for i, b := range g.counts.bounds.upper[1:] {
					require.Greater(t, b, g.counts.bounds.upper[i])
				}
			}
			t.Logf("%d generations", generations)
			require.LessOrEqual(t, generations, 60)
		})
	}
}

func TestInfinitiesAreInTheOverflowBucketsOfANativeHistogramAndNaNIsNot(t *testing.T) {
	n := newNative(t, NativeDefaults())
	for _, v := range []float64{1, 2, 3, inf, nan} {
		n.Observe(v)
	}
	s := requireNative(t, n, []float64{1, 2, 3, inf})
	require.EqualValues(t, 4, s.Count)
	require.Equal(t, inf, s.Sum)
	require.EqualValues(t, 1, decode(t, s.Positive)[8193], "one past 1024 powers of two in eight buckets each")
	require.Equal(t, inf, s.Quantile(0.9))
	require.InDelta(t, 2, s.Quantile(0.5), 0.2)

	n.Observe(-inf)
	s = requireNative(t, n, []float64{1, 2, 3, inf, -inf})
	require.True(t, math.IsNaN(s.Sum))
	require.Equal(t, map[int]uint64{8193: 1}, decode(t, s.Negative))
	require.Equal(t, -inf, s.Quantile(0.1))

	for schema := minSchema; schema <= maxSchema; schema++ {
		index := overflowIndex(schema)
		require.Equal(t, math.MaxFloat64, nativeBound(index-1, schema), "schema %d", schema)
		require.Equal(t, 1024.0, math.Ldexp(float64(index-1), -schema), "schema %d: it begins at 2^1024", schema)
		if schema > minSchema {
			require.Equal(t, overflowIndex(schema-1), coarser(index, 1), "schema %d", schema)
		}
	}
}

func TestInfinitiesStayInTheirBucketWhenTheResolutionFalls(t *testing.T) {
	n := newNative(t, NativeDefaults())
	var values []float64
	for _, v := range []float64{inf, 1, -inf, 1e-30, 1e30, inf, -1e300, math.MaxFloat64, -inf, -1e-30} {
		n.Observe(v)
		values = append(values, v)
		requireNative(t, n, values)
	}
	require.Less(t, n.current.Load().schema, NativeDefaults().Schema)
}

func TestNativeWorksAtEverySchemaAndLimit(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for schema := minSchema; schema <= maxSchema; schema++ {
		for _, limit := range []int{leastMaxBuckets, 33, 100, 160, 256, widestMaxBuckets, 400, mostMaxBuckets} {
			for _, zero := range []float64{0x1p-1022, 0x1p-128, 1e-3} {
				n := newNative(t, NativeOptions{Schema: schema, ZeroThreshold: zero, MaxBuckets: limit})
				var values []float64
				for i := range 600 {
					v := math.Exp(random.NormFloat64() * float64(i) / 3)
					v = math.Copysign(min(v, math.MaxFloat64), random.Float64()-0.5)
					values = append(values, v)
					n.Observe(v)
				}
				requireNative(t, n, values)
				generations := 0
				for g := n.current.Load(); g != nil; g = g.older {
					generations++
				}
				require.Less(t, generations, maxGenerations)
			}
		}
	}
}

// generationsOf returns the number of generations and the most buckets that one of them has.
func generationsOf(n *Native) (generations, most int) {
	for g := n.current.Load(); g != nil; g = g.older {
		generations++
		most = max(most, g.positive.len()+g.negative.len())
	}
	return generations, most
}

func TestNativeBucketsWidenWhenTheLimitIsReached(t *testing.T) {
	// Powers of two from 2^0 to 2^(n-1), and then both signs.
	powers := func(n int) (values []float64) {
		for i := range n {
			values = append(values, math.Ldexp(1, i))
		}
		return values
	}
	least := math.Nextafter(0x1p-1022, 1)
	everything := []float64{least, math.MaxFloat64, -least, -math.MaxFloat64}
	for _, test := range []struct {
		name          string
		limit, schema int // of the options, and at the end
		most          int // buckets at the end
		values        []float64
	}{
		{"a limit that is enough", 100, 3, 100, powers(12)},
		{"one power more", 100, 2, 100, powers(14)},
		{"the limits of existing code", 160, 3, 160, powers(20)},
		{"and its resolution", 160, 2, 160, powers(22)},
		{"256", 256, 3, 256, powers(32)},
		{"the least limit", 32, 3, 32, powers(4)},
		{"far apart", 32, 0, 32, powers(30)},
		{"as wide as can be", 32, -4, 32, powers(400)},
		{"wider than the least limit", 32, -4, widestMaxBuckets, powers(1024)},
		{"all of float64", 100, -4, widestMaxBuckets, everything},
		{"all of float64 in 256", 256, -4, 256, everything},
		{"all of float64 in 272", 272, -4, 272, everything},
	} {
		t.Run(test.name, func(t *testing.T) {
			n := newNative(t, NativeOptions{Schema: 3, ZeroThreshold: 0x1p-1022, MaxBuckets: test.limit})
			require.Equal(t, test.schema, requireNative(t, observing(n, test.values), test.values).Schema)
			g := n.current.Load()
			require.LessOrEqual(t, g.positive.len()+g.negative.len(), test.most)
			for g := g; g != nil; g = g.older {
				if g.schema > minSchema {
					require.LessOrEqual(t, g.positive.len()+g.negative.len(), test.limit)
				}
			}
		})
	}
}

// observing observes values, one after another.
func observing(n *Native, values []float64) *Native {
	for _, v := range values {
		n.Observe(v)
	}
	return n
}

// The buckets of all generations together are bounded, also for observations of which each is
// just outside the window, on alternating sides and signs.
func TestTheMemoryOfANativeHistogramIsBoundedForAnyObservations(t *testing.T) {
	for _, limit := range []int{leastMaxBuckets, 100, 256, mostMaxBuckets} {
		for name, next := range map[string]func(g *generation) []float64{
			"up":   func(g *generation) []float64 { return []float64{max(1, g.positive.high)} },
			"down": func(g *generation) []float64 { return []float64{cmp.Or(g.positive.low, 1)} },
			"outward": func(g *generation) []float64 {
				return []float64{max(1, g.positive.high), cmp.Or(g.positive.low, 1)}
			},
			"all four": func(g *generation) []float64 {
				return []float64{max(1, g.positive.high), cmp.Or(g.positive.low, 1), -max(1, g.negative.high),
					-cmp.Or(g.negative.low, 1)}
			},
		} {
			n := newNative(t, NativeOptions{Schema: maxSchema, ZeroThreshold: 0x1p-1022, MaxBuckets: limit})
			observations := 0
			for grown := true; grown; observations++ {
				before := n.current.Load()
				for i, v := range next(before) {
					up := i%2 == 0 && name != "down"
					if v < 0 {
						up = !up
					}
					toward := -math.MaxFloat64
					if up {
						toward = math.MaxFloat64
					}
					if math.Abs(v) < math.MaxFloat64 {
						n.Observe(math.Nextafter(v, toward))
					}
				}
				grown = n.current.Load() != before
			}
			generations, most := generationsOf(n)
			t.Logf("limit %d, %s: %d generations of up to %d buckets", limit, name, generations, most)
			require.LessOrEqual(t, generations, maxGenerations)
			require.LessOrEqual(t, most, max(limit, widestMaxBuckets))
		}
	}
}

func TestNativeRefusesOptionsOutOfRange(t *testing.T) {
	for name, change := range map[string]func(*NativeOptions){
		"schema too low":   func(o *NativeOptions) { o.Schema = minSchema - 1 },
		"schema too high":  func(o *NativeOptions) { o.Schema = maxSchema + 1 },
		"threshold zero":   func(o *NativeOptions) { o.ZeroThreshold = 0 },
		"threshold NaN":    func(o *NativeOptions) { o.ZeroThreshold = nan },
		"threshold Inf":    func(o *NativeOptions) { o.ZeroThreshold = inf },
		"too few buckets":  func(o *NativeOptions) { o.MaxBuckets = leastMaxBuckets - 1 },
		"too many buckets": func(o *NativeOptions) { o.MaxBuckets = mostMaxBuckets + 1 },
	} {
		options := NativeDefaults()
		change(&options)
		require.ErrorIs(t, new(Native).Init(options), ErrNative, name)
	}
}

func TestNativeLosesNothingWhileItGrowsUnderReaders(t *testing.T) {
	const writers, each = 4, 20_000
	n := newNative(t, NativeDefaults())
	done := make(chan struct{})
	var writing sync.WaitGroup
	var values [writers][]float64
	for w := range writers {
		random := rand.New(rand.NewPCG(7, uint64(w)))
		for i := range each {
			// Powers of two. There are few of them and they are small, so their sums are exact.
			v := math.Ldexp(1, int(random.Uint64N(uint64(1+i*40/each)))-10)
			values[w] = append(values[w], math.Copysign(v, random.Float64()-0.5))
		}
		writing.Go(func() {
			for _, v := range values[w] {
				n.Observe(v)
			}
		})
	}
	go func() {
		writing.Wait()
		close(done)
	}()
	var s NativeSnapshot
	for last := uint64(0); ; last = s.Count {
		n.Snapshot(&s)
		require.GreaterOrEqual(t, s.Count, last)
		inBuckets := s.ZeroCount
		sum := 0.0
		for index, count := range decode(t, s.Positive) {
			inBuckets += count
			sum += float64(count) * nativeBound(index, s.Schema)
		}
		for index, count := range decode(t, s.Negative) {
			inBuckets += count
			sum -= float64(count) * nativeBound(index, s.Schema)
		}
		require.Equal(t, s.Count, inBuckets)
		if s.Exact && s.Schema >= 0 { // all values are on bounds
			require.Equal(t, sum, s.Sum)
		}
		select {
		case <-done:
			var all []float64
			for _, list := range values {
				all = append(all, list...)
			}
			requireNative(t, n, all)
			return
		default:
		}
	}
}

// An observation outside the range of all before makes a generation. Here several goroutines make
// generations at the same time.
func TestGenerationsMadeAtTheSameTimeAreAllKept(t *testing.T) {
	const goroutines, rounds, values = 4, 200, 20
	for range rounds {
		n := newNative(t, NativeDefaults())
		var start, work sync.WaitGroup
		start.Add(1)
		for g := range goroutines {
			work.Go(func() {
				start.Wait()
				for i := range values {
					n.Observe(math.Ldexp(1, 4*i+g))
					n.Observe(math.Ldexp(-1, -4*i-g))
				}
			})
		}
		start.Done()
		work.Wait()
		var s NativeSnapshot
		n.Snapshot(&s)
		require.Equal(t, uint64(2*goroutines*values), s.Count)
	}
}

func TestCountOfANativeHistogramIsThatOfAllGenerations(t *testing.T) {
	var n Native
	require.NoError(t, n.Init(NativeDefaults()))
	require.Zero(t, n.Count())
	want := uint64(0)
	for _, v := range []float64{0, 1, -1, 1e10, 1e-10, math.Inf(1), math.Inf(-1)} {
		n.Observe(v)
		want++
		require.Equal(t, want, n.Count(), v)
	}
	n.Observe(math.NaN())
	require.Equal(t, want, n.Count(), "no bucket holds NaN")
	require.NotNil(t, n.current.Load().older)
}
