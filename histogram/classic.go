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

// Classic counts the observations of one series in the buckets of a [Bounds]. All its methods may be called
// concurrently. It must be set up by [Classic.Init] before use and not be copied after that. It is meant to be embedded
// by value in the handle that users hold.
//
// Observing takes no lock. A series starts out cold: one shared row of words, updated with atomic read-modify-writes.
// Contention or sustained use makes it hot: then each P has a row of its own, which only it writes, with ordinary
// stores. The shared row keeps what it has, so a series is the sum of its rows. Once hot, a series stays hot until its
// handle is collected.
//
// # The hot row
//
//	done | sum 0 | sum 1 | buckets ...
//
// With n observations made, the sum is in word n&1, and observation n+1, the (only) writer's next, is:
//
//  1. sum[(n+1)&1] = sum[n&1] + v
//  2. bucket[i]++
//  3. done = n+1
//
// Step 2 is the instant at which the observation happens. Before it, the buckets total n and sum[n&1] is their sum;
// after it, they total n+1 and sum[(n+1)&1] is, untouched until observation n+3 begins its own step 1, that is, after
// two more values of done. So a writer may stop for good between any two steps and the row still tells the whole truth.
//
// A reader copies done, the buckets, the sum word that the copied total selects, and done again, in this order, and has
// a true copy if done did not move. Proof: let both reads of done give n. Only observation n+1 can have taken steps in
// between, and its step 2 at most once, so the copied buckets are those before step 2 or those after it, and total n or
// n+1 accordingly. If n: sum[n&1] is not written before done is n+1. If n+1: step 1, being earlier than the step 2 that
// was seen, is visible, and that word is not written again before done is n+2. Both stores and loads keep their order:
// see percpu.Store for the writer; the reader's loads are atomic.
//
// # The shared row
//
//	done | sum | buckets ...
//
// An observation by one of many writers is bucket[i] += 1, then sum += v (a CAS), then done += 1. A reader copies done,
// then the sum, then the buckets, and has a true copy if the buckets total done. Proof: observations counted in done
// have added to the sum before done was read, those in the sum have added to a bucket before the sum was read, so the
// copied done, sum and buckets stand for three sets, each inside the next; if the first and the last are of one size all
// are the same. Here a writer that stops between its steps spoils the copies made meanwhile. To make that rare, writers
// stay pinned, so only the operating system can stop them.
//
// # Busy rows
//
// A copy of a row that is written all the time seldom succeeds. After a few attempts the reader raises the frozen bit of
// the state word, which writers load anyway: those that see it go to another row, the shared one if the series is hot
// and a spare one if not. A hot row then has a few observations left to come: one from a writer that loaded the state
// before, and those that the CPU holds in its store buffer. Each can spoil one more attempt, four have been seen to, and
// then one succeeds: nobody waits for anybody. See [Classic.Snapshot].
type Classic struct {
	bounds *Bounds
	shared []uint64

	// state is a hot row's index and the bits below. Written when a series becomes hot and by a reader that freezes.
	state atomic.Uint32
	// use remembers how busy the shared row is: the time of a check in the high bits, collisions since in the low ones.
	use atomic.Uint32

	// spare is a second shared row for a series that is busy, cannot be hot, and is being read. Set once, by a reader.
	spare atomic.Pointer[[]uint64]

	// reading makes readers that freeze take turns. Writers never touch it.
	reading sync.Mutex
}

// Words of a row. The shared row needs one sum only.
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
	stateFrozen = 1 << 29 // a reader is copying: write elsewhere
	stateStuck  = 1 << 28 // no room to become hot was found at the last attempt
)

// A shared row becomes hot after maxCollisions failed CASes within checkEvery observations, or when checkEvery
// observations take less than busyTicks, twice in a row: 10 000 a second. Below that rate the LOCK prefixes cost the
// process under 0.1 % of one CPU, and a row per P would be memory for nothing.
const (
	checkEvery    = 1024
	maxCollisions = 8
	tick          = 16 * time.Millisecond
	busyTicks     = 6
	collisionBits = 8
)

// epoch is the time from which use counts ticks. It never changes.
var epoch = time.Now()

// Init sets c up, empty, over bounds. It must come before any other method and must not run concurrently with one.
func (c *Classic) Init(bounds *Bounds) {
	c.bounds = bounds
	c.shared = make([]uint64, sharedBuckets+bounds.Buckets())
}

// Bounds returns what Init got.
func (c *Classic) Bounds() *Bounds { return c.bounds }

// Observe counts v. Upper bounds are inclusive. NaN counts in the +Inf bucket and leaves the sum alone; infinities count
// in the first or the +Inf bucket and make the sum what IEEE 754 arithmetic makes it.
//
// It takes no lock, does not wait for readers, and does not allocate but once, when the series becomes hot.
func (c *Classic) Observe(v float64) {
	// What Bucket does first, without its call: 1 ns of 10.
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
		// Always so unless row is nil. In this form the compiler sees that no index below can be out of range.
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
			// The rows are given back when c is collected, which must not happen before the last store.
			runtime.KeepAlive(c)
			return
		}
	}
	c.observeShared(i, v, pid, state)
}

// observeShared is the rest of Observe for every case but the common one. It is called pinned and unpins.
func (c *Classic) observeShared(i int, v float64, pid int, state uint32) {
	row := c.shared
	if state&(stateHot|stateFrozen) == stateFrozen {
		row = *c.spare.Load() // set before the bit was
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
		return
	}
	switch state & (stateHot | stateFrozen) {
	case stateHot:
		// This P appeared after the series became hot. Its next observation finds a row, or there is no memory for the
		// P to be had (see percpu.Grow) and all of them go to the shared row.
		percpu.Grow(pid, state&stateIndex)
	case 0:
		if collided && state&stateStuck == 0 && c.use.Add(1)&(1<<collisionBits-1) >= maxCollisions {
			c.promote()
		} else if done%checkEvery == 0 {
			c.check()
		}
	}
}

// check makes the series hot if its last checkEvery observations came fast. One writer in checkEvery calls it, unpinned.
func (c *Classic) check() {
	now := uint32(time.Since(epoch)/tick) << collisionBits
	// The time wraps around after three days, at which a slow series can be taken for a busy one: it costs memory only.
	if last := c.use.Swap(now); now-last&^(1<<collisionBits-1) < busyTicks<<collisionBits {
		c.promote()
	}
}

// promote makes the series hot, or stuck if there is no room. It is a no-op if the series is hot already, a reader is at
// work, or another goroutine is taking or giving back a row just now. It allocates, and must not be called while pinned.
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
