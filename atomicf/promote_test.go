// SPDX-License-Identifier: Apache-2.0

package atomicf

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/percpu"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

// A reader that meets a cell in the middle of turning hot sees the value that it had before.
func TestACellThatTurnsHotKeepsItsValueThroughout(t *testing.T) {
	const rounds = 2000
	for name, fresh := range cells {
		all := make([]cell, rounds)
		for i := range all {
			all[i] = fresh()
			all[i].add(5)
		}
		testkit.Together(rounds,
			func(round int) { all[round].heat() },
			func(round int) {
				for range 20 {
					if v := all[round].value(); v != 5 {
						t.Errorf("%s: it was 5, and is %v while it turns hot", name, v)
					}
				}
			})
	}
}

// Two goroutines that make one cell hot at the same time leave it one row, which nobody else gets.
func TestACellThatIsMadeHotTwiceKeepsItsRow(t *testing.T) {
	const rounds = 2000
	for name, fresh := range cells {
		all := make([]cell, rounds)
		for i := range all {
			all[i] = fresh()
			all[i].add(5)
		}
		heat := func(round int) {
			all[round].heat()
			all[round].add(1)
		}
		testkit.Together(rounds, heat, heat)
		for _, c := range all {
			require.Equal(t, 7.0, c.value(), name)
		}
	}
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

// A reader that has the stamp of an addition ago reads the pair of that stamp, which may be the next one by then.
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
