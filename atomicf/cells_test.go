// SPDX-License-Identifier: Apache-2.0

package atomicf

import (
	"math"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/percpu"
)

// temperatures runs a test on a cold cell, on one that is hot from the start, and on one that turns hot in the middle.
func temperatures[C any](t *testing.T, heat func(*C) bool, test func(t *testing.T, c *C, middle func())) {
	t.Run("cold", func(t *testing.T) { test(t, new(C), func() {}) })
	t.Run("hot", func(t *testing.T) {
		c := new(C)
		mustHeat(t, c, heat)
		test(t, c, func() {})
	})
	t.Run("turning hot", func(t *testing.T) {
		c := new(C)
		test(t, c, func() { mustHeat(t, c, heat) })
	})
}

func TestCountIsExactAtTheEdges(t *testing.T) {
	for name, c := range map[string]struct {
		adds []uint64
		want uint64
	}{
		"nothing":            {nil, 0},
		"zeroes":             {[]uint64{0, 0}, 0},
		"2^53-1":             {[]uint64{1<<53 - 1, 0}, 1<<53 - 1},
		"2^53+1":             {[]uint64{1 << 53, 1}, 1<<53 + 1},
		"one below 2^62":     {[]uint64{1<<62 - 2, 1}, 1<<62 - 1},
		"2^62":               {[]uint64{1<<62 - 1, 1}, 1 << 62},
		"past 2^62":          {[]uint64{1 << 62, 1, 1}, 1<<62 + 2},
		"2^63-1":             {[]uint64{1<<62 - 1, 1 << 62}, 1<<63 - 1},
		"wraps at 2^63":      {[]uint64{1<<63 - 1, 1}, 0},
		"wraps and goes on":  {[]uint64{1<<63 - 1, 1, 41, 1}, 42},
		"wraps in one step":  {[]uint64{1<<63 - 1, 1<<63 - 1}, 1<<63 - 2},
		"large steps":        {[]uint64{lateMax - 1, lateMax, lateMax + 1}, 3 * lateMax},
		"multiples of 1024":  {[]uint64{1024, 1024, 2048}, 4096},
		"more than 2^63":     {[]uint64{1<<63 + 5, 1}, 6},
		"the largest number": {[]uint64{1, math.MaxUint64, math.MaxUint64}, 1<<63 - 1},
		"wraps a third time": {[]uint64{1<<63 - 1, 1<<63 - 1, 1<<63 - 1, 1<<63 - 1, 4}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			temperatures(t, (*Count).promote, func(t *testing.T, cell *Count, middle func()) {
				for i, n := range c.adds {
					if i == len(c.adds)/2 {
						middle()
					}
					cell.Add(n)
				}
				require.Equal(t, c.want, cell.Load())
			})
		})
	}
}

func TestIncIsAddOfOne(t *testing.T) {
	temperatures(t, (*Count).promote, func(t *testing.T, c *Count, middle func()) {
		for i := range uint64(3000) {
			if i == 1500 {
				middle()
			}
			require.Equal(t, i, c.Load())
			c.Inc()
		}
	})
	t.Run("past the plain add", func(t *testing.T) {
		temperatures(t, (*Count).promote, func(t *testing.T, c *Count, middle func()) {
			c.Add(coldMax - 1)
			c.Inc()
			middle()
			c.Inc()
			c.Inc()
			require.Equal(t, uint64(coldMax+2), c.Load())
		})
	})
}

// An updater that was overtaken by the switch adds to the word, as it does to a cold cell's.
func TestCountFindsAdditionsThatCameLate(t *testing.T) {
	c := new(Count)
	c.Add(5)
	mustHeat(t, c, (*Count).promote)
	c.word.Add(lateMax - 1)
	c.word.Add(1)
	c.Inc()
	require.Equal(t, uint64(lateMax+6), c.Load())
}

func TestSumAddsLikeFloat64(t *testing.T) {
	inf, tiny := math.Inf(1), math.SmallestNonzeroFloat64
	for name, c := range map[string]struct {
		adds []float64
		want float64
	}{
		"nothing":       {nil, 0},
		"zero":          {[]float64{0, math.Copysign(0, -1)}, 0},
		"denormals":     {[]float64{tiny, tiny, tiny}, 3 * tiny},
		"halves":        {[]float64{0.5, 0.5, 0.25}, 1.25},
		"past 2^53":     {[]float64{1 << 53, 2}, 1<<53 + 2},
		"infinity":      {[]float64{1, inf, 1, inf}, inf},
		"overflow":      {[]float64{math.MaxFloat64, math.MaxFloat64}, inf},
		"largest value": {[]float64{math.MaxFloat64, 1}, math.MaxFloat64},
	} {
		t.Run(name, func(t *testing.T) {
			temperatures(t, (*Sum).promote, func(t *testing.T, s *Sum, middle func()) {
				for i, v := range c.adds {
					if i == len(c.adds)/2 {
						middle()
					}
					s.Add(v)
				}
				require.Equal(t, math.Float64bits(c.want), math.Float64bits(s.Load()))
			})
		})
	}
}

func TestSumRefusesWhatIsNegativeOrNaN(t *testing.T) {
	temperatures(t, (*Sum).promote, func(t *testing.T, s *Sum, middle func()) {
		require.True(t, s.Add(1))
		for _, v := range []float64{
			-1, -math.SmallestNonzeroFloat64, math.Inf(-1), math.NaN(), math.Copysign(math.NaN(), -1),
			math.Float64frombits(hotNaN | 7), // a tag, if it were stored
		} {
			require.False(t, s.Add(v), "%v", v)
			require.Equal(t, 1.0, s.Load(), "%v", v)
		}
		middle()
		require.True(t, s.Add(0))
		require.True(t, s.Add(math.Copysign(0, -1)))
		require.Equal(t, 1.0, s.Load())
		require.True(t, s.Add(math.Inf(1)))
		require.False(t, s.Add(math.Inf(-1)))
		require.Equal(t, math.Inf(1), s.Load())
	})
}

func TestLevelAddsLikeFloat64(t *testing.T) {
	inf, tiny := math.Inf(1), math.SmallestNonzeroFloat64
	for name, c := range map[string]struct {
		start float64
		adds  []float64
		want  float64
	}{
		"nothing":                     {0, nil, 0},
		"up and down":                 {0, []float64{1, 1, -1, -1}, 0},
		"below zero":                  {0, []float64{-1, -2.5}, -3.5},
		"denormals":                   {tiny, []float64{tiny, -tiny, tiny}, 2 * tiny},
		"past 2^53":                   {1 << 53, []float64{2, 2, -2}, 1<<53 + 2},
		"steps at the integer limit":  {0, []float64{levelIntLimit, -levelIntLimit, levelIntLimit, 1}, levelIntLimit + 1},
		"steps past the limit":        {0, []float64{levelIntLimit + 1, 1 << 40, -1 << 40}, levelIntLimit + 1},
		"infinity":                    {1, []float64{inf, 1, -1}, inf},
		"minus infinity":              {1, []float64{-inf, 1.5, -1}, -inf},
		"both infinities":             {1, []float64{inf, -inf, 1}, math.NaN()},
		"NaN stays":                   {math.NaN(), []float64{1, 0.5}, math.NaN()},
		"NaN added":                   {1, []float64{1, math.NaN(), 1, 0.5}, math.NaN()},
		"NaN of a tag added":          {1, []float64{math.Float64frombits(hotNaN | 7), 1}, math.NaN()},
		"overflow":                    {math.MaxFloat64, []float64{math.MaxFloat64, 1}, inf},
		"the smallest 64-bit integer": {0, []float64{math.MinInt64, 0.5}, math.MinInt64},
	} {
		t.Run(name, func(t *testing.T) {
			temperatures(t, (*Level).promote, func(t *testing.T, l *Level, middle func()) {
				l.Set(c.start)
				for i, v := range c.adds {
					if i == len(c.adds)/2 {
						middle()
					}
					l.Add(v)
				}
				require.Equal(t, canonical(c.want), canonical(l.Load()))
			})
		})
	}
}

// What was lost to rounding in one word is still there in the pair of a hot cell.
func TestHotLevelKeepsWhatALargerDeltaWouldSwallow(t *testing.T) {
	l := new(Level)
	mustHeat(t, l, (*Level).promote)
	l.Add(0.1)
	for range 1000 {
		l.Add(1e17 + 0.5)
		l.Add(0.1)
		l.Add(-(1e17 + 0.5))
	}
	if levelIsHot(l) {
		require.InDelta(t, 100.1, l.Load(), 1e-9)
	}
}

func levelIsHot(l *Level) bool { return l.word.Load() >= hotNaN }

var levelEdges = []float64{
	0, math.Copysign(0, -1), 1, -1, 0.1, math.Pi, 1<<53 - 1, 1 << 53, 1<<53 + 2, 1 << 62, 1 << 63, -1 << 63,
	math.SmallestNonzeroFloat64, -math.SmallestNonzeroFloat64, math.MaxFloat64, -math.MaxFloat64, math.Inf(1), math.Inf(-1),
}

func TestLevelReadsBackWhatWasSetBitForBit(t *testing.T) {
	temperatures(t, (*Level).promote, func(t *testing.T, l *Level, middle func()) {
		for i, v := range levelEdges {
			if i == len(levelEdges)/2 {
				middle()
			}
			l.Set(v)
			require.Equal(t, math.Float64bits(v), math.Float64bits(l.Load()))
		}
		for _, nan := range []uint64{0x7FF8000000000001, 0xFFF8000000000000, 0xFFFFFFFFFFFFFFFF, 0x7FF0000000000001} {
			l.Set(math.Float64frombits(nan))
			require.Equal(t, uint64(canonicalNaN), math.Float64bits(l.Load()), "NaNs become one, and never a tag")
			require.False(t, levelIsHot(l))
		}
	})
}

// A cell that turns hot with a value in it keeps the value.
func TestLevelKeepsItsValueWhenItTurnsHot(t *testing.T) {
	for _, v := range levelEdges[2:] { // there, -0 turns into 0, as it does in an Add of 0
		l := new(Level)
		l.Set(v)
		mustHeat(t, l, (*Level).promote)
		require.Equal(t, math.Float64bits(v), math.Float64bits(l.Load()))
		l.Add(0)
		require.Equal(t, math.Float64bits(v), math.Float64bits(l.Load()))
	}
}

func TestLevelTurnsHotAgainAfterEverySet(t *testing.T) {
	l := new(Level)
	for i := range 1000 {
		v := float64(i) + 0.5
		l.Set(v)
		require.Equal(t, v, l.Load())
		mustHeat(t, l, (*Level).promote)
		require.Equal(t, v, l.Load(), "nothing is left of the deltas before")
		l.Add(3)
		l.Add(0.25)
		require.Equal(t, v+3.25, l.Load(), "after an odd number of fractions")
		l.Add(-1.5)
		require.Equal(t, v+1.75, l.Load(), "after an even number of them")
	}
}

// The generations of a row end after 2^31 promotions; then the cell takes another row.
func TestLevelTakesANewRowWhenItsGenerationsAreUsedUp(t *testing.T) {
	l := new(Level)
	mustHeat(t, l, (*Level).promote)
	if !levelIsHot(l) {
		return // purego: nothing turns hot
	}
	l.Add(7) // leaves a delta of generation 1 behind
	l.Set(1)
	state := l.heat.Load()
	l.heat.Store(state | levelGenMask<<percpu.IndexBits)
	mustHeat(t, l, (*Level).promote)
	require.Equal(t, 1.0, l.Load(), "generation 1 has come again, and its delta has not")
	require.NotEqual(t, percpu.Index(state), percpu.Index(l.heat.Load()))
	l.Add(2)
	l.Add(0.5)
	require.Equal(t, 3.5, l.Load())
}

func TestFloat64IsOneFloat(t *testing.T) {
	var f Float64
	require.Zero(t, f.Load())
	require.Equal(t, 0.5, f.Add(0.5))
	require.Equal(t, -1.0, f.Add(-1.5))
	f.Store(math.Inf(1))
	require.Equal(t, math.Inf(1), f.Add(1))
	require.True(t, math.IsNaN(f.Add(math.Inf(-1))))
	require.True(t, math.IsNaN(f.Add(1)), "an Add to NaN ends")
	f.Store(math.Copysign(0, -1))
	require.Equal(t, math.Float64bits(math.Copysign(0, -1)), math.Float64bits(f.Load()))
}

// A cell is cold until it is fought over: an idle or slow one costs no memory.
func TestCellsStayColdUnderLightUse(t *testing.T) {
	for name, fresh := range cells {
		c := fresh()
		for range 500 {
			c.add(1)
		}
		require.False(t, c.hot(), name)
		require.Equal(t, 500.0, c.value(), name)
	}
}

func TestLargeAdditionsToColdCountersAreNotLost(t *testing.T) {
	const goroutines, cells, each, n = 4, 2000, 50, 1 << 40
	counts := make([]Count, cells)
	var work sync.WaitGroup
	for range goroutines {
		work.Go(func() {
			for i := range counts {
				for range each {
					counts[i].Add(n)
				}
			}
		})
	}
	work.Wait()
	for i := range counts {
		require.Equal(t, uint64(goroutines*each*n), counts[i].Load())
	}
}

// The stamp's low bits count the additions of fractions on one P. They start again at 0 and leave the generation alone.
func TestLevelCountsItsFractionsRoundAndRound(t *testing.T) {
	if !percpu.Private {
		return // there are no stamps
	}
	level := new(Level)
	mustHeat(t, level, (*Level).promote)
	w := level.word.Load()
	index, gen := percpu.Index(w), w>>percpu.IndexBits&levelGenMask
	for pid := range percpu.Procs() {
		percpu.Grow(pid, index)
		atomic.StoreUint64(&percpu.Row(pid, index)[levelStamp], gen<<levelSeqBits|levelSeqMask)
	}
	for range 3 {
		level.Add(0.25)
	}
	require.Equal(t, w, level.word.Load(), "it is the same generation")
	require.Equal(t, 0.75, level.Load())
}
