// SPDX-License-Identifier: Apache-2.0

package atomicf

import (
	"runtime"
	"runtime/debug"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/percpu"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

// A reader that meets a cell while it turns hot sees the value that it had before.
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

// Two goroutines that make a cell hot at the same time give it one row, which no other cell gets.
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

// indexOf returns the row of a hot Count.
func indexOf(c *Count) uint32 { return percpu.Index(c.word.Load() >> countIndexShift) }

func TestRowsOfCollectedCellsAreUsedAgain(t *testing.T) {
	if !percpu.Private {
		return // purego: there are no rows
	}
	const batch = 100
	used := make(map[uint32]bool)
	dirty := func() {
		counts := make([]*Count, batch)
		for i := range counts {
			counts[i] = new(Count)
			mustHeat(t, counts[i], (*Count).promote)
			used[indexOf(counts[i])] = true
			counts[i].Add(1 << 40)
		}
		runtime.KeepAlive(counts)
	}
	dirty()
	deadline := time.Now().Add(20 * time.Second)
	var kept []*Count // otherwise the last row that came back would be the next one to come back
	for again := 0; again < batch/2; {
		require.True(t, time.Now().Before(deadline), "%d rows came back", again)
		if len(kept)%batch == 0 {
			collect()
		}
		c := new(Count)
		mustHeat(t, c, (*Count).promote)
		kept = append(kept, c)
		require.Zero(t, c.Load(), "a row that is used again is zero")
		if used[indexOf(c)] {
			again++
		}
	}
	runtime.KeepAlive(kept)
}

// Cells that are alive never share a row, whatever the collector does with others. A stale handle
// to a deleted series is such a live cell.
func TestAStaleCellWritesIntoNoOtherCell(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(1))
	stale := make([]*Count, 20)
	for i := range stale {
		stale[i] = new(Count)
		mustHeat(t, stale[i], (*Count).promote)
	}
	rounds := 20
	if long() {
		rounds = 2000
	}
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for round := range rounds {
				counts, sums, levels := make([]*Count, 25), make([]*Sum, 25), make([]*Level, 25)
				for i := range counts {
					counts[i], sums[i], levels[i] = new(Count), new(Sum), new(Level)
					counts[i].promote()
					sums[i].promote()
					levels[i].promote()
				}
				if round%10 == g {
					runtime.GC()
				}
				for n := range 20 {
					for i := range counts {
						counts[i].Inc()
						sums[i].Add(0.5)
						levels[i].Add(0.25)
						levels[i].Add(-1)
						stale[(i+n)%len(stale)].Add(1)
					}
				}
				for i := range counts {
					if c, s, l := counts[i].Load(), sums[i].Load(), levels[i].Load(); c != 20 || s != 10 || l != -15 {
						t.Errorf("count %d, sum %v, level %v", c, s, l)
					}
				}
			}
		})
	}
	wg.Wait()
	total := uint64(0)
	for _, c := range stale {
		total += c.Load()
	}
	require.Equal(t, uint64(4*rounds*20*25), total)
}

// This test uses up the slab for good, so it runs in a process of its own.
func TestCellsStayColdAndExactWhenTheSlabIsFull(t *testing.T) {
	if !testkit.Alone(t) {
		return
	}
	hot, level := new(Count), new(Level)
	mustHeat(t, hot, (*Count).promote)
	mustHeat(t, level, (*Level).promote)
	words := 0
	for n := percpu.MaxRow; n > 0; n /= 2 {
		for {
			index, ok := percpu.Alloc(n)
			if !ok {
				break
			}
			require.LessOrEqual(t, int(index)+n, percpu.MaxWords)
			words += n
		}
	}
	if percpu.Private {
		require.Greater(t, words, percpu.MaxWords*9/10)
	}
	for name, fresh := range cells {
		c := fresh()
		require.False(t, c.heat(), name)
		calls := run(4, 50*time.Millisecond, func(int) { c.add(1) })
		require.False(t, c.hot(), name)
		require.Equal(t, float64(calls), c.value(), name)
	}
	hot.Add(2)
	require.Equal(t, uint64(2), hot.Load())

	// A Level that was hot turns hot again in the row that it has, until its generations are used
	// up.
	level.Set(1)
	mustHeat(t, level, (*Level).promote)
	level.Add(0.5)
	require.Equal(t, 1.5, level.Load())
	level.Set(2)
	level.heat.Store(level.heat.Load() | levelGenMask<<percpu.IndexBits)
	require.False(t, level.promote())
	require.False(t, level.promote(), "the lock was given back")
	require.Zero(t, level.heat.Load()&levelLock)
	level.Add(0.5)
	require.Equal(t, 2.5, level.Load())
}
