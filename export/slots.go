// SPDX-License-Identifier: Apache-2.0

package export

import (
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"time"
)

const (
	// stallTime is how long a reader may hold up one write while a single scrape waits for its slot. Loopback and local
	// networks take a chunk in less than a millisecond, a link of 10 Mbit/s in 50. When scrapes wait and wait, it gets
	// shorter, the more of them there are: see slots.grace.
	stallTime = 200 * time.Millisecond

	// slowTime is how long a reader may hold up the writes of one page together while scrapes wait for slots: a reader
	// that takes each chunk just in time is cut too, though later than one that stalls.
	slowTime = 2 * time.Second

	// hurryTime is how long the first scrape in the queue has waited when stallTime is shortened, and quietTime how long no
	// scrape has ended by itself: a crowd of healthy scrapes on a busy machine is no reason to cut any.
	hurryTime = 250 * time.Millisecond
	quietTime = 50 * time.Millisecond

	// cutInterval is how often the first scrape in the queue looks for a reader to cut, at least.
	cutInterval = 10 * time.Millisecond
)

// longAgo is a write deadline that ends the write under way.
var longAgo = time.Unix(1, 0)

// slots bounds the scrapes that are served at once. A scrape beyond the bound waits, first come, first served, and gets
// the slot of a scrape that ends, or of the reader that has been stalled longest: that reader's page is cut.
//
// The slot passes on at once, whether or not the write under way can be interrupted. A page that was cut goes on without
// a slot until its write returns: at once where the response has write deadlines, and when its client reads or goes
// away where it has none (a wrapper without Unwrap, an HTTP/2 connection that is itself blocked). Such a page still holds
// its chunk of 64 KiB and its compressor of about 1 MiB, so when as many are held as there are slots, further pages go
// out uncompressed (see stuck): past that bound a blocked connection costs a chunk, and how many connections there may be
// is the server's to say.
//
// One remote address gets three quarters of the slots at most, and one HTTP/2 connection half of them, so that there is
// room for others without a cut. Neither is ever shut out, since many scrapers may be behind one address: within its
// share the longest stalled reader makes way.
//
// Who writes what: mu guards the fields of slots, and those of every slot but interrupt and deadline. The handler's
// goroutine changes deadline only outside writes, and others read it only after they have seen writing set, under mu. A
// slot is cut at most once, because a cut takes it out of held. Whoever cuts it locks interrupt under mu, then leaves mu and
// sets the deadline; leave waits for interrupt, so nobody touches a response after its handler has returned.
type slots struct {
	most, perAddress, perConn int

	mu      sync.Mutex
	held    []*slot
	queue   []*waiter // the first one looks for readers to cut
	stuck   int       // slots that were cut and whose handler has not returned
	lastEnd time.Time // when a scrape last ended by itself
}

// slot is a scrape at work, or waiting to be.
type slot struct {
	client    client
	deadline  deadliner     // nil where the response has none
	writing   time.Time     // when the write under way began; zero outside writes
	waited    time.Duration // for the writes before it
	cut       bool
	interrupt sync.Mutex // held while another goroutine sets the deadline
}

// waiter is a scrape in the queue.
type waiter struct {
	slot  *slot
	since time.Time
	wake  chan struct{} // of capacity 1; the waiter has a slot, or is the first in the queue
	has   bool          // a slot
}

// client says which scrapes share a bound. Fields that are zero share none.
type client struct {
	address netip.Prefix // of an IPv6 client the /64, of which one host has all addresses
	conn    string       // an HTTP/2 connection
}

func clientOf(r *http.Request) (c client) {
	if from, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		address, bits := from.Addr().Unmap(), 64
		if address.Is4() {
			bits = 32
		}
		c.address, _ = address.Prefix(bits) // invalid, and without a bound, for addresses with a zone
	}
	if r.ProtoMajor >= 2 {
		c.conn = r.RemoteAddr
	}
	return c
}

func newSlots(most int) *slots {
	return &slots{most: most, perAddress: most - most/4, perConn: most - most/2, held: make([]*slot, 0, most)}
}

// enter takes a slot, waiting for one for a while. The request's context is not asked: it is also done when the client
// has only closed its own half of the connection and still reads.
func (s *slots) enter(entering *slot, patience time.Duration) bool {
	s.mu.Lock()
	if share, _ := s.full(entering.client); share == shareNone {
		s.held = append(s.held, entering)
		s.mu.Unlock()
		return true
	}
	w := &waiter{slot: entering, since: time.Now(), wake: make(chan struct{}, 1)}
	s.queue = append(s.queue, w)
	s.mu.Unlock()
	return s.wait(w, patience)
}

func (s *slots) wait(w *waiter, patience time.Duration) bool {
	end := time.NewTimer(patience)
	defer end.Stop()
	look := time.NewTimer(0)
	defer look.Stop()
	for patient := true; ; {
		var victims []*slot
		s.mu.Lock()
		if !w.has && s.queue[0] == w {
			now := time.Now()
			victims = s.cut(now)
			look.Reset(s.nextLook(now))
		}
		has := w.has
		if !has && !patient {
			s.dequeue(slices.Index(s.queue, w))
		}
		s.mu.Unlock()
		for _, v := range victims {
			if v.deadline != nil {
				_ = v.deadline.SetWriteDeadline(longAgo) // an error leaves a page that cannot be interrupted
			}
			v.interrupt.Unlock()
		}
		if has || !patient {
			return has
		}
		select {
		case <-w.wake:
		case <-look.C:
		case <-end.C:
			patient = false
		}
	}
}

// leave gives the slot back, if it has not passed on already. Nobody touches the response afterwards.
func (s *slots) leave(left *slot) {
	s.mu.Lock()
	cut := left.cut
	if cut {
		s.stuck--
	} else {
		s.remove(left)
		s.lastEnd = time.Now()
		s.admit()
	}
	s.mu.Unlock()
	if cut {
		left.interrupt.Lock()
		//lint:ignore SA2001 The lock is held while the deadline is set: this waits for that.
		left.interrupt.Unlock()
	}
}

// beginWrite says that the scrape waits for its reader from now on.
func (s *slots) beginWrite(l *slot, now time.Time) {
	s.mu.Lock()
	l.writing = now
	s.mu.Unlock()
}

// endWrite says that it does no longer, and reports whether the page was cut meanwhile.
func (s *slots) endWrite(l *slot) (cut bool) {
	s.mu.Lock()
	l.waited += time.Since(l.writing)
	l.writing = time.Time{}
	cut = l.cut
	s.mu.Unlock()
	return cut
}

// crowded reports whether pages that were cut and never returned hold as much memory as they may.
func (s *slots) crowded() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stuck >= s.most
}

// share is the group of slots that a scrape has to wait for. All its methods and those below are called under mu.
type share uint8

const (
	shareNone    share = iota
	shareAll           // any slot
	shareAddress       // a slot of the same address
	shareConn          // a slot of the same connection
)

// full returns the smallest share that is used up for a client, and who is in it.
func (s *slots) full(c client) (share, func(*slot) bool) {
	sameAddress, sameConn := 0, 0
	for _, h := range s.held {
		if c.address.IsValid() && h.client.address == c.address {
			sameAddress++
		}
		if c.conn != "" && h.client.conn == c.conn {
			sameConn++
		}
	}
	switch {
	case sameConn >= s.perConn:
		return shareConn, func(h *slot) bool { return h.client.conn == c.conn }
	case sameAddress >= s.perAddress:
		return shareAddress, func(h *slot) bool { return h.client.address == c.address }
	case len(s.held) >= s.most:
		return shareAll, func(*slot) bool { return true }
	}
	return shareNone, nil
}

// grace is how long a reader may stall. For a scrape with q others before it, and n slots, dividing by 1+q/n makes the wait
// about hurryTime plus ln(1+q/n) times stallTime, less than the second that a scrape has for it up to a queue of 20 times
// the slots.
func (s *slots) grace(now time.Time) time.Duration {
	if len(s.queue) == 0 || now.Sub(s.queue[0].since) < hurryTime || now.Sub(s.lastEnd) < quietTime {
		return stallTime
	}
	return stallTime * time.Duration(s.most) / time.Duration(s.most+len(s.queue)-1)
}

// nextLook is when a reader that is stalled now may be cut, or it is time to see who has stalled since.
func (s *slots) nextLook(now time.Time) time.Duration {
	grace, next := s.grace(now), cutInterval
	for _, h := range s.held {
		if left := grace - h.stalled(now); left > 0 {
			next = min(next, left)
		}
	}
	return max(next, time.Millisecond)
}

// admit gives free slots to those in the queue that may have them, in order.
func (s *slots) admit() {
	for i := 0; i < len(s.queue) && len(s.held) < s.most; {
		if share, _ := s.full(s.queue[i].slot.client); share != shareNone {
			i++
			continue
		}
		s.grant(i)
	}
}

// cut takes slots away from stalled readers, for those in the queue, and returns the slots whose writes are to be
// interrupted, with interrupt locked.
func (s *slots) cut(now time.Time) (victims []*slot) {
	grace := s.grace(now)
	mayCut := func(h *slot) bool { return h.stalled(now) >= grace || h.stalled(now) > 0 && h.waited >= slowTime }
	for i := 0; i < len(s.queue) && slices.ContainsFunc(s.held, mayCut); {
		share, within := s.full(s.queue[i].slot.client)
		if share == shareNone {
			s.grant(i)
			continue
		}
		var victim *slot
		for _, h := range s.held {
			if mayCut(h) && within(h) && (victim == nil || h.stalled(now) > victim.stalled(now)) {
				victim = h
			}
		}
		if victim == nil {
			i++ // the stalled readers are outside its share
			continue
		}
		victim.cut = true
		victim.interrupt.Lock() // free: nobody else cuts this slot, and its handler is in a write
		s.stuck++
		s.remove(victim)
		s.grant(i)
		victims = append(victims, victim)
	}
	return victims
}

// stalled is how long the write under way has waited for its reader.
func (l *slot) stalled(now time.Time) time.Duration {
	if l.writing.IsZero() {
		return 0
	}
	return now.Sub(l.writing)
}

// grant moves a scrape from the queue to those at work.
func (s *slots) grant(i int) {
	w := s.queue[i]
	s.held = append(s.held, w.slot)
	w.has = true
	w.wakeUp()
	s.dequeue(i)
}

func (s *slots) dequeue(i int) {
	s.queue = slices.Delete(s.queue, i, i+1)
	if i == 0 && len(s.queue) > 0 {
		s.queue[0].wakeUp()
	}
}

// wakeUp may find that the waiter has been woken already and has not looked yet.
func (w *waiter) wakeUp() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (s *slots) remove(l *slot) {
	i := slices.Index(s.held, l)
	last := len(s.held) - 1
	s.held[i], s.held[last] = s.held[last], nil
	s.held = s.held[:last]
}
