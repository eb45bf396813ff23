// SPDX-License-Identifier: Apache-2.0

package quantile

import (
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/testkit"
)

func TestLogLosesNothingUnderWritersDrainsAndChangingGOMAXPROCS(t *testing.T) {
	const writers, each, windows = 8, 30_000, 7
	before := runtime.NumGoroutine()
	procs := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(procs)
	l := NewLog(nil)
	o := mustObjectives(t, defaults)
	ws := make([]Window, windows)
	for i := range ws {
		ws[i].Init(l, o, time.Duration(i%2)*time.Minute)
	}
	var writing, reading sync.WaitGroup
	var stop atomic.Bool
	for range 2 {
		reading.Go(func() {
			last := make([]uint64, windows)
			for !stop.Load() {
				l.Drain()
				for i := range ws {
					_, count, sum := ws[i].Snapshot(nil)
					if count < last[i] {
						t.Errorf("count fell from %d to %d", last[i], count)
						return
					}
					if sum != 3*float64(count) {
						t.Errorf("count %d and sum %v are not of the same observations", count, sum)
						return
					}
					last[i] = count
				}
				runtime.Gosched()
			}
		})
	}
	reading.Go(func() {
		for n := 1; !stop.Load(); n = n%16 + 1 {
			runtime.GOMAXPROCS(n)
			time.Sleep(time.Millisecond)
		}
	})
	for g := range writers {
		writing.Go(func() {
			for i := range each {
				l.Observe(&ws[(g+i)%windows], 3)
			}
		})
	}
	writing.Wait()
	stop.Store(true)
	reading.Wait()
	var count uint64
	for i := range ws {
		c, sum := totals(l, &ws[i])
		require.Equal(t, 3*float64(c), sum)
		count += c
	}
	require.EqualValues(t, writers*each, count)
	require.Zero(t, l.Capped())
	for range 5000 { // require.Eventually would run goroutines of its own
		if runtime.NumGoroutine() <= before {
			break
		}
		time.Sleep(time.Millisecond)
	}
	require.LessOrEqual(t, runtime.NumGoroutine(), before, "the merger has ended")
}

func TestDrainSeesEveryObservationThatFinishedBefore(t *testing.T) {
	l := NewLog(nil)
	o := mustObjectives(t, defaults)
	var wg sync.WaitGroup
	// Each goroutine checks its own window, while the others fill, rotate and merge the same
	// chunks.
	for range 4 {
		wg.Go(func() {
			var w Window
			w.Init(l, o, 0)
			var want uint64
			for i := range 3000 {
				for range i % 37 {
					l.Observe(&w, 1)
					want++
				}
				if got, _ := totals(l, &w); got != want {
					t.Errorf("%d observations finished, %d seen", want, got)
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestAnObserverIsNotHeldUpByAReaderOrAStuckMerge(t *testing.T) {
	l := NewLog(nil)
	var w, other Window
	w.Init(l, mustObjectives(t, defaults), 0)
	other.Init(l, mustObjectives(t, defaults), 0)
	w.mu.Lock() // as during a snapshot of w that never ends
	done := make(chan struct{})
	go func() {
		defer close(done)
		// These are fewer than the ring holds, so nobody has to merge, whatever P this runs on.
		for range (ringLen - 1) * chunkLen {
			l.Observe(&w, 1)
		}
	}()
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		t.Error("Observe waited for the window's lock")
	}
	w.mu.Unlock()
	<-done
	count, _ := totals(l, &w)
	require.EqualValues(t, (ringLen-1)*chunkLen, count)
}

func TestWhenEveryChunkIsBeingMergedAnObservationGoesStraightIn(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // one P, one ring
	l := NewLog(nil)
	var w Window
	w.Init(l, mustObjectives(t, defaults), 0)
	l.Observe(&w, 1)
	l.Drain()
	l.merging.Store(true) // no merger starts
	r := (*l.rings.Load())[0]
	want := uint64(1)
	for i := range r.chunks {
		c := &chunk{pos: i}
		for k := range c.entries {
			c.entries[k] = entry{&w, 1}
		}
		c.n = chunkLen
		c.mu.Lock()
		r.chunks[i].Store(c)
		want += chunkLen
	}
	r.current.Store(r.chunks[0].Load())
	l.Observe(&w, 1)
	want++
	_, count, _ := w.Snapshot(nil)
	require.EqualValues(t, 2, count, "the observation did not wait for the chunks")
	for i := range r.chunks {
		r.chunks[i].Load().mu.Unlock()
	}
	l.Observe(&w, 1) // merges a chunk itself
	want++
	_, count, _ = w.Snapshot(nil)
	require.EqualValues(t, 2+chunkLen, count)
	count, sum := totals(l, &w)
	require.Equal(t, want, count)
	require.Equal(t, float64(want), sum)
}

func TestTheTimerDrainsALogThatNobodyReadsAndStopsWhenItIsIdle(t *testing.T) {
	l := NewLog(nil)
	var w Window
	w.Init(l, mustObjectives(t, defaults), 0)
	require.False(t, l.armed.Load())
	l.Observe(&w, 2)
	require.True(t, l.armed.Load())
	l.tick(l.timer.Load())
	_, count, _ := w.Snapshot(nil)
	require.EqualValues(t, 1, count)
	require.True(t, l.armed.Load(), "it goes on while there is something to drain")
	l.tick(l.timer.Load())
	require.False(t, l.armed.Load())
	l.Observe(&w, 2)
	require.True(t, l.armed.Load())
}

// requireGone observes once, waits without reading, and requires the window to be empty then.
func requireGone(t *testing.T, l *Log, w *Window, wait time.Duration) {
	t.Helper()
	l.Observe(w, 7)
	time.Sleep(wait)
	l.Drain()
	require.True(t, math.IsNaN(w.Quantile(0.5)), "the value is still there after %v", wait)
}

// Observations of a log that nobody drained for ten seconds were once dated ten seconds late,
// whatever the window's age.
func TestAShortWindowShowsNoValueForLongerThanItsAgeAndATenth(t *testing.T) {
	for _, age := range []time.Duration{100 * time.Millisecond, time.Second, 30 * time.Second, 10 * time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			l := NewLog(nil)
			var w, long Window
			o := mustObjectives(t, defaults)
			long.Init(l, o, time.Hour)
			w.Init(l, o, age)
			late := min(age/latenessPart, mostLateness)
			for _, wait := range []time.Duration{age + late, age + late + age/3, 2 * age} {
				requireGone(t, l, &w, wait+time.Millisecond)
			}
			l.Observe(&long, 1)
			require.True(t, l.armed.Load())
			time.Sleep(3 * late)
			require.False(t, l.armed.Load(), "the timer stops when the log is idle")
		})
	}
}

func TestAWindowThatIsSetUpWhileALongTimerRunsIsNotLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLog(nil)
		var w, long Window
		o := mustObjectives(t, defaults)
		long.Init(l, o, time.Hour)
		l.Observe(&long, 1) // starts a timer of ten seconds
		time.Sleep(time.Second)
		w.Init(l, o, time.Second)
		requireGone(t, l, &w, 1101*time.Millisecond)
		time.Sleep(20 * time.Second)
		require.False(t, l.armed.Load())
		requireGone(t, l, &w, 1101*time.Millisecond)
	})
}

func TestATimerThatHasBeenReplacedEndsWhenItFires(t *testing.T) {
	l := NewLog(nil)
	var w, long Window
	o := mustObjectives(t, defaults)
	long.Init(l, o, time.Hour)
	l.Observe(&long, 1)
	replaced := l.timer.Load()
	w.Init(l, o, time.Minute)
	require.NotEqual(t, replaced, l.timer.Load(), "a shorter period wants another timer")
	l.tick(replaced)
	_, count, _ := long.Snapshot(nil)
	require.Zero(t, count, "it leaves the work to the one in its place")
	require.True(t, l.armed.Load())
}

func TestObserveRefusesWhatHasNotBeenSetUpWhileItIsNotPinned(t *testing.T) {
	o := mustObjectives(t, defaults)
	l, other := NewLog(nil), NewLog(nil)
	var w Window
	w.Init(other, o, 0)
	require.Panics(t, func() { l.Observe(&w, 1) }, "a window of another log")
	require.Panics(t, func() { l.Observe(new(Window), 1) })
	require.Panics(t, func() { l.Observe(nil, 1) })
	require.Panics(t, func() { new(Log).Observe(&w, 1) })
	require.Panics(t, func() { new(Log).Observe(new(Window), 1) })
	require.Panics(t, func() { (*Log)(nil).Observe(&w, 1) })
	require.Panics(t, func() { (*Log)(nil).Observe(new(Window), 1) })
	count, _ := totals(other, &w)
	require.Zero(t, count)
}

func TestSpecialValues(t *testing.T) {
	l := NewLog(nil)
	var w Window
	w.Init(l, mustObjectives(t, map[float64]float64{0: 0.01, 0.5: 0.01, 1: 0.01}), 0)
	q, count, sum := w.Snapshot(nil)
	require.Zero(t, count)
	require.Zero(t, sum)
	for _, v := range q {
		require.True(t, math.IsNaN(v), "an empty window has no quantiles")
	}
	l.Observe(&w, math.NaN())
	count, sum = totals(l, &w)
	require.EqualValues(t, 1, count)
	require.Zero(t, sum, "NaN counts only")
	require.True(t, math.IsNaN(w.Quantile(0.5)))

	negative := math.Copysign(0, -1)
	for _, v := range []float64{negative, 0, negative} {
		l.Observe(&w, v)
	}
	l.Drain()
	require.False(t, math.Signbit(w.Quantile(0)), "-0 is 0")

	l.Observe(&w, math.Inf(1))
	l.Observe(&w, math.SmallestNonzeroFloat64)
	count, sum = totals(l, &w)
	require.EqualValues(t, 6, count)
	require.Equal(t, math.Inf(1), sum)
	require.Equal(t, math.Inf(1), w.Quantile(1))
	l.Observe(&w, math.Inf(-1))
	_, sum = totals(l, &w)
	require.True(t, math.IsNaN(sum), "Inf - Inf")
	q, _, _ = w.Snapshot(nil)
	require.Equal(t, []float64{math.Inf(-1), 0, math.Inf(1)}, q)
	for _, bad := range []float64{-0.1, 1.1, math.NaN()} {
		require.True(t, math.IsNaN(w.Quantile(bad)))
	}
}

func TestMergedChunksKeepNoWindowAlive(t *testing.T) {
	l := NewLog(nil)
	o := mustObjectives(t, defaults)
	collected := make(chan struct{})
	func() {
		w := new(Window)
		other := new(Window)
		w.Init(l, o, 0)
		other.Init(l, o, 0)
		runtime.AddCleanup(w, func(int) { close(collected) }, 0)
		for range 100 {
			l.Observe(w, 1)
			l.Observe(other, 1)
		}
		l.Drain()
	}()
	require.Eventually(t, func() bool {
		runtime.GC()
		select {
		case <-collected:
			return true
		default:
			return false
		}
	}, 10*time.Second, time.Millisecond)
	runtime.KeepAlive(l) // the log is alive, and must not keep the window alive
}

// Every registry that a program made and dropped once stayed for two periods of the timer, with 200
// KB.
func TestTheTimerDoesNotKeepADroppedLogAlive(t *testing.T) {
	o := mustObjectives(t, defaults)
	dropped := func() weak.Pointer[Log] {
		l := NewLog(nil)
		w := new(Window)
		w.Init(l, o, 0)
		l.Observe(w, 1)
		require.True(t, l.armed.Load())
		return weak.Make(l)
	}()
	require.Eventually(t, func() bool {
		runtime.GC()
		return dropped.Value() == nil
	}, 5*time.Second, time.Millisecond)
}

// A P may fill a chunk while it is being merged. Other mergers leave the chunk to the holder of its
// mutex then, so the holder must merge the rest as well. A merge reads the clock half way, and the
// test's clock fills the chunk.
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
