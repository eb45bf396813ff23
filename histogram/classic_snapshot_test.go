// SPDX-License-Identifier: Apache-2.0

package histogram

import (
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/percpu"
)

// stress runs writers that observe v at full speed, and readers that check every snapshot, for d
// and until there is a snapshot. It returns how many snapshots were inexact, and how many there
// were.
func stress(t *testing.T, c *Classic, writers, readers int, d time.Duration, during func()) (inexact, snapshots int64) {
	t.Helper()
	const v = 3 // sums of v are exact
	var stop atomic.Bool
	var written, torn, taken atomic.Int64
	var writing, reading sync.WaitGroup
	for range writers {
		writing.Go(func() {
			n := 0
			for !stop.Load() {
				c.Observe(v)
				n++
			}
			written.Add(int64(n))
		})
	}
	failures := make(chan string, readers)
	for range readers {
		reading.Go(func() {
			var counts, last []uint64
			for !stop.Load() {
				var sum float64
				var exact bool
				counts, sum, exact = c.Snapshot(counts)
				taken.Add(1)
				if !exact {
					torn.Add(1)
				} else if sum != v*float64(total(counts)) {
					failures <- "the sum is not that of the counted observations"
					return
				}
				if last == nil {
					last = make([]uint64, len(counts))
				}
				for i := range counts {
					if counts[i] < last[i] {
						failures <- "a count went down"
						return
					}
				}
				copy(last, counts)
			}
		})
	}
	end := time.Now().Add(d)
	for time.Now().Before(end) || taken.Load() == 0 {
		if during != nil {
			during()
		}
		time.Sleep(time.Millisecond)
	}
	stop.Store(true)
	writing.Wait()
	reading.Wait()
	select {
	case failure := <-failures:
		require.Fail(t, failure)
	default:
	}
	counts, sum, exact := c.Snapshot(nil)
	require.True(t, exact)
	require.EqualValues(t, written.Load(), total(counts))
	require.EqualValues(t, v*written.Load(), sum)
	return torn.Load(), taken.Load()
}

func TestSnapshotsAreExactUnderFlatOutWriters(t *testing.T) {
	for name, series := range map[string]func() *Classic{
		"hot":              func() *Classic { return newHot(t) },
		"from cold to hot": newDefault, "no room to be hot": newRoomless,
	} {
		t.Run(name, func(t *testing.T) {
			inexact, snapshots := stress(t, series(), 2, 2, 150*time.Millisecond, nil)
			t.Logf("%d of %d snapshots were inexact", inexact, snapshots)
			require.Positive(t, snapshots)
			// Only a stopped writer of a shared row makes a snapshot inexact. Without pinning the
			// scheduler may stop a writer, too.
			require.Less(t, inexact, snapshots/4+5)
		})
	}
}

func TestSeriesTurningHotUnderReadersLosesNothing(t *testing.T) {
	for range 40 {
		stress(t, newDefault(), 4, 1, time.Millisecond, nil)
	}
}

func TestNothingIsLostWhileGOMAXPROCSChanges(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(before)
	n := 0
	for _, c := range []*Classic{newHot(t), newDefault()} {
		inexact, snapshots := stress(t, c, 4, 1, 250*time.Millisecond, func() {
			n++
			runtime.GOMAXPROCS(1 + n*7%64)
		})
		t.Logf("%d of %d snapshots were inexact", inexact, snapshots)
	}
}

func TestABusySeriesIsFrozenForTheTimeOfASnapshotByOneReaderAtATime(t *testing.T) {
	cold := newRoomless()
	cold.state.Store(stateStuck)
	series := []*Classic{cold}
	if percpu.Private {
		series = append(series, newHotSeries(t))
	}
	for _, c := range series {
		state := c.state.Load()
		c.Observe(0.5)
		c.reading.Lock()
		done := make(chan struct{})
		n := c.bounds.Buckets()
		copied := snapshot{counts: make([]uint64, n), scratch: make([]uint64, n)}
		go func() {
			defer close(done)
			c.copyBusy(&copied)
		}()
		select {
		case <-done:
			require.Fail(t, "it did not wait for its turn")
		case <-time.After(50 * time.Millisecond):
		}
		require.Zero(t, c.state.Load()&stateFrozen)
		c.reading.Unlock()
		<-done
		require.Equal(t, uint64(1), total(copied.counts))
		require.Equal(t, 0.5, copied.sum)
		require.Equal(t, state, c.state.Load()&^stateStuck|state&stateStuck, "it is as it was")
	}
}

func TestHotWriterStoppedAtAnyStepDoesNotSpoilASnapshot(t *testing.T) {
	if !percpu.Private {
		t.Log("there are no hot rows in this build")
		return
	}
	steps := []func(row []uint64){
		func(row []uint64) {
			n := row[wordDone]
			row[wordSum+(n+1)&1] = math.Float64bits(math.Float64frombits(row[wordSum+n&1]) + 4)
		},
		func(row []uint64) { row[hotBuckets+9]++ },
		func(row []uint64) { row[wordDone]++ },
	}
	for earlier := range 3 { // both parities
		for stopped := range len(steps) + 1 {
			c := newHot(t)
			state := c.state.Load()
			row := percpu.Row(0, state&stateIndex)
			for range earlier {
				for _, step := range steps {
					step(row)
				}
			}
			for _, step := range steps[:stopped] {
				step(row)
			}
			want := uint64(earlier)
			if stopped >= 2 {
				want++
			}
			for range 3 {
				counts, sum, exact := c.Snapshot(nil)
				require.True(t, exact)
				require.Equal(t, want, counts[9])
				require.Equal(t, 4*float64(want), sum)
			}
			require.Equal(t, state, c.state.Load(), "no freeze was needed")
		}
	}
}

func TestSharedWriterStoppedHalfWayDelaysASnapshotBriefly(t *testing.T) {
	for name, c := range map[string]*Classic{"cold": newDefault(), "hot": newHot(t), "roomless": newRoomless()} {
		t.Run(name, func(t *testing.T) {
			c.Observe(1)
			atomic.AddUint64(&c.shared[sharedBuckets+3], 1) // an observation of 7 that stops here

			// The best of a few, because the machine may have other work.
			var counts []uint64
			var exact bool
			best := time.Hour
			for range 5 {
				begin := time.Now()
				counts, _, exact = c.Snapshot(counts)
				best = min(best, time.Since(begin))
			}
			require.Less(t, best, 100*time.Millisecond)
			require.False(t, exact)
			require.EqualValues(t, 2, total(counts), "the count is that of the buckets all the same")

			c.Observe(1) // others go on
			atomic.StoreUint64(&c.shared[wordSum], math.Float64bits(math.Float64frombits(c.shared[wordSum])+7))
			atomic.AddUint64(&c.shared[wordDone], 1)
			counts, sum, exact := c.Snapshot(counts)
			require.True(t, exact)
			require.EqualValues(t, 3, total(counts))
			require.EqualValues(t, 9, sum)
		})
	}
}

func TestCountIsThatOfAllRows(t *testing.T) {
	bounds, err := NewBounds([]float64{1, 2})
	require.NoError(t, err)
	var c Classic
	c.Init(bounds)
	want := uint64(0)
	observe := func() {
		for _, v := range []float64{0, 2, 5, math.NaN(), math.Inf(1)} {
			c.Observe(v)
			want++
			require.Equal(t, want, c.Count())
		}
	}
	require.Zero(t, c.Count())
	observe()
	spare := make([]uint64, len(c.shared))
	c.spare.Store(&spare)
	c.state.Or(stateFrozen) // a reader is copying: observations go to the spare row
	observe()
	c.state.And(^uint32(stateFrozen))
	require.EqualValues(t, 5, spare[wordDone])
	for range 1000 {
		if c.promote(); !percpu.Private || c.state.Load()&stateHot != 0 {
			break
		}
		time.Sleep(10 * time.Microsecond) // a cleanup of another test gives rows back
	}
	observe()
	counts, _, _ := c.Snapshot(nil)
	require.Equal(t, want, total(counts))
}

// A writer may stop before it counts its observation in the done word. Then Count changes when the
// writer goes on.
func TestNoObservationIsWithoutAChangeOfCount(t *testing.T) {
	c := newDefault()
	rounds := 20_000
	if testing.Short() {
		rounds = 2_000
	}
	var before uint64
	for range rounds {
		var writers sync.WaitGroup
		writers.Go(func() { c.Observe(1) })
		during := c.Count()
		writers.Wait()
		after := c.Count()
		require.GreaterOrEqual(t, during, before)
		require.Equal(t, before+1, after)
		before = after
	}
}
