// SPDX-License-Identifier: Apache-2.0

package atomicf

import (
	"math"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/percpu"
)

func TestLevelAddsLikeFloat64(t *testing.T) {
	inf, tiny := math.Inf(1), math.SmallestNonzeroFloat64
	for name, c := range map[string]struct {
		start float64
		adds  []float64
		want  float64
	}{
		"nothing":     {0, nil, 0},
		"up and down": {0, []float64{1, 1, -1, -1}, 0},
		"below zero":  {0, []float64{-1, -2.5}, -3.5},
		"denormals":   {tiny, []float64{tiny, -tiny, tiny}, 2 * tiny},
		"past 2^53":   {1 << 53, []float64{2, 2, -2}, 1<<53 + 2},
		"steps at the integer limit": {
			0, []float64{levelIntLimit, -levelIntLimit, levelIntLimit, 1}, levelIntLimit + 1},
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

// The pair of a hot cell still has the digits that a single word would have lost to rounding.
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
	math.SmallestNonzeroFloat64, -math.SmallestNonzeroFloat64, math.MaxFloat64, -math.MaxFloat64,
	math.Inf(1), math.Inf(-1),
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
	for _, v := range levelEdges[2:] { // -0 is left out: it turns into 0, as it does in an Add of 0
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

// The generations of a row end after 2^31 promotions. The cell takes another row then.
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

// The low bits of the stamp count the additions of fractions on one P. They start again at 0, and
// leave the generation alone.
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

func TestIncOfALevelThatIsHotAgainCounts(t *testing.T) {
	level := new(Level)
	for i := range 5 {
		level.Set(float64(10 * i))
		mustHeat(t, level, (*Level).promote)
		level.Inc()
		level.Inc()
		level.Dec()
		require.Equal(t, float64(10*i+1), level.Load())
		require.Equal(t, percpu.Private, level.word.Load() >= hotNaN)
	}
}

// A reader whose stamp is older than the last addition reads the pair of its stamp, which an Add
// may be writing. So it reads the stamp again.
func TestAReaderOfAPairLooksAtTheStampAgain(t *testing.T) {
	row := make([]uint64, levelWords)
	even, odd := row[levelHi:levelHi+2], row[levelOdd:levelOdd+2]
	even[0], even[1] = math.Float64bits(7), math.Float64bits(0.5)
	odd[0], odd[1] = math.Float64bits(3), math.Float64bits(0.25)
	for now := range uint64(4) {
		row[levelStamp] = now
		for before := range now + 1 {
			hi, lo := levelPair(row, before)
			want := [2]float64{7, 0.5}
			if now%2 != 0 {
				want = [2]float64{3, 0.25}
			}
			require.Equal(t, want, [2]float64{hi, lo}, "stamp %d, %d before", now, before)
		}
	}
}

// Fractions that are added on one P and subtracted on another leave nothing behind, although the
// copies grow far beyond the value.
func TestLevelKeepsItsPrecisionAcrossPs(t *testing.T) {
	const n = 200_000
	values := make([]float64, n)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range values {
		values[i] = rng.Float64() * 1e6
	}
	l := new(Level)
	l.Set(0.1)
	mustHeat(t, l, (*Level).promote)
	if !levelIsHot(l) {
		return // purego: one word, which rounds at every step
	}
	var wg sync.WaitGroup
	add := func(order []int, sign float64) {
		for _, i := range order {
			l.Add(sign * values[i])
		}
	}
	up, down := rng.Perm(n), rng.Perm(n)
	wg.Go(func() { add(up, 1) })
	wg.Go(func() { add(down, -1) })
	wg.Wait()
	// The sum of the values is 1e11, whose neighbours are 1.5e-5 apart.
	require.InDelta(t, 0.1, l.Load(), 1e-9)
}

func TestUpdatedSeesUpdatesThatLeaveTheValueAsItWas(t *testing.T) {
	updates := map[string]func(l *Level){
		"Set to the same value":      func(l *Level) { l.Set(l.Load()) },
		"Add of zero":                func(l *Level) { l.Add(0) },
		"Inc and Dec":                func(l *Level) { l.Inc(); l.Dec() },
		"Add of a fraction and back": func(l *Level) { l.Add(0.5); l.Add(-0.5) },
		"Add that is absorbed":       func(l *Level) { l.Add(math.SmallestNonzeroFloat64) },
	}
	for name, update := range updates {
		for _, hot := range []bool{false, true} {
			t.Run(name+", "+temperature(hot), func(t *testing.T) {
				var l Level
				l.Set(3)
				if hot && !heated(&l, (*Level).promote) {
					t.Skip("this cell does not turn hot in this build")
				}
				l.Updated()
				require.False(t, l.Updated())
				update(&l)
				require.True(t, l.Updated())
				require.False(t, l.Updated(), "reported once")
				update(&l)
				update(&l)
				require.True(t, l.Updated())
				require.EqualValues(t, 3, l.Load())
			})
		}
	}
}

func TestTurningHotKeepsTheMarkOfUpdated(t *testing.T) {
	for _, marked := range []bool{false, true} {
		var l Level
		if marked {
			l.Updated()
		}
		if !heated(&l, (*Level).promote) {
			t.Skip("this cell does not turn hot in this build")
		}
		require.Equal(t, !marked, l.Updated())
		l.Set(1) // cold: the next one begins another generation
		require.True(t, l.Updated())
		require.True(t, heated(&l, (*Level).promote))
		require.False(t, l.Updated())
	}
}

// Whoever stops calling Updated knows the value of the last update: after a report of false it is
// the one that is there.
func TestNoUpdateIsWithoutAReport(t *testing.T) {
	var l Level
	l.Updated()
	var writers sync.WaitGroup
	rounds := 20_000
	if testing.Short() {
		rounds = 2_000
	}
	for range rounds {
		for range 2 {
			writers.Go(func() { l.Inc(); l.Dec() })
		}
		during := l.Updated()
		writers.Wait()
		require.True(t, l.Updated() || during)
		require.False(t, l.Updated())
	}
}
