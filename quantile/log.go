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
	// chunkLen is the number of observations in one chunk. Longer chunks make a merge cheaper per observation and the
	// wait for one merge longer; at 1024 sorting and merging take about 10 µs.
	chunkLen = 1024

	// ringLen is the number of chunks of one P: what it can be ahead of the mergers. 72 KiB per busy P in all.
	ringLen = 4

	// An observation waits in the log of a process that nobody scrapes for at most a tenth of the age of the log's
	// shortest window, in these limits: by that much the window that it counts towards can be off.
	latenessPart  = 10
	mostLateness  = 10 * time.Second
	leastLateness = 10 * time.Millisecond
)

// Log collects the observations of all windows of a registry. Memory is O(P): every P that observes owns a ring of up to
// four chunks of 1024 observations, however many windows there are. All methods may be called from several goroutines at
// once.
//
// Who writes what: the P owns the end of its current chunk, pinned. It writes an entry, then publishes it by storing
// the chunk's length; it never touches a full chunk. Whoever holds a chunk's mutex may merge the entries between what has
// been merged already (taken) and the length. A full chunk that has been merged gets length 0 from that holder, which is
// what gives it back to the P. So an observation is in exactly one chunk until the merge that includes it is complete, and a
// Drain that locks each chunk in turn cannot miss it or merge it twice. A holder that is slow or descheduled holds up
// only those who want to merge the same chunk; the P goes on into the next one.
type Log struct {
	// Read by every Observe, written rarely: they share a cache line with nothing that changes often.
	rings atomic.Pointer[[]*ring]
	armed atomic.Bool // a timer will call tick
	_     [48]byte

	lateness atomic.Int64  // the timer's period, a time.Duration; only ever shortened
	timer    atomic.Uint64 // number of the timer whose ticks count, the newest

	clock   func() time.Time
	mergeFn func() // l.mergeFull, made once: starting it allocates no closure
	merging atomic.Bool
	capped  atomic.Uint64
	windows atomic.Uint32 // Init calls so far
	grow    sync.Mutex    // guards the making of rings
	shared  sync.Mutex    // stands in for pinning where nothing is private to a P
	spare   [4]atomic.Pointer[scratch]
}

// entry is one observation.
type entry struct {
	w *Window
	v float64
}

// chunk is a run of observations of one P.
type chunk struct {
	n uint64 // length; see Log
	_ [56]byte

	mu    sync.Mutex
	taken int // entries before this one have been merged
	pos   int // place in the ring, fixed
	_     [40]byte

	entries [chunkLen]entry
}

// ring holds the chunks of one P. They are made when first needed, and stay.
type ring struct {
	current atomic.Pointer[chunk] // only the pinned P changes it
	chunks  [ringLen]atomic.Pointer[chunk]
	_       [128 - 8*(1+ringLen)]byte
}

// NewLog returns an empty log. The clock tells which slice of a window observations belong to; nil means [time.Now]. It
// must not panic and must not call back into the package.
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

// Observe records v for w, which has been set up with this log. It takes about 5 ns, allocates nothing and does not wait
// for a scrape. NaN adds to the count only; infinities are ordinary values at the ends; -0 equals 0. It panics if the log
// or the window has not been set up.
//
// About once in 1024 calls on a P the chunk is full and the next one is taken. If all four are full, because observations
// arrive faster than they can be merged, the caller merges one chunk itself, about 10 µs: this is what bounds memory. It
// never waits for a chunk that somebody else is merging. Only if all are being merged at that moment does it put its
// one observation into the window directly, for which it may wait for a merge or a read of that window.
func (l *Log) Observe(w *Window, v float64) {
	// All that can be nil is looked at before pinning, because nothing recovers from a fault while pinned. The rings may
	// have become more when this goroutine is pinned to a P: if that one's are missing here, observeSlowly looks again.
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

// observeSlowly is Observe when there is no ring yet or the current chunk is full. Every turn of the loop pins anew,
// perhaps on another P, and either records or makes the room it found missing.
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
	advanced         // recorded, and left a full chunk behind
	retry            // something was made or merged
	noRoom           // every chunk of the P is full, and others are merging them
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
		// A chunk that is not current is full or empty. Anybody may merge the one left behind, from before this store on.
		r.current.Store(next)
		c, done = next, advanced
	}
	n := percpu.Load(&c.n)
	c.entries[n] = entry{w, v}
	percpu.Store(&c.n, n+1)
	percpu.Unpin()
	return done
}

// observeDirectly merges one observation at once.
func (l *Log) observeDirectly(w *Window, v float64) {
	s := l.takeScratch()
	one := [1]entry{{w, v}}
	s.merge(one[:], l.now())
	l.giveScratch(s)
}

// vacant returns a chunk of the ring that is not full, looking from the one after pos on, or the place of a chunk that has
// not been made yet, or neither (nil and -1).
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

// help merges one full chunk of the ring, if there is one that nobody else is merging, and so makes room.
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

// addRings makes sure that Ps 0 to n-1 have a ring.
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

// Drain merges everything appended by calls of Observe that finished before Drain began. Observers go on meanwhile, and what
// they append may or may not be included. It waits for merges that are under way, about 10 µs for each.
func (l *Log) Drain() { l.drain() }

// drain returns how many observations it merged itself.
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

// mergeLocked merges what is new in a chunk, whose mutex the caller has locked, and unlocks it.
//
// The chunk can become full at any time until the mutex is unlocked, and a merger that comes by leaves it to the holder.
// So the holder looks once more when it is not one any longer: it merges the chunk, or finds that somebody else has the
// mutex, who looks once more then. A chunk that has just been given back takes its P 1024 observations to fill, so this
// ends at the second look as a rule.
func (l *Log) mergeLocked(c *chunk) (merged int) {
	for {
		merged += l.mergeFresh(c)
		if atomic.LoadUint64(&c.n) < chunkLen || !c.mu.TryLock() {
			return merged
		}
	}
}

// mergeFresh is one turn of mergeLocked.
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

// startMerging starts a goroutine that merges full chunks unless one is running. The goroutine ends by itself as soon as
// there is none left, typically within 100 µs, and waits for nothing but merges: there is nothing for a caller to stop.
func (l *Log) startMerging() {
	if l.merging.CompareAndSwap(false, true) {
		go l.mergeFn()
	}
}

// mergeFull merges full chunks until there are none but those that somebody else is merging.
func (l *Log) mergeFull() {
	for {
		for l.mergeRound() {
		}
		l.merging.Store(false)
		// A P that left a full chunk since the last round saw that a merger was running and started none: look once more.
		if !l.mergeRound() || !l.merging.CompareAndSwap(false, true) {
			return
		}
	}
}

// mergeRound goes over all chunks once and reports whether it merged any. Chunks that somebody else is merging are theirs.
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

// shortenPeriod sees to it that observations wait for no longer than suits a window of this age.
//
// A timer of the old period may be running, and observations of the new window may come long before it fires: a new timer
// takes its place. Whoever arms the log sets armed first and reads the period then; here it is the other way round. So
// either the timer being started has the new period, or it is seen here that the log is armed.
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

// startTimer starts a timer. It takes the place of the one that is running, if there is one, which ends when it fires.
func (l *Log) startTimer() {
	number := l.timer.Add(1)
	l.later(func(l *Log) { l.tick(number) })
}

// later calls f when a period has passed, unless nobody has l any more, and with it its windows: the timer keeps neither
// alive. A new timer each time, never one that is reset: a timer made inside a testing/synctest bubble must not be touched
// from outside it.
func (l *Log) later(f func(*Log)) {
	held := weak.Make(l)
	time.AfterFunc(time.Duration(l.lateness.Load()), func() {
		if l := held.Value(); l != nil {
			f(l)
		}
	})
}

// tick drains, and keeps the timer going while there is something to drain.
//
// When there is nothing, it is disarmed, and the next Observe arms it. An Observe under way just now may have seen it
// armed while its entry was not yet visible here (on amd64 the entry is published with a plain store, which can be
// overtaken by the load of armed), so the log is drained one last time a period later.
//
// A timer started meanwhile, by shortenPeriod, has a higher number and goes on by itself. Should this one disarm the log just
// then, the next Observe starts one more, with a number higher still: there is always one, and never more than one goes
// on.
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

// Capped returns how many merges found a stream at its limit of tuples and made its error coarser than stated. It is 0
// unless an input order is chosen against the method under very small epsilons.
func (l *Log) Capped() uint64 { return l.capped.Load() }

// takeScratch returns working memory for one merge. A few are kept; more mergers than that at once allocate.
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
