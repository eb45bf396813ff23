// SPDX-License-Identifier: Apache-2.0

package histogram

import (
	"fmt"
	"math"
	"runtime"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/percpu"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

func TestObserveCountsIntoInclusiveUpperBounds(t *testing.T) {
	bounds, err := NewBounds([]float64{5, 10, 15})
	require.NoError(t, err)
	var c Classic
	c.Init(bounds)
	require.Same(t, bounds, c.Bounds())
	for _, v := range []float64{3, 5.2, 13, 4} {
		c.Observe(v)
	}
	counts, sum, exact := c.Snapshot(nil)
	require.Equal(t, []uint64{2, 1, 1, 0}, counts)
	require.InDelta(t, 25.2, sum, 1e-12)
	require.True(t, exact)
}

func TestObserveKeepsItsRuleForEveryKindOfValue(t *testing.T) {
	for _, test := range []struct {
		name   string
		values []float64
		counts []uint64
		sum    float64
	}{
		{"nothing", nil, []uint64{0, 0, 0, 0}, 0},
		{"on the bounds", []float64{-1, 0, 1}, []uint64{1, 1, 1, 0}, 0},
		{"just above them", []float64{math.Nextafter(-1, 0), 5e-324, math.Nextafter(1, 2)}, []uint64{0, 1, 1, 1}, 0},
		{"minus zero", []float64{math.Copysign(0, -1)}, []uint64{0, 1, 0, 0}, 0},
		{"denormals", []float64{-5e-324, 5e-324}, []uint64{0, 1, 1, 0}, 0},
		{"NaN leaves the sum alone", []float64{nan, 3, nan}, []uint64{0, 0, 0, 3}, 3},
		{"NaN alone", []float64{nan}, []uint64{0, 0, 0, 1}, 0},
		{"+Inf", []float64{inf, 1}, []uint64{0, 0, 1, 1}, inf},
		{"-Inf", []float64{-inf, 1}, []uint64{1, 0, 1, 0}, -inf},
		{"both infinities", []float64{-inf, inf}, []uint64{1, 0, 0, 1}, nan},
		{"overflow", []float64{math.MaxFloat64, math.MaxFloat64}, []uint64{0, 0, 0, 2}, inf},
	} {
		for temperature, hot := range map[string]bool{"cold": false, "hot": percpu.Private} {
			t.Run(test.name+", "+temperature, func(t *testing.T) {
				bounds, err := NewBounds([]float64{-1, 0, 1})
				require.NoError(t, err)
				var c Classic
				c.Init(bounds)
				if hot {
					mustHeat(t, &c)
				}
				for _, v := range test.values {
					c.Observe(v)
				}
				counts, sum, exact := c.Snapshot(nil)
				require.True(t, exact)
				require.Equal(t, test.counts, counts)
				if math.IsNaN(test.sum) || math.IsInf(test.sum, 0) {
					require.Equal(t, fmt.Sprint(test.sum), fmt.Sprint(sum))
					return
				}
				require.InDelta(t, test.sum, sum, 1e-15)
			})
		}
	}
}

func TestSustainedUseTurnsASeriesHotAndRareUseDoesNot(t *testing.T) {
	if !percpu.Private {
		t.Log("nothing is private to a P in this build: a series must stay cold")
	}
	busy := newDefault()
	calls := observeUntilHot(busy)
	require.Equal(t, percpu.Private, busy.state.Load()&stateHot != 0)
	counts, sum, _ := busy.Snapshot(nil)
	require.EqualValues(t, calls, total(counts))
	require.EqualValues(t, calls, sum)

	rare := newDefault()
	for range 5 * checkEvery {
		rare.Observe(1)
		if rare.shared[wordDone]%checkEvery == checkEvery-1 {
			rare.use.Store(rare.use.Load() - busyTicks<<collisionBits) // the time between two checks passes
		}
	}
	require.Zero(t, rare.state.Load())
}

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

func TestTheSharedSumHasObservationsMadeAtTheSameInstant(t *testing.T) {
	const rounds = 20_000
	c := newRoomless()
	observe := func(int) { c.Observe(1) }
	testkit.Together(rounds, observe, observe)
	counts, sum, _ := c.Snapshot(nil)
	require.Equal(t, uint64(2*rounds), total(counts))
	require.Equal(t, float64(2*rounds), sum)
}

func TestMemoryOfAnIdleSeries(t *testing.T) {
	c := newDefault()
	size := unsafe.Sizeof(*c) + 8*uintptr(cap(c.shared))
	t.Logf("%d bytes: %d in the handle, %d in the row", size, unsafe.Sizeof(*c), 8*cap(c.shared))
	require.LessOrEqual(t, size, uintptr(200))
}

func TestRowsGoBackWhenTheHandleIsCollected(t *testing.T) {
	if !percpu.Private {
		t.Log("there are no rows in this build")
		return
	}
	bounds, err := NewBounds(Must(Linear(1, 1, 77)))
	require.NoError(t, err)
	index := func() uint32 {
		c := new(Classic)
		c.Init(bounds)
		mustHeat(t, c)
		c.Observe(3)
		return c.state.Load() & stateIndex
	}()
	words := hotBuckets + bounds.Buckets()
	var others []uint32
	defer func() {
		for _, other := range others {
			percpu.Free(other, words)
		}
	}()
	// Its words come back, perhaps as part of a row that begins elsewhere.
	require.Eventually(t, func() bool {
		runtime.GC()
		got, ok := percpu.Alloc(words)
		if !ok {
			return false // a cleanup holds the lock of the slab
		}
		if got >= index+uint32(words) || index >= got+uint32(words) {
			others = append(others, got)
			return false
		}
		index = got
		return true
	}, 20*time.Second, time.Millisecond)
	for pid := range percpu.Procs() {
		row := percpu.Row(pid, index)
		for i := range min(len(row), words) {
			require.Zero(t, row[i])
		}
	}
}

func TestHandlesInPackageVariablesCanTurnHot(t *testing.T) {
	if global.Bounds() == nil { // not so under -count and -cpu
		bounds, err := NewBounds(Default())
		require.NoError(t, err)
		global.Init(bounds)
	}
	counts, _, _ := global.Snapshot(nil)
	before := total(counts)
	calls := observeUntilHot(&global)
	counts, _, _ = global.Snapshot(counts)
	require.EqualValues(t, before+calls, total(counts))
	require.Equal(t, percpu.Private, global.state.Load()&stateHot != 0)
}

var global Classic

// observeUntilHot observes 1 until the series is hot, which takes three checks, and more while the
// cleanup of another test holds the lock of the slab. It returns the number of observations.
func observeUntilHot(c *Classic) (calls uint64) {
	for calls < 3*checkEvery || percpu.Private && c.state.Load()&stateHot == 0 && calls < 10_000*checkEvery {
		c.Observe(1)
		calls++
	}
	return calls
}
