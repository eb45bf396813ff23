// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/atomicf"
)

// mortal is a series that expires.
type mortal struct {
	Node
	hits   atomicf.Count
	looked uint64 // hits at the last look
	age    Age
}

func mortalOf(n *Node) *mortal { return seriesAs[mortal](n) }

// expiringFamily is a family whose series expire after 10 units of a clock that the test sets.
type expiringFamily struct {
	*family
	now    atomic.Int64
	living *atomic.Int64 // series that have not been collected
}

const life = 10

func newExpiring(max int, names ...string) *expiringFamily {
	living := new(atomic.Int64)
	f := &expiringFamily{family: newFamily(max, names...), living: living}
	f.now.Store(1000)
	f.config.New = func() *Node {
		s := new(mortal)
		living.Add(1)
		runtime.AddCleanup(s, func(living *atomic.Int64) { living.Add(-1) }, living)
		return &s.Node
	}
	f.config.Expiry = &Expiry{
		After: life,
		Now:   f.now.Load,
		Updated: func(n *Node) bool {
			s := mortalOf(n)
			before := s.looked
			s.looked = s.hits.Load()
			return s.looked != before
		},
		Age: func(n *Node) *Age { return &mortalOf(n).age },
	}
	f.Map = New(f.config)
	return f
}

// inc updates a series through a handle of its own.
func (f *expiringFamily) inc(values ...string) { mortalOf(f.with(values...)).hits.Inc() }

// after moves the clock and sweeps.
func (f *expiringFamily) after(d int64) { f.Sweep(f.now.Add(d)) }

// collect runs the collector and waits for the finalizers of what it found.
func collect() {
	for range 3 {
		runtime.GC()
		done := make(chan struct{})
		runtime.SetFinalizer(&mortal{}, func(*mortal) { close(done) })
		runtime.GC()
		<-done
	}
}

// requireFewerLiving waits until fewer series than these have not been collected. Cleanups run on
// goroutines of their own, some time after the collection.
func (f *expiringFamily) requireFewerLiving(t testing.TB, most int64) {
	t.Helper()
	for range 1000 {
		if f.living.Load() < most {
			return
		}
		collect()
		time.Sleep(time.Millisecond)
	}
	require.Less(t, f.living.Load(), most)
}

// requireLiving waits until so many series have not been collected.
func (f *expiringFamily) requireLiving(t testing.TB, want int64) {
	t.Helper()
	f.requireFewerLiving(t, want+1)
	require.Equal(t, want, f.living.Load())
}

// page returns the series that a walk meets, with their hits.
func (f *expiringFamily) page(t testing.TB) map[string]uint64 {
	t.Helper()
	page := make(map[string]uint64)
	for n := range f.All() {
		require.NotContains(t, page, n.Labels)
		page[n.Labels] = mortalOf(n).hits.Load()
	}
	require.Equal(t, f.Size(), len(page))
	return page
}

func TestASeriesLeavesWhenItIsExpired(t *testing.T) {
	f := newExpiring(10, "a")
	f.inc("x")
	f.after(0)
	f.after(life - 1)
	f.inc("y")
	require.Equal(t, map[string]uint64{`a="x"`: 1, `a="y"`: 1}, f.page(t))
	f.after(1)
	require.Equal(t, map[string]uint64{`a="y"`: 1}, f.page(t))
	require.Nil(t, f.find([]string{"x"}))
	require.EqualValues(t, 1, f.Expired())
	require.Equal(t, 1, f.Len())
	collect()
	f.requireLiving(t, 1) // its memory is free
	require.Zero(t, len(f.expiring.entries))

	f.inc("x")
	require.EqualValues(t, 1, f.page(t)[`a="x"`], "it begins at zero")
}

func TestAnUpdateIsDatedByTheSweepThatNoticesIt(t *testing.T) {
	f := newExpiring(10, "a")
	x := f.with("x")
	f.after(life - 1)
	mortalOf(x).hits.Inc()
	f.after(1)
	f.after(life - 1)
	require.Len(t, f.page(t), 1)
	f.after(1)
	require.Empty(t, f.page(t))
	runtime.KeepAlive(x)
}

func TestEveryUpdateIsShownBeforeItsSeriesLeaves(t *testing.T) {
	f := newExpiring(10, "a")
	f.with("z")
	f.inc("x") // noticed by the creation of y
	f.inc("y")
	f.after(2 * life)
	require.Equal(t, map[string]uint64{`a="x"`: 1, `a="y"`: 1}, f.page(t))
	f.after(life - 1)
	require.Len(t, f.page(t), 2, "they are dated by the walk that showed them")
	f.after(1)
	require.Empty(t, f.page(t))

	f.inc("x")
	f.inc("y") // notices x
	f.now.Add(2 * life)
	for i := range 8 {
		f.with(strconv.Itoa(i)) // these look and let x stay, which is on no page yet
	}
	require.Equal(t, 10, f.Len())
	f.now.Add(2 * life)
	f.with("8") // until it seems that nobody walks
	f.with("9")
	require.Less(t, f.Len(), 10)
}

func TestAFullMapIsSweptForANewSeries(t *testing.T) {
	f := newExpiring(2, "a")
	f.inc("x")
	f.inc("y")
	f.after(0)
	f.inc("z")
	require.Equal(t, map[string]uint64{`a="x"`: 1, `a="y"`: 1, `a="overflow"`: 1}, f.page(t))
	f.now.Add(life)
	f.inc("z")
	require.Equal(t, map[string]uint64{`a="z"`: 1, `a="overflow"`: 1}, f.page(t))
	require.EqualValues(t, 1, f.rejections.Load())
}

func TestAFullMapIsNotSweptInVain(t *testing.T) {
	f := newExpiring(2, "a")
	looks := 0
	updated := f.expiring.Updated
	f.expiring.Updated = func(n *Node) bool { looks++; return updated(n) }
	f.inc("x")
	f.inc("y")
	f.inc("z")
	f.now.Add(1)
	for range 100 {
		f.inc("z")
	}
	before := looks
	for range 100 {
		f.inc("z")
	}
	require.Equal(t, before, looks)
	require.Zero(t, testing.AllocsPerRun(100, func() { f.inc("z") }))
	require.EqualValues(t, 302, f.page(t)[`a="overflow"`])
}

func TestTheOverflowSeriesStays(t *testing.T) {
	f := newExpiring(1, "a")
	f.inc("overflow") // by its own name first
	f.after(0)
	f.after(life)
	old := f.with("overflow")
	f.after(life)
	require.Empty(t, f.page(t))
	f.inc("x")
	f.inc("y") // the overflow series is the withdrawn one
	require.Same(t, old, f.overflow.Load())
	require.Equal(t, map[string]uint64{`a="x"`: 1, `a="overflow"`: 2}, f.page(t))
	f.after(life)
	f.after(life)
	require.Equal(t, map[string]uint64{`a="overflow"`: 2}, f.page(t))
	require.Equal(t, 0, f.Len())
	collect()
	require.Zero(t, len(f.expiring.entries))
}

// Updates that wait in a buffer, as those of summaries do, are seen before a series leaves for the
// lack of them.
func TestBufferedUpdatesAreFlushedBeforeASeriesLeaves(t *testing.T) {
	f := newExpiring(10, "a")
	x := mortalOf(f.with("x"))
	f.after(0)
	flushes, buffered := 0, uint64(1)
	f.expiring.Flush = func() {
		flushes++
		x.hits.Add(buffered)
		buffered = 0
	}
	f.after(life - 1)
	require.Zero(t, flushes)
	f.after(1)
	require.Equal(t, map[string]uint64{`a="x"`: 1}, f.page(t))
	f.after(life)
	require.Empty(t, f.page(t))
	require.Equal(t, 2, flushes)
}

func TestAClockThatIsSetBackMakesNoSeriesLeaveEarly(t *testing.T) {
	f := newExpiring(10, "a")
	f.inc("x")
	f.after(0)
	f.after(-500)
	f.after(life - 1)
	require.NotEmpty(t, f.page(t))
	f.after(1)
	require.Empty(t, f.page(t), "nor much later")
}

func TestAMapThatNobodySweepsDoesNotGrow(t *testing.T) {
	f := newExpiring(1<<20, "a")
	for i := range 20_000 {
		if i%100 == 0 {
			f.now.Add(1) // 1000 series are created in the life of one
		}
		f.inc(strconv.Itoa(i))
	}
	require.Less(t, f.Len(), 2500)
	collect()
	f.requireFewerLiving(t, 2500)
}

func TestAMapThatIsEmptyAgainHasNoTables(t *testing.T) {
	f := newFamily(1<<20, "a")
	for i := range 2 * seriesPerMap {
		f.with(strconv.Itoa(i))
	}
	require.NotNil(t, f.index.many.Load())
	for i := range 2 * seriesPerMap {
		require.True(t, f.delete(strconv.Itoa(i)))
	}
	require.Nil(t, f.index.many.Load())
	require.Nil(t, f.index.one.Load())
	require.NotNil(t, f.with("x"))
	require.NotNil(t, f.find([]string{"x"}))
}

func TestASweepOfIdleSeriesAllocatesNothing(t *testing.T) {
	f := newExpiring(1<<20, "a")
	handles := make([]*Node, 1000)
	for i := range handles {
		handles[i] = f.with(strconv.Itoa(i))
	}
	f.after(life)
	for i := range handles {
		f.inc("live" + strconv.Itoa(i))
	}
	f.after(0)
	require.Equal(t, len(handles), len(f.expiring.entries))
	require.Zero(t, testing.AllocsPerRun(10, func() { f.after(0) }))
	runtime.KeepAlive(handles)
}

func TestAMapWithoutExpirySweepsNothing(t *testing.T) {
	f := newFamily(10, "a")
	f.with("x")
	f.Sweep(1 << 60)
	require.Equal(t, 1, f.Len())
	require.Zero(t, f.Expired())
	require.Zero(t, f.Waiting())
	require.False(t, f.Forget([]string{"x"}))
	require.False(t, f.ForgetSet(map[string]string{"a": "x"}))
}
