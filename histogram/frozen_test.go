// SPDX-License-Identifier: Apache-2.0

package histogram

import (
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/percpu"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

// newHotSeries returns a series that is hot, over one bound.
func newHotSeries(t *testing.T) *Classic {
	t.Helper()
	bounds, err := NewBounds([]float64{1})
	require.NoError(t, err)
	c := new(Classic)
	c.Init(bounds)
	require.Eventually(t, func() bool {
		c.promote()
		if c.state.Load()&stateHot == 0 {
			c.state.Store(0) // another test was in the slab
		}
		return c.state.Load()&stateHot != 0
	}, 10*time.Second, time.Millisecond)
	return c
}

// hotDone is the number of observations that have been finished in the rows of the Ps.
func hotDone(c *Classic) uint64 { return percpu.Sum(c.state.Load()&stateIndex + wordDone) }

func TestObservationsGoToTheSharedRowWhileAHotSeriesIsFrozen(t *testing.T) {
	if !percpu.Private {
		return // nothing is hot
	}
	c := newHotSeries(t)
	c.state.Or(stateFrozen)
	c.Observe(0.5)
	require.Zero(t, hotDone(c))
	require.Equal(t, uint64(1), atomic.LoadUint64(&c.shared[wordDone]))
	c.state.And(^uint32(stateFrozen))
	for hotDone(c) == 0 {
		c.Observe(0.5) // the first one on a new P goes to the shared row
	}
}

func TestObservationsGoToTheSpareRowWhileAColdSeriesIsFrozen(t *testing.T) {
	c := newRoomless()
	spare := make([]uint64, len(c.shared))
	c.spare.Store(&spare)
	c.state.Or(stateFrozen)
	c.Observe(0.5)
	require.Zero(t, atomic.LoadUint64(&c.shared[wordDone]))
	require.Equal(t, uint64(1), atomic.LoadUint64(&spare[wordDone]))
}

func TestASeriesDoesNotTurnHotWhileItIsFrozen(t *testing.T) {
	bounds, err := NewBounds([]float64{1})
	require.NoError(t, err)
	var c Classic
	c.Init(bounds)
	c.state.Or(stateFrozen)
	c.promote()
	require.Equal(t, uint32(stateFrozen), c.state.Load())
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

// Observations outside the range of all before make generations, here from several goroutines at once.
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

func TestTheSharedSumHasObservationsMadeAtTheSameInstant(t *testing.T) {
	const rounds = 20_000
	c := newRoomless()
	observe := func(int) { c.Observe(1) }
	testkit.Together(rounds, observe, observe)
	counts, sum, _ := c.Snapshot(nil)
	require.Equal(t, uint64(2*rounds), total(counts))
	require.Equal(t, float64(2*rounds), sum)
}
