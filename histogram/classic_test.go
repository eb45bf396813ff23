// SPDX-License-Identifier: Apache-2.0

package histogram

import (
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/percpu"
)

// newRoomless is a series that no slab has room for, over more bounds than NewBounds allows.
func newRoomless() *Classic {
	b := &Bounds{}
	for i := range percpu.MaxRow {
		b.upper = append(b.upper, float64(i+1))
	}
	c := new(Classic)
	c.Init(b)
	return c
}

func total(counts []uint64) (n uint64) {
	for _, count := range counts {
		n += count
	}
	return n
}

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
					c.promote()
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
	for range 3 * checkEvery {
		busy.Observe(1)
	}
	require.Equal(t, percpu.Private, busy.state.Load()&stateHot != 0)
	counts, sum, _ := busy.Snapshot(nil)
	require.EqualValues(t, 3*checkEvery, total(counts))
	require.EqualValues(t, 3*checkEvery, sum)

	rare := newDefault()
	for range 5 * checkEvery {
		rare.Observe(1)
		if rare.shared[wordDone]%checkEvery == checkEvery-1 {
			rare.use.Store(rare.use.Load() - busyTicks<<collisionBits) // the time between two checks passes
		}
	}
	require.Zero(t, rare.state.Load())
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
		c.promote()
		c.Observe(3)
		return c.state.Load() & stateIndex
	}()
	// Its words come back, perhaps as part of a row that begins elsewhere.
	words := uint32(hotBuckets + bounds.Buckets())
	require.Eventually(t, func() bool {
		runtime.GC()
		got, ok := percpu.Alloc(int(words))
		require.True(t, ok)
		if got >= index+words || index >= got+words {
			return false
		}
		index = got
		return true
	}, 20*time.Second, time.Millisecond)
	for pid := range percpu.Procs() {
		row := percpu.Row(pid, index)
		for i := range min(len(row), hotBuckets+bounds.Buckets()) {
			require.Zero(t, row[i])
		}
	}
}

// stress has writers observe v at full speed while readers check every snapshot. It returns how many were inexact.
func stress(t *testing.T, c *Classic, writers, readers int, d time.Duration, during func()) (inexact, snapshots int64) {
	t.Helper()
	const v = 3 // sums of it are exact
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
	for time.Now().Before(end) {
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
		"hot": newHot, "from cold to hot": newDefault, "no room to be hot": newRoomless,
	} {
		t.Run(name, func(t *testing.T) {
			inexact, snapshots := stress(t, series(), 2, 2, 150*time.Millisecond, nil)
			t.Logf("%d of %d snapshots were inexact", inexact, snapshots)
			require.Positive(t, snapshots)
			// Only a stopped writer of a shared row makes one, and without pinning the scheduler may stop one too.
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
	for _, c := range []*Classic{newHot(), newDefault()} {
		inexact, snapshots := stress(t, c, 4, 1, 250*time.Millisecond, func() {
			n++
			runtime.GOMAXPROCS(1 + n*7%64)
		})
		t.Logf("%d of %d snapshots were inexact", inexact, snapshots)
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
			c := newDefault()
			c.promote()
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
	for name, c := range map[string]*Classic{"cold": newDefault(), "hot": newHot(), "roomless": newRoomless()} {
		t.Run(name, func(t *testing.T) {
			c.Observe(1)
			atomic.AddUint64(&c.shared[sharedBuckets+3], 1) // an observation of 7 stops here

			// The best of a few, for the sake of machines with other work.
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

func TestHandlesInPackageVariablesCanTurnHot(t *testing.T) {
	if global.Bounds() == nil { // not so under -count and -cpu
		bounds, err := NewBounds(Default())
		require.NoError(t, err)
		global.Init(bounds)
	}
	counts, _, _ := global.Snapshot(nil)
	before := total(counts)
	for range 3 * checkEvery {
		global.Observe(1)
	}
	counts, _, _ = global.Snapshot(counts)
	require.EqualValues(t, before+3*checkEvery, total(counts))
	require.Equal(t, percpu.Private, global.state.Load()&stateHot != 0)
}

var global Classic
