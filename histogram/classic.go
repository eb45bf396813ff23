// SPDX-License-Identifier: Apache-2.0

package histogram

import (
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quipu-metrics/quipu/internal/percpu"
)

// Classic counts the observations of one series in the buckets of a [Bounds]. [Classic.Init] must
// set it up before use, and it must not be copied after that. All other methods may be called
// concurrently. It is meant to be embedded by value in the handle that users hold.
//
// Observing takes no lock. A series starts cold: it has one shared row of words, which is updated
// with atomic read-modify-writes. Contention or sustained use makes it hot: then each P has a row
// of its own, which only this P writes, with ordinary stores. The shared row keeps its counts, so a
// series is the sum of its rows. A hot series stays hot until its handle is collected.
type Classic struct {
	bounds *Bounds
	shared []uint64

	// state is the index of the hot row and the bits below. It is written when the series becomes
	// hot, and by a reader that freezes the series.
	state atomic.Uint32
	// use records how busy the shared row is: the time of the last check in the high bits, and the
	// collisions since then in the low bits.
	use atomic.Uint32

	// spare is a second shared row, for a series that is busy, cannot be hot, and is being read. A
	// reader sets it once.
	spare atomic.Pointer[[]uint64]

	// reading makes readers that freeze the series take turns. Writers never touch it.
	reading sync.Mutex
}

// The layout of the rows, and why a snapshot is true.
//
// # The hot row
//
//	done | sum 0 | sum 1 | buckets ...
//
// After n observations the sum is in word n&1. The row has one writer, whose next observation, n+1,
// is:
//
//  1. sum[(n+1)&1] = sum[n&1] + v
//  2. bucket[i]++
//  3. done = n+1
//
// The observation happens at step 2. Before it, the buckets total n, and sum[n&1] is their sum.
// After it, they total n+1, and sum[(n+1)&1] is their sum; that word stays as it is until
// observation n+3 begins its step 1, after two more values of done. So a writer may stop for good
// between any two steps, and the row still holds exactly its observations.
//
// A reader copies done, the buckets, the sum word that the copied total selects, and done again, in
// this order. The copy is true if done did not move. Proof: let both reads of done give n. Only
// observation n+1 can have taken steps in between, and its step 2 at most once, so the copied
// buckets are those before step 2 or those after it, and total n or n+1 accordingly. If they total
// n: sum[n&1] is not written before done is n+1. If they total n+1: the reader saw step 2, so step
// 1, which is earlier, is visible too, and sum[(n+1)&1] is not written again before done is n+2.
// Both stores and loads keep their order: for the writer see percpu.Store; the reader's loads are
// atomic.
//
// # The shared row
//
//	done | sum | buckets ...
//
// There are many writers. An observation is bucket[i] += 1, then sum += v (a compare-and-swap),
// then done += 1. A reader copies done, then the sum, then the buckets. The copy is true if the
// buckets total done. Proof: an observation counted in done was added to the sum before done was
// read, and an observation in the sum was added to its bucket before the sum was read. So the
// copied done, sum and buckets stand for three sets of observations, each inside the next. If the
// first and the last have the same size, all three are the same set. In this row a writer that
// stops between its steps spoils the copies that are made meanwhile. Writers stay pinned to make
// that rare: only the operating system can stop them.
//
// # Busy rows
//
// A copy of a row that is written all the time seldom succeeds. After a few attempts the reader
// sets the frozen bit of the state word, which writers load anyway. Writers that see the bit go to
// another row: the shared one if the series is hot, and a spare one if it is not. A hot row can
// still get a few observations: one from a writer that loaded the state before, and those that wait
// in the CPU's store buffer. Each of them can spoil one more attempt (four of them have been
// observed), and then an attempt succeeds. Nobody waits for anybody. See [Classic.Snapshot].

// Words of a row. The shared row needs only one sum.
const (
	wordDone      = 0
	wordSum       = 1
	sharedBuckets = 2
	hotBuckets    = 3
)

// Bits of Classic.state.
const (
	stateIndex  = 1<<percpu.IndexBits - 1
	stateHot    = 1 << 30 // the index is valid
	stateFrozen = 1 << 29 // a reader is copying: writers use another row
	stateStuck  = 1 << 28 // the last attempt to become hot found no room
)

// A series becomes hot after maxCollisions failed compare-and-swaps within checkEvery observations,
// or when checkEvery observations take less than busyTicks, twice in a row, which is a rate of 10
// 000 a second. Below that rate the LOCK prefixes cost the process less than 0.1 % of one CPU, and
// a row for each P would be wasted memory.
const (
	checkEvery    = 1024
	maxCollisions = 8
	tick          = 16 * time.Millisecond
	busyTicks     = 6
	collisionBits = 8
)

// epoch is the time from which use counts ticks. It never changes.
var epoch = time.Now()

// Init sets c up over bounds, without observations. It must come before any other method and must
// not run concurrently with one.
func (c *Classic) Init(bounds *Bounds) {
	c.bounds = bounds
	c.shared = make([]uint64, sharedBuckets+bounds.Buckets())
}

// Bounds returns the bounds that Init got.
func (c *Classic) Bounds() *Bounds { return c.bounds }

// Observe counts v. Upper bounds are inclusive. NaN counts in the +Inf bucket and does not change
// the sum. Infinities count in the first bucket or the +Inf bucket, and change the sum as IEEE 754
// arithmetic does.
//
// It takes no lock and does not wait for readers. It allocates once, when the series becomes hot.
// BenchmarkObserve measures it.
func (c *Classic) Observe(v float64) {
	// The fast path of Bucket, inlined by hand: BenchmarkObserve is a tenth faster without the
	// call.
	b, i := c.bounds, 0
	if cell := (math.Float64bits(v) - b.lowest) >> (b.shift & 63); cell < uint64(len(b.cells)) {
		for i = int(b.cells[cell]); i < len(b.upper) && !(v <= b.upper[i]); i++ {
		}
	} else {
		i = b.halve(v)
	}
	pid := percpu.Pin()
	state := c.state.Load()
	if percpu.Private && state&(stateHot|stateFrozen) == stateHot {
		row := percpu.Row(pid, state&stateIndex)
		// This holds unless row is nil. In this form the compiler sees that no index below can be
		// out of range.
		if word := uint(i) + hotBuckets; word < uint(len(row)) && len(row) > hotBuckets {
			n := percpu.Load(&row[wordDone])
			sum := math.Float64frombits(percpu.Load(&row[wordSum+n&1]))
			if v == v {
				sum += v
			}
			percpu.Store(&row[wordSum+(n+1)&1], math.Float64bits(sum))
			percpu.Add(&row[word], 1)
			percpu.Store(&row[wordDone], n+1)
			percpu.Unpin()
			// The rows are given back when c is collected, which must not happen before the last
			// store.
			runtime.KeepAlive(c)
			return
		}
	}
	c.observeShared(i, v, pid, state)
}

// observeShared is the rest of Observe, for all cases but the common one. The caller has pinned the
// goroutine; observeShared unpins it.
func (c *Classic) observeShared(i int, v float64, pid int, state uint32) {
	row := c.shared
	if state&(stateHot|stateFrozen) == stateFrozen {
		row = *c.spare.Load() // it was set before the bit
	}
	collided := false
	atomic.AddUint64(&row[sharedBuckets+i], 1)
	if v == v {
		for {
			old := atomic.LoadUint64(&row[wordSum])
			sum := math.Float64frombits(old) + v
			if atomic.CompareAndSwapUint64(&row[wordSum], old, math.Float64bits(sum)) {
				break
			}
			collided = true
		}
	}
	done := atomic.AddUint64(&row[wordDone], 1)
	percpu.Unpin()

	if !percpu.Private {
		runtime.KeepAlive(c) // until its observation is counted: see Count
		return
	}
	switch state & (stateHot | stateFrozen) {
	case stateHot:
		// This P appeared after the series became hot. Its next observation finds a row, unless
		// there is no memory for the P (see percpu.Grow). Then all its observations go to the
		// shared row.
		percpu.Grow(pid, state&stateIndex)
	case 0:
		if collided && state&stateStuck == 0 && c.use.Add(1)&(1<<collisionBits-1) >= maxCollisions {
			c.promote()
		} else if done%checkEvery == 0 {
			c.check()
		}
	}
}

// check makes the series hot if its last checkEvery observations came fast. One writer in
// checkEvery calls it, unpinned.
func (c *Classic) check() {
	now := uint32(time.Since(epoch)/tick) << collisionBits
	// The time wraps around after three days. Then a slow series can be taken for a busy one, which
	// only costs memory.
	if last := c.use.Swap(now); now-last&^(1<<collisionBits-1) < busyTicks<<collisionBits {
		c.promote()
	}
}

// promote makes the series hot, or stuck if there is no room. It does nothing if the series is
// already hot, if a reader has frozen it, or if another goroutine is allocating or freeing a row at
// this moment. It allocates, and must not be called pinned.
func (c *Classic) promote() {
	if c.state.Load()&stateHot != 0 {
		return
	}
	words := hotBuckets + c.bounds.Buckets()
	index, ok, full := percpu.TryAlloc(words)
	next := stateHot | index
	switch {
	case full:
		next = stateStuck
	case !ok:
		return
	}
	for {
		state := c.state.Load()
		if state&(stateHot|stateFrozen) == 0 && c.state.CompareAndSwap(state, next) {
			break
		}
		if state&(stateHot|stateFrozen) != 0 {
			if ok {
				percpu.Free(index, words)
			}
			return
		}
	}
	if ok {
		runtime.AddCleanup(c, func(index uint32) { percpu.Free(index, words) }, index)
	}
}
