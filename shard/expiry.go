// SPDX-License-Identifier: Apache-2.0

package shard

import "sync/atomic"

// Expiry makes the series of a map leave that nobody updates. Times are in a unit of the caller's.
//
// The map calls its functions with its mutex locked, so they must not use the map.
type Expiry struct {
	// After is how long a series stays without an update. It is positive.
	After int64

	// Now is the current time.
	Now func() int64

	// Updated reports whether a series was updated since it was last asked. An update that overlaps
	// the call may be left to the next call.
	Updated func(n *Node) bool

	// Flush makes Updated see the updates that had finished before, where it does not see them by
	// itself. It is called when a series is about to leave. It may be nil.
	Flush func()

	// Age returns where the map keeps the age of a series: beside its Node.
	Age func(n *Node) *Age
}

// Age is what a map with [Expiry] notes of a series. Map.mu guards it.
type Age struct {
	last   int64  // when an update was last noticed
	notice uint32 // by whom: see expiring.walks
}

const (
	// sweepBatch is how many series a sweep looks at before it lets creations and deletions come
	// between. It takes some microseconds.
	sweepBatch = 64

	// sweepStep is how many series a creation looks at. It is more than one, so that the looks go
	// round the roster faster than it grows.
	sweepStep = 4

	// sweepsInLife bounds how often lookups that want room sweep a full map: this many times in the
	// time that a series stays without an update.
	sweepsInLife = 64

	// unwalkedLives is how many such times may pass between two walks without a series leaving that
	// no walk has shown since its last update. Then creations assume that nobody walks.
	unwalkedLives = 4
)

// expiring is the part of a Map that only maps with Expiry have. Map.mu guards it, but for what is
// atomic.
type expiring struct {
	Expiry
	withdrawn

	// walks counts the walks. It dates updates in the order in which they are shown: what walk w
	// itself notices gets the number 2w and is on its page, and so is all that has a lower number.
	// What is noticed otherwise gets 2w+1 if walk w was the last to begin. It may be on no page
	// yet.
	walks    uint32
	walked   int64                // when the last walk began
	hand     uint32               // the position in the roster where the next creation looks
	due      atomic.Int64         // before then a sweep finds nothing that is expired
	revealed atomic.Pointer[Node] // see Map.reveal

	forgotten func(n *Node) // called by a finalizer that forgets a series; nil but in tests
}

// sweep is a sweep of a map, or the looks of one creation.
type sweep struct {
	now    int64
	notice uint32 // the number of what it notices
	walk   bool   // whether a walk follows
	shown  uint32 // series that were noticed with a higher number stay
	all    bool   // unless this is set
	due    int64  // when the first of the series is expired that are not yet
}

// Sweep prepares a walk of [Map.All] that shows the series to somebody. It makes series leave that
// are expired at the given time, and lists withdrawn series again that were updated, as far as
// there is room. It allocates nothing as long as no series leaves. It may be called concurrently,
// and does nothing in a map without [Expiry].
//
// An update is dated by the first walk that shows it. Before that its series does not leave, unless
// a lookup wants its room, or nobody walks.
//
// A series that leaves is withdrawn: as long as somebody has its handle, a lookup of its labels
// returns it and lists it again. If it is updated it comes back with its value, by the next walk or
// when its handle is dropped, whichever is first. Without room for it, it waits: see [Map.Waiting].
func (m *Map) Sweep(now int64) {
	x := m.expiring
	if x == nil {
		return
	}
	m.mu.Lock()
	s := sweep{now: now, walk: true, shown: 2 * x.walks}
	x.walks++
	s.notice = 2 * x.walks
	x.walked = now
	m.mu.Unlock()
	m.sweepListed(&s)
	m.sweepWithdrawn(&s)
}

// now is the time for what is noted of a series. The caller holds mu, and reads it anew each time.
// Otherwise a goroutine that is stopped between a look at the clock and the lock would note a time
// long ago, and a series with an update that no walk has shown would leave at once if a lookup
// wanted its room.
func (x *expiring) now() int64 {
	if x == nil {
		return 0
	}
	return x.Now()
}

// unshown is the number of what is noticed, but not by a walk. The caller holds mu.
func (x *expiring) unshown() uint32 { return 2*x.walks + 1 }

// sweepListed withdraws the listed series that are expired, and sets due. A series that is created
// or updated from now on is due later than one that was updated at this moment.
func (m *Map) sweepListed(s *sweep) {
	s.due = s.now + m.expiring.After
	r := m.roster.Load() // as a walk does: series that are listed from here on are not met
	for i, length := uint32(0), r.length.Load(); i < length; {
		m.mu.Lock()
		if !s.walk { // what a walk notices is on its page, whatever the time
			s.now = m.expiring.now()
		}
		for end := min(i+sweepBatch, length); i < end; i++ {
			m.look(r.at(i).Load(), s)
		}
		m.mu.Unlock()
	}
	m.expiring.due.Store(max(s.due, s.now+m.expiring.After/sweepsInLife))
}

// look withdraws a series of some roster if it is listed and expired. The overflow series stays.
// The caller holds mu.
func (m *Map) look(n *Node, s *sweep) {
	if n == nil || n.slot.Load()&(flagGone|flagWithdrawn) != 0 || n == m.overflow.Load() {
		return
	}
	x := m.expiring
	age, updated := x.Age(n), x.Updated(n)
	if !updated && s.now-age.last >= x.After && x.Flush != nil {
		x.Flush()
		updated = x.Updated(n)
	}
	age.last = min(age.last, s.now) // it is later only if the clock was set back
	switch {
	case updated:
		*age = Age{s.now, s.notice}
	case s.now-age.last < x.After:
	case s.all || int32(age.notice-s.shown) <= 0:
		m.withdraw(n)
		return
	case s.walk:
		// This walk shows it. Nobody takes it away until it has.
		*age = Age{s.now, s.notice}
	}
	s.due = min(s.due, max(age.last+x.After, s.now))
}

// stillFull is full after a sweep that may have made room. It also returns nil if there are
// withdrawn series, one of which may be the one that is looked up.
func (m *Map) stillFull() (*Node, Limit) {
	switch m.reached() {
	case NoLimit:
		return nil, NoLimit
	case BudgetLimit:
		if b := m.budget.Load(); b != nil {
			b.sweepForRoom()
		}
	}
	if m.mayFindRoom() {
		return nil, NoLimit
	}
	return m.full()
}

// mayFindRoom sweeps a map with Expiry if a series may be expired. It reports whether a withdrawn
// series may be the one that a lookup wants.
func (m *Map) mayFindRoom() bool {
	if m.expiring == nil {
		return false
	}
	m.sweepForRoom(m.expiring.Now())
	return m.expiring.count.Load() > 0
}

// created notes the age of a new series and looks at a few others. The caller holds mu.
func (m *Map) created(n *Node, now int64) {
	*m.expiring.Age(n) = Age{now, 2 * m.expiring.walks} // no walk must show it before it is updated
	m.sweepSome(now)
}

// sweepSome looks at the next few positions of the roster. Creations call it, so that a map that
// nobody walks does not grow for ever. The caller holds mu.
func (m *Map) sweepSome(now int64) {
	x, r := m.expiring, m.roster.Load()
	s := sweep{now: now, notice: x.unshown(), shown: 2 * x.walks}
	s.all = (now-x.walked)/unwalkedLives >= x.After
	for range min(sweepStep, r.length.Load()) {
		if x.hand >= r.length.Load() {
			x.hand = 0
		}
		n := r.at(x.hand).Load()
		x.hand++
		m.look(n, &s)
		if m.roster.Load() != r {
			return // n has left, and the roster was compacted
		}
	}
}

// sweepForRoom sweeps the map if something may be expired.
func (m *Map) sweepForRoom(now int64) {
	x := m.expiring
	if now < x.due.Load() {
		return
	}
	m.mu.Lock()
	s := sweep{now: now, notice: x.unshown(), all: true}
	m.mu.Unlock()
	m.sweepListed(&s)
}

// Expired returns how many times a series has left because it was expired.
func (m *Map) Expired() uint64 {
	if m.expiring == nil {
		return 0
	}
	return m.expiring.total.Load()
}

// Waiting returns how many series were updated after they had left and find no room to come back.
// They are kept until they do, even if nobody has their handles any more.
func (m *Map) Waiting() int {
	if m.expiring == nil {
		return 0
	}
	return int(m.expiring.waiting.Load())
}
