// SPDX-License-Identifier: Apache-2.0

package quantile

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
	"weak"

	"github.com/quipu-metrics/quipu/internal/percpu"
)

const (
	// chunkLen is the number of observations in one chunk. Longer chunks make a merge cheaper for
	// each observation, and the wait for one merge longer. Sorting and merging 1024 of them takes
	// about 10 µs.
	chunkLen = 1024

	// ringLen is the number of chunks of one P, by which it can be ahead of the mergers. They take
	// 72 KiB for each P that observes.
	ringLen = 4

	// In a process that nobody scrapes, an observation waits in the log for a tenth of the age of
	// the log's shortest window at most, but never longer than mostLateness. The window that it
	// counts towards can be wrong by as much. leastLateness keeps the timer from firing too often.
	latenessPart  = 10
	mostLateness  = 10 * time.Second
	leastLateness = 10 * time.Millisecond
)

// Log collects the observations of all windows of a program or a registry. Its memory depends on
// the number of Ps and not on the number of windows: every P that observes has a ring of up to four
// chunks of 1024 observations. All methods may be called concurrently.
//
// # Who writes each word
//
// A P writes the end of its current chunk, while a goroutine is pinned to it. It writes an entry,
// and then publishes the entry by storing the length of the chunk. A P never writes into a full
// chunk.
//
// The holder of a chunk's mutex may merge entries of the chunk from taken, where the last merge
// ended, to the length. After the holder has merged a full chunk, it stores length 0, and so gives
// the chunk back to the P. So each observation is in exactly one chunk until a merge has brought it
// into its window, and a Drain, which locks each chunk in turn, neither misses one nor merges one
// twice.
//
// A holder that stops holds up only goroutines that want to merge the same chunk: the P goes on
// into its next one. A goroutine that is pinned cannot be preempted. If the operating system stops
// its thread before it has stored the length, the entry is not published yet, and its Observe has
// not returned.
type Log struct {
	// Every Observe reads these words, and they are written rarely. They share a cache line with
	// nothing that changes often.
	rings atomic.Pointer[[]*ring]
	armed atomic.Bool // a timer is running that calls tick
	_     [48]byte

	lateness atomic.Int64  // period of the timer, a time.Duration; it never grows
	timer    atomic.Uint64 // number of the newest timer, the only one whose ticks count

	clock   func() time.Time
	mergeFn func() // l.mergeFull: starting the same value each time allocates no closure
	merging atomic.Bool
	capped  atomic.Uint64
	windows atomic.Uint32 // number of Init calls so far
	grow    sync.Mutex    // held while rings are made
	shared  sync.Mutex    // takes the place of pinning in builds where nothing is private to a P
	spare   [4]atomic.Pointer[scratch]
}

// entry is one observation.
type entry struct {
	w *Window
	v float64
}

// chunk is a run of observations of one P.
type chunk struct {
	n uint64 // length: see Log
	_ [56]byte

	mu    sync.Mutex
	taken int // number of entries that have been merged
	pos   int // place in the ring, which is fixed
	_     [40]byte

	entries [chunkLen]entry
}

// ring holds the chunks of one P. A chunk is made when it is first needed, and stays.
type ring struct {
	current atomic.Pointer[chunk] // only the pinned P changes it
	chunks  [ringLen]atomic.Pointer[chunk]
	_       [128 - 8*(1+ringLen)]byte
}

// NewLog returns an empty log. The clock says which slice of a window an observation belongs to. A
// nil clock is [time.Now]. The clock must not panic, and must not call back into the package.
func NewLog(clock func() time.Time) *Log {
	if clock == nil {
		clock = time.Now
	}
	l := &Log{clock: clock}
	l.lateness.Store(int64(mostLateness))
	l.mergeFn = l.mergeFull
	l.rings.Store(&[]*ring{})
	return l
}

func (l *Log) now() time.Time { return l.clock() }

// Observe records v for w, which has been set up with this log. It allocates nothing and does not
// wait for a scrape (BenchmarkObserveUnsaturated). NaN adds to the count only. Infinities are
// ordinary values at the ends. -0 equals 0. Observe panics when the log or the window has not been
// set up.
//
// About once in 1024 calls on a P its chunk is full, and Observe takes the next one. When
// observations arrive faster than they are merged, all four chunks are full, and Observe merges one
// of them itself: this bounds the memory of the log. It never waits for a chunk that another
// goroutine is merging. Only when others are merging all four does it put its one observation into
// the window directly. Then it may wait for a merge or a read of that window.
func (l *Log) Observe(w *Window, v float64) {
	// Everything that can be nil is read before pinning, because nothing recovers from a fault
	// while pinned. More rings may be there when this goroutine is pinned: if the one of its P is
	// missing here, observeSlowly loads them again.
	if w.log != l {
		panic("quantile: Observe of a window that was not set up with this log")
	}
	rings := *l.rings.Load()
	if !percpu.Private {
		l.shared.Lock()
	}
	pid := percpu.Pin()
	if pid < len(rings) {
		c := rings[pid].current.Load()
		if n := percpu.Load(&c.n); n < chunkLen {
			c.entries[n] = entry{w, v}
			percpu.Store(&c.n, n+1)
			armed := l.armed.Load()
			percpu.Unpin()
			if !percpu.Private {
				l.shared.Unlock()
			}
			if !armed {
				l.arm()
			}
			return
		}
	}
	percpu.Unpin()
	if !percpu.Private {
		l.shared.Unlock()
	}
	l.observeSlowly(w, v)
}

// observeSlowly is Observe for a P that has no ring yet or whose current chunk is full. Each turn
// of the loop pins again, perhaps to another P. It records the observation, or makes the room that
// was missing.
func (l *Log) observeSlowly(w *Window, v float64) {
	for range 16 {
		switch l.tryObserve(w, v) {
		case advanced:
			l.startMerging()
			fallthrough
		case recorded:
			if !l.armed.Load() {
				l.arm()
			}
			return
		case noRoom:
			l.observeDirectly(w, v)
			return
		case retry:
		}
	}
	l.observeDirectly(w, v)
}

type outcome int

const (
	recorded outcome = iota
	advanced         // the observation is recorded, and a full chunk is left behind
	retry            // a ring or a chunk was made, or a chunk was merged
	noRoom           // every chunk of the P is full, and other goroutines are merging them
)

func (l *Log) tryObserve(w *Window, v float64) outcome {
	if !percpu.Private {
		l.shared.Lock()
		defer l.shared.Unlock()
	}
	pid := percpu.Pin()
	rings := *l.rings.Load()
	if pid >= len(rings) {
		percpu.Unpin()
		l.addRings(pid + 1)
		return retry
	}
	r := rings[pid]
	c, done := r.current.Load(), recorded
	if percpu.Load(&c.n) == chunkLen {
		next, missing := r.vacant(c.pos)
		if next == nil {
			percpu.Unpin()
			switch {
			case missing >= 0:
				r.chunks[missing].CompareAndSwap(nil, &chunk{pos: missing})
				return retry
			case l.help(r):
				return retry
			}
			return noRoom
		}
		// A chunk that is not current is full or empty. From this store on any goroutine may merge
		// the one that is left behind.
		r.current.Store(next)
		c, done = next, advanced
	}
	n := percpu.Load(&c.n)
	c.entries[n] = entry{w, v}
	percpu.Store(&c.n, n+1)
	percpu.Unpin()
	return done
}

// observeDirectly merges one observation into its window.
func (l *Log) observeDirectly(w *Window, v float64) {
	s := l.takeScratch()
	one := [1]entry{{w, v}}
	s.merge(one[:], l.now())
	l.giveScratch(s)
}

// vacant returns a chunk of the ring that is not full, beginning with the one after pos. If there
// is none, it returns the place of a chunk that has not been made yet, or -1 if all have.
func (r *ring) vacant(pos int) (c *chunk, missing int) {
	for i := range ringLen {
		at := (pos + 1 + i) % ringLen
		if c := r.chunks[at].Load(); c == nil {
			return nil, at
		} else if atomic.LoadUint64(&c.n) < chunkLen {
			return c, -1
		}
	}
	return nil, -1
}

// help makes room: it merges one full chunk of the ring that no other goroutine is merging. It
// reports whether there was one.
func (l *Log) help(r *ring) bool {
	for i := range r.chunks {
		c := r.chunks[i].Load()
		if atomic.LoadUint64(&c.n) == chunkLen && c.mu.TryLock() {
			l.mergeLocked(c)
			return true
		}
	}
	return false
}

// addRings makes sure that the Ps 0 to n-1 have a ring.
func (l *Log) addRings(n int) {
	l.grow.Lock()
	defer l.grow.Unlock()
	rings := slices.Clone(*l.rings.Load())
	for len(rings) < n {
		r := new(ring)
		c := new(chunk)
		r.chunks[0].Store(c)
		r.current.Store(c)
		rings = append(rings, r)
	}
	l.rings.Store(&rings)
}

// Drain merges every observation whose Observe finished before Drain began. Observers go on
// meanwhile, and Drain may or may not merge their observations. Drain waits for merges that are
// under way, for the time of one merge each (BenchmarkMerge).
func (l *Log) Drain() { l.drain() }

// drain returns the number of observations that it has merged itself.
func (l *Log) drain() (merged int) {
	for _, r := range *l.rings.Load() {
		for i := range r.chunks {
			if c := r.chunks[i].Load(); c != nil {
				c.mu.Lock()
				merged += l.mergeLocked(c)
			}
		}
	}
	return merged
}

// mergeLocked merges the entries of a chunk that are not merged yet. The caller holds the chunk's
// mutex, and mergeLocked unlocks it. It returns the number of entries that it has merged.
//
// Until the mutex is unlocked the chunk can become full at any time, and other mergers leave it to
// the holder. So mergeLocked looks at the chunk once more after unlocking it. If the chunk is full,
// it locks and merges the chunk again, or finds that another goroutine holds the mutex, which then
// looks once more itself. A P needs 1024 observations to fill a chunk that has just been given
// back, so the second look is usually the last.
func (l *Log) mergeLocked(c *chunk) (merged int) {
	for {
		merged += l.mergeFresh(c)
		if atomic.LoadUint64(&c.n) < chunkLen || !c.mu.TryLock() {
			return merged
		}
	}
}

// mergeFresh merges the entries from taken on, and unlocks the chunk.
func (l *Log) mergeFresh(c *chunk) (merged int) {
	defer c.mu.Unlock()
	n := int(atomic.LoadUint64(&c.n))
	if fresh := c.entries[c.taken:n]; len(fresh) > 0 {
		s := l.takeScratch()
		s.merge(fresh, l.now())
		l.giveScratch(s)
		clear(fresh) // a series that is gone must not be kept alive from here
		merged = len(fresh)
	}
	c.taken = n
	if n == chunkLen {
		c.taken = 0
		atomic.StoreUint64(&c.n, 0) // from here on the chunk is its P's
	}
	return merged
}

// startMerging starts a goroutine that merges full chunks, unless one is running. The goroutine
// ends by itself as soon as there is no full chunk, and it waits for merges only. So a caller need
// not stop it.
func (l *Log) startMerging() {
	if l.merging.CompareAndSwap(false, true) {
		go l.mergeFn()
	}
}

// mergeFull merges full chunks until none is left that other goroutines are not merging.
func (l *Log) mergeFull() {
	for {
		for l.mergeRound() {
		}
		l.merging.Store(false)
		// A P that left a full chunk after the last round saw that a merger was running, and
		// started none. So look once more.
		if !l.mergeRound() || !l.merging.CompareAndSwap(false, true) {
			return
		}
	}
}

// mergeRound goes over all chunks once, and reports whether it has merged any. It leaves out chunks
// that other goroutines are merging.
func (l *Log) mergeRound() (merged bool) {
	for _, r := range *l.rings.Load() {
		for i := range r.chunks {
			c := r.chunks[i].Load()
			if c != nil && atomic.LoadUint64(&c.n) == chunkLen && c.mu.TryLock() {
				l.mergeLocked(c)
				merged = true
			}
		}
	}
	return merged
}

// arm starts the timer that drains a log that nobody scrapes.
func (l *Log) arm() {
	if l.armed.CompareAndSwap(false, true) {
		l.startTimer()
	}
}

// shortenPeriod makes observations wait no longer than suits a window of this age.
//
// A timer with the old period may be running, and fire long after the first observations of the new
// window. So shortenPeriod starts another timer in its place. A goroutine that arms the log sets
// armed first and then loads the period. shortenPeriod stores the period first and then loads
// armed. So either the timer that is being started has the new period, or shortenPeriod sees that
// the log is armed.
func (l *Log) shortenPeriod(age time.Duration) {
	period := int64(max(age/latenessPart, leastLateness))
	for old := l.lateness.Load(); period < old; old = l.lateness.Load() {
		if l.lateness.CompareAndSwap(old, period) {
			if l.armed.Load() {
				l.startTimer()
			}
			return
		}
	}
}

// startTimer starts a timer in the place of the one that is running, if any. That one ends when it
// fires.
func (l *Log) startTimer() {
	number := l.timer.Add(1)
	l.later(func(l *Log) { l.tick(number) })
}

// later calls f after a period, but not if the log has been collected meanwhile: the timer keeps
// neither the log nor its windows alive. It makes a new timer each time and resets none, because a
// timer that was made inside a testing/synctest bubble must not be touched from outside.
func (l *Log) later(f func(*Log)) {
	held := weak.Make(l)
	time.AfterFunc(time.Duration(l.lateness.Load()), func() {
		if l := held.Value(); l != nil {
			f(l)
		}
	})
}

// tick drains the log, and starts the timer again if there was anything to drain.
//
// If there was nothing, tick disarms the log, and the next Observe arms it. An Observe that is
// under way may have seen the log armed while its entry was not visible to tick yet: on amd64 a
// plain store publishes the entry, and the load of armed can overtake it. So the log is drained one
// last time a period later.
//
// A timer that shortenPeriod starts meanwhile has a higher number, and goes on by itself. If this
// tick disarms the log at that moment, the next Observe starts one more timer with an even higher
// number. So there always is a timer that counts, and never more than one.
func (l *Log) tick(number uint64) {
	if number != l.timer.Load() {
		return
	}
	if l.drain() > 0 {
		l.later(func(l *Log) { l.tick(number) })
		return
	}
	l.armed.Store(false)
	l.later((*Log).Drain)
}

// Capped returns the number of merges that found a stream at its limit of tuples, and so made its
// error coarser than stated. It is 0 unless epsilons are very small and the order of the
// observations was chosen against the method.
func (l *Log) Capped() uint64 { return l.capped.Load() }

// takeScratch returns working memory for one merge. The log keeps a few of them; when more
// goroutines merge at the same time, takeScratch allocates.
func (l *Log) takeScratch() *scratch {
	for i := range l.spare {
		if s := l.spare[i].Swap(nil); s != nil {
			return s
		}
	}
	return new(scratch)
}

func (l *Log) giveScratch(s *scratch) {
	for i := range l.spare {
		if l.spare[i].CompareAndSwap(nil, s) {
			return
		}
	}
}
