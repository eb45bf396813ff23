// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"weak"

	"github.com/stretchr/testify/require"
)

func TestASeriesThatIsUpdatedThroughAKeptHandleComesBack(t *testing.T) {
	f := newExpiring(10, "a")
	x := mortalOf(f.with("x"))
	x.hits.Add(3)
	f.after(0)
	for range 3 {
		f.after(life)
		require.Empty(t, f.page(t))
		collect()
		f.after(life) // nothing new: it stays away
		require.Empty(t, f.page(t))
		require.Equal(t, 1, len(f.expiring.entries))
		x.hits.Inc()
		f.after(1)
		require.Equal(t, map[string]uint64{`a="x"`: x.hits.Load()}, f.page(t))
		require.Same(t, &x.Node, f.find([]string{"x"}))
		require.Zero(t, len(f.expiring.entries))
	}
	require.EqualValues(t, 6, x.hits.Load())
}

func TestAHandleThatIsDroppedRightAfterItsUpdateLosesNothing(t *testing.T) {
	f := newExpiring(10, "a")
	x := mortalOf(f.with("x"))
	f.after(life)
	require.Empty(t, f.page(t))
	x.hits.Inc()
	x = nil
	collect() // no sweep
	require.Equal(t, map[string]uint64{`a="x"`: 1}, f.page(t))
	f.requireLiving(t, 1)
	f.after(3 * life)
	require.Equal(t, map[string]uint64{`a="x"`: 1}, f.page(t), "the next walk shows it, however late")

	// It is an ordinary series again.
	f.after(life)
	require.Empty(t, f.page(t))
	collect()
	f.requireLiving(t, 0)
}

func TestALookupFindsAWithdrawnSeries(t *testing.T) {
	f := newExpiring(10, "a")
	x := f.with("x")
	mortalOf(x).hits.Add(3)
	f.after(0)
	f.after(life)
	require.Same(t, x, f.withSet(map[string]string{"a": "x"}))
	require.EqualValues(t, 3, f.page(t)[`a="x"`])
	f.after(life - 1)
	require.NotEmpty(t, f.page(t), "the lookup dates it")
	f.after(1)
	require.Empty(t, f.page(t))
	require.Same(t, x, f.with("x"))
}

// The goroutine of the task: it has a handle, and sleeps over everything.
func TestAGoroutineParkedBetweenLookupAndUpdate(t *testing.T) {
	f := newExpiring(10, "a")
	fetched, goOn, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		x := mortalOf(f.with("x"))
		close(fetched)
		<-goOn
		x.hits.Inc()
	}()
	<-fetched
	f.after(life)
	f.after(life)
	collect()
	f.after(life)
	collect()
	require.Empty(t, f.page(t))
	close(goOn)
	<-done
	f.after(1)
	require.Equal(t, map[string]uint64{`a="x"`: 1}, f.page(t))
	f.after(life)
	collect()
	f.requireLiving(t, 0)
}

func TestAnUpdatedSeriesWaitsForRoom(t *testing.T) {
	f := newExpiring(2, "a")
	x, y := mortalOf(f.with("x")), mortalOf(f.with("y"))
	f.after(life)
	f.inc("p")
	f.inc("q")
	x.hits.Inc()
	y.hits.Add(2)
	y = nil
	f.after(1)
	require.Equal(t, map[string]uint64{`a="p"`: 1, `a="q"`: 1}, f.page(t))
	require.Equal(t, 2, f.Waiting())
	collect()
	require.EqualValues(t, 4, f.living.Load(), "the one without a handle is kept")
	f.inc("y") // found, and counts on
	require.Same(t, &x.Node, f.with("x"))
	require.Equal(t, 2, f.Waiting())
	require.Nil(t, f.find([]string{"y"}))

	require.True(t, f.delete("p"))
	f.after(1)
	require.Equal(t, 1, f.Waiting())
	require.True(t, f.delete("q"))
	f.after(1)
	require.Equal(t, map[string]uint64{`a="x"`: 1, `a="y"`: 3}, f.page(t))
	require.Zero(t, f.Waiting())
	x = nil
	f.after(life)
	collect()
	f.requireLiving(t, 0)
}

// With a full map and an old handle that is looked up: nothing is listed, and still nothing is
// lost.
func TestALookupWithoutRoomReturnsTheWithdrawnSeries(t *testing.T) {
	f := newExpiring(1, "a")
	x := f.with("x")
	f.after(life)
	f.inc("p")
	require.Same(t, x, f.with("x"))
	require.Zero(t, f.Waiting())
	require.Equal(t, 1, len(f.expiring.entries))
	x = nil
	collect()
	f.requireLiving(t, 1) // not kept for the lookup's sake

	y := f.with("p")
	f.after(life)
	f.after(life)
	require.Empty(t, f.page(t))
	f.inc("q")
	mortalOf(f.with("p")).hits.Inc() // fetched, updated, dropped
	runtime.KeepAlive(y)
	y = nil
	collect()
	require.Equal(t, 1, f.Waiting())
	f.delete("q")
	f.after(0)
	require.Equal(t, map[string]uint64{`a="p"`: 2}, f.page(t))
}

func TestDeletionForgetsWithdrawnSeries(t *testing.T) {
	for name, forget := range map[string]func(f *expiringFamily) bool{
		"Forget":    func(f *expiringFamily) bool { return f.Forget([]string{"x"}) },
		"ForgetSet": func(f *expiringFamily) bool { return f.ForgetSet(map[string]string{"a": "x"}) },
		"Reset":     func(f *expiringFamily) bool { f.Reset(); return true },
	} {
		t.Run(name, func(t *testing.T) {
			f := newExpiring(1, "a")
			x := f.with("x")
			f.after(life)
			require.False(t, x.Gone())
			require.True(t, forget(f))
			require.True(t, x.Gone())
			require.Zero(t, len(f.expiring.entries))
			mortalOf(x).hits.Inc()
			f.after(1)
			require.Empty(t, f.page(t))
			require.NotSame(t, x, f.with("x"))
			collect()
			require.Len(t, f.page(t), 1)
			require.Zero(t, f.page(t)[`a="x"`])

			// A waiting one.
			y := mortalOf(f.with("x"))
			f.after(life)
			f.inc("p")
			y.hits.Inc()
			f.after(1)
			require.Equal(t, 1, f.Waiting())
			require.True(t, forget(f))
			require.Zero(t, f.Waiting())
			f.Reset()
			f.after(1)
			require.Empty(t, f.page(t))
			y = nil
			collect()
		})
	}
	f := newExpiring(1, "a")
	require.False(t, f.Forget([]string{"x"}))
	require.False(t, f.Forget([]string{"x", "y"}))
	require.False(t, f.ForgetSet(map[string]string{"b": "x"}))
	f.inc("x")
	require.True(t, f.Forget([]string{"x"}), "it has come back since the caller looked")
	require.Empty(t, f.page(t))
}

func TestDeleteOfASeriesThatWasWithdrawnMeanwhile(t *testing.T) {
	f := newExpiring(1, "a")
	x := f.with("x")
	f.after(life)
	require.True(t, f.Delete(x))
	require.False(t, f.Delete(x))
	require.True(t, x.Gone())
}

// A finalizer that is queued does nothing once its series has come back: not to a listed one, and
// not to one that has been withdrawn again.
func TestALateFinalizerDoesNothing(t *testing.T) {
	f := newExpiring(1, "a")
	x := f.with("x")
	f.after(life)
	number := f.expiring.number
	f.finalize(x, number+1)
	require.Equal(t, 1, len(f.expiring.entries))

	f.with("x")
	f.finalize(x, number)
	require.Same(t, x, f.find([]string{"x"}))
	f.after(life)
	f.finalize(x, number)
	require.Equal(t, 1, len(f.expiring.entries), "it has another finalizer now")
	mortalOf(x).hits.Inc()
	f.after(1)
	require.Len(t, f.page(t), 1)
}

// Lookups between the collector's decision and the finalizer find the series. The finalizer is held
// up by another one.
func TestALookupWhileTheFinalizerIsQueued(t *testing.T) {
	for _, room := range []bool{true, false} {
		f := newExpiring(1, "a")
		mortalOf(f.with("x")).hits.Inc()
		f.after(0)
		f.after(life)
		if !room {
			f.inc("p")
		}
		seen := weak.Make(mortalOf(f.expiring.entries[0].node()))
		goOn, held := make(chan struct{}), make(chan struct{})
		runtime.SetFinalizer(&mortal{}, func(*mortal) { close(held); <-goOn })
		for held != nil {
			runtime.GC()
			select {
			case <-held:
				held = nil
			default:
			}
		}
		runtime.GC()
		weakly := seen.Value()
		x := f.with("x")
		require.EqualValues(t, 1, mortalOf(x).hits.Load())
		close(goOn)
		require.Nil(t, weakly, "a weak pointer does not find it any more")
		collect()
		mortalOf(x).hits.Inc()
		x = nil
		collect()
		f.delete("p")
		f.after(0)
		require.Equal(t, map[string]uint64{`a="x"`: 2}, f.page(t))
	}
}

// Colliding labels live under their keyed hash, and come back there.
func TestSeriesWithCollidingHashesExpireAndComeBack(t *testing.T) {
	f := newExpiring(10, "a")
	values := collidingValues(t, 2)
	handles := make([]*Node, len(values))
	for i, v := range values {
		handles[i] = f.with(v)
	}
	for range 2 {
		f.after(life)
		require.Empty(t, f.page(t))
		require.Zero(t, f.displaced.Load())
		for _, i := range []int{1, 0} {
			mortalOf(handles[i]).hits.Inc()
			f.after(1)
		}
		require.Len(t, f.page(t), 2)
		for i, v := range values {
			require.Same(t, handles[i], f.with(v))
		}
	}
	runtime.KeepAlive(handles)
}

func TestTheMemoryOfWithdrawnSeriesIsGivenBack(t *testing.T) {
	f := newExpiring(1<<20, "a")
	kept := f.with("kept")
	const n = 10_000
	for i := range n {
		f.inc(strconv.Itoa(i))
	}
	f.after(0)
	f.after(life)
	require.Greater(t, f.expiring.peak, 64)
	collect()
	require.Equal(t, 1, len(f.expiring.entries))
	require.LessOrEqual(t, cap(f.expiring.entries), 64)
	require.LessOrEqual(t, f.expiring.peak, 64)
	mortalOf(kept).hits.Inc()
	f.after(1)
	require.Equal(t, map[string]uint64{`a="kept"`: 1}, f.page(t))
}

// Series are created, updated through kept and dropped handles, expired, restored and collected,
// all at once. Whatever leaves and is not updated has stood still for the life of a series, so the
// sum over the last values of all that ever was is that of all updates.
func TestChurnLosesNothing(t *testing.T) {
	rounds := 2_000
	if long() {
		rounds = 100_000
	}
	f := newExpiring(64, "a")
	var forgotten atomic.Uint64 // hits of series that were let go
	retire := func(n *Node) { forgotten.Add(mortalOf(n).hits.Load()) }
	f.expiring.forgotten = retire

	stop := make(chan struct{})
	var writers, others sync.WaitGroup
	var total atomic.Uint64
	for g := range 4 {
		writers.Go(func() {
			var kept []*mortal
			for i := range rounds {
				s := mortalOf(f.with(fmt.Sprint((i*7 + g) % 200)))
				if i%3 == 0 {
					runtime.Gosched()
				}
				s.hits.Inc()
				total.Add(1)
				if i%5 == 0 {
					kept = append(kept, s)
				}
				if len(kept) > 20 {
					k := kept[i%len(kept)]
					k.hits.Inc()
					total.Add(1)
					kept = slices.DeleteFunc(kept, func(o *mortal) bool { return o == k })
				}
			}
		})
	}
	others.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				f.after(1)
				runtime.Gosched()
			}
		}
	})
	others.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				runtime.GC()
			}
		}
	})
	writers.Wait()
	close(stop)
	others.Wait()
	for f.Len() > 0 || f.Waiting() > 0 || len(f.expiring.entries) > 0 {
		f.after(life)
		collect()
	}
	overflow := uint64(0)
	if over := f.overflow.Load(); over != nil {
		overflow = mortalOf(over).hits.Load()
	}
	require.Equal(t, total.Load(), forgotten.Load()+overflow)
	f.Reset()
	collect()
	f.requireLiving(t, 0)
	t.Logf("%d updates, %d of them in the overflow series, %d withdrawals", total.Load(), overflow, f.Expired())
}
