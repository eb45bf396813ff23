// SPDX-License-Identifier: Apache-2.0

package quantile

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/testkit"
)

// A P may fill a chunk while it is being merged. Other mergers leave it to the one that holds it then, so that one merges
// the rest as well. The clock is read in the middle of a merge, which is where the test fills the chunk.
func TestAChunkThatBecomesFullDuringItsMergeIsMergedToItsEnd(t *testing.T) {
	var c *chunk
	var w Window
	fill := func(n uint64) {
		for i := atomic.LoadUint64(&c.n); i < n; i++ {
			c.entries[i] = entry{&w, 1}
		}
		atomic.StoreUint64(&c.n, n)
	}
	l := NewLog(func() time.Time {
		if c != nil {
			fill(chunkLen)
			c = nil
		}
		return time.Now()
	})
	w.Init(l, mustObjectives(t, defaults), 0)
	l.addRings(1)
	full := (*l.rings.Load())[0].current.Load()
	c = full
	fill(10)
	full.mu.Lock()
	require.Equal(t, chunkLen, l.mergeLocked(full))
	require.Zero(t, atomic.LoadUint64(&full.n), "it is the P's again")
	_, count, sum := w.Snapshot(nil)
	require.Equal(t, uint64(chunkLen), count)
	require.Equal(t, float64(chunkLen), sum)
}

func TestRingsStayWhenThereAreMoreOfThem(t *testing.T) {
	l := NewLog(nil)
	l.addRings(2)
	before := *l.rings.Load()
	l.addRings(4)
	after := *l.rings.Load()
	require.Len(t, after, 4)
	for i := range before {
		require.Same(t, before[i], after[i])
	}
}

// Windows are grouped by a hash that two of them may share.
func TestWindowsWithEqualHashesAreToldApart(t *testing.T) {
	l := NewLog(nil)
	var w [3]Window
	for i := range w {
		w[i].Init(l, mustObjectives(t, defaults), 0)
		w[i].id = 7
	}
	for range 3 { // what one merge leaves behind must not confuse the next one
		for i := range w {
			for range i + 1 {
				l.Observe(&w[i], float64(i))
			}
		}
		l.Drain()
	}
	for i := range w {
		_, count, sum := w[i].Snapshot(nil)
		require.Equal(t, uint64(3*(i+1)), count)
		require.Equal(t, float64(3*(i+1)*i), sum)
	}
}

// Of 102 observations one stream has 0 and a run of 100 that ends with 100, the other has 50: up to 99 of the run may be
// less than 50, so its rank lies between 2 and 101. The 40th observation is nearer to the first and the 60th to the last, whose ranks are known.
func TestAStreamsRunMayHideObservationsBelowAValueOfAnother(t *testing.T) {
	var w Window
	w.streams[0] = &stream{n: 101, narrow: []tuple[uint32]{{v: 0, g: 1}, {v: 100, g: 100}}}
	w.streams[1] = &stream{n: 1, narrow: []tuple[uint32]{{v: 50, g: 1}}}
	for rank, want := range map[float64]float64{1: 0, 40: 0, 60: 100, 102: 100} {
		require.Equal(t, []float64{want}, w.answer(nil, []Objective{{Quantile: rank / 102}}), "rank %v", rank)
	}
}

// The P writes into a chunk again as soon as the merger has given it back.
func TestAChunkThatIsGivenBackIsLeftAlone(t *testing.T) {
	const rounds, again = 3000, 100
	l := NewLog(nil)
	var w Window
	w.Init(l, mustObjectives(t, defaults), 0)
	l.addRings(1)
	c := (*l.rings.Load())[0].current.Load()
	var filled atomic.Int64 // how many times the chunk has been full
	var merged atomic.Bool
	testkit.Together(rounds,
		func(round int) {
			for i := range c.entries {
				c.entries[i] = entry{&w, 1}
			}
			c.mu.Lock()
			atomic.StoreUint64(&c.n, chunkLen)
			merged.Store(false)
			filled.Store(int64(round + 1))
			l.mergeLocked(c)
			merged.Store(true)
		},
		func(round int) {
			for filled.Load() != int64(round+1) || atomic.LoadUint64(&c.n) != 0 {
			}
			mine := c.entries[chunkLen-again:] // the merger would come to these last
			for i := range mine {
				mine[i] = entry{&w, 1}
			}
			for !merged.Load() {
				runtime.Gosched()
			}
			for i := range mine {
				if mine[i].w == nil {
					t.Error("the merger has cleared an entry that was written after it had given the chunk back")
					break
				}
			}
		})
}
