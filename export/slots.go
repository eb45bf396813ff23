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
	// stallTime is how long a reader may hold up one write while a scrape waits for a slot.
	// Loopback and local networks take a chunk in less than a millisecond, a link of 10 Mbit/s in
	// 50. The time gets shorter when scrapes have waited for long, the more of them there are: see
	// slots.grace.
	stallTime = 200 * time.Millisecond

	// slowTime is how long a reader may hold up all writes of one page together while scrapes wait
	// for slots. So a reader that takes each chunk just in time is cut off too, though later than
	// one that stalls.
	slowTime = 2 * time.Second

	// hurryTime and quietTime say when stallTime is shortened: the first scrape in the queue has
	// waited for hurryTime, and no scrape has ended by itself for quietTime. A crowd of healthy
	// scrapes on a busy machine is no reason to cut any of them off.
	hurryTime = 250 * time.Millisecond
	quietTime = 50 * time.Millisecond

	// cutInterval is the longest time between two searches for a reader to cut off.
	cutInterval = 10 * time.Millisecond
)

// longAgo is a write deadline in the past, which ends the write under way.
var longAgo = time.Unix(1, 0)

// slots bounds the number of concurrent scrapes. A scrape beyond the bound waits in a queue. It
// gets the slot of a scrape that ends, or of the reader that has been stalled longest, whose page
// is cut off.
//
// The slot passes on at once, whether or not the write under way can be interrupted. The page that
// was cut off continues without a slot until its write returns. That is at once if the response has
// write deadlines. If it has none (because of a wrapper without Unwrap, or of a blocked HTTP/2
// connection), the write returns when the client reads or disconnects. Until then the page holds
// its chunk of 64 KiB and its compressor of a third of a MiB. When there are as many such pages as
// slots (see stuck), further pages are not compressed, so that a blocked connection costs no more
// than a chunk. The number of connections is for the server to bound.
//
// One remote address gets three quarters of the slots at most, and one HTTP/2 connection half of
// them, so that others find a free slot. Neither is ever shut out, because many scrapers may have
// one address: within its share, a waiting scrape gets the slot of the reader that has been stalled
// longest.
//
// Concurrency: mu guards the fields of slots, and those of every slot except interrupt and
// deadline. The handler's goroutine changes deadline only outside writes. Other goroutines read it
// only after they have seen writing set, under mu. A slot is cut off at most once, because a cut
// takes it out of held. The goroutine that cuts a slot off locks interrupt under mu, unlocks mu,
// sets the deadline, and unlocks interrupt. leave waits for interrupt, so no goroutine touches a
// response after its handler has returned.
type slots struct {
	most, perAddress, perConn int

	mu      sync.Mutex
	held    []*slot
	queue   []*waiter // the first one looks for readers to cut
	stuck   int       // slots that were cut off and whose handlers have not returned
	lastEnd time.Time // when a scrape last ended by itself
}

// slot is a scrape that is being served, or that waits for a slot.
type slot struct {
	client    client
	deadline  deadliner     // nil if the response has none
	writing   time.Time     // when the write under way began; zero outside writes
	waited    time.Duration // for the writes before it
	cut       bool
	interrupt sync.Mutex // held while another goroutine sets the deadline
}

// waiter is a scrape in the queue.
type waiter struct {
	slot  *slot
	since time.Time
	wake  chan struct{} // of capacity 1; sent to when the waiter has got a slot, or is the first in the queue
	has   bool          // a slot
}

// client tells which scrapes share a bound. A zero field means that there is no such bound.
type client struct {
	address netip.Prefix // the /64 of an IPv6 client, because one host has all its addresses
	conn    string       // an HTTP/2 connection
}

func clientOf(r *http.Request) (c client) {
	if from, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		address, bits := from.Addr().Unmap(), 64
		if address.Is4() {
			bits = 32
		}
		c.address, _ = address.Prefix(bits) // invalid, and so without a bound, for addresses with a zone
	}
	if r.ProtoMajor >= 2 {
		c.conn = r.RemoteAddr
	}
	return c
}

func newSlots(most int) *slots {
	return &slots{most: most, perAddress: most - most/4, perConn: most - most/2, held: make([]*slot, 0, most)}
}

// enter takes a slot and waits for it if there is none, but no longer than patience. It reports
// whether it has got one. It ignores the request's context, which is also done when a client has
// closed its half of the connection and still reads.
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
				_ = v.deadline.SetWriteDeadline(longAgo) // an error means that the write cannot be interrupted
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

// leave gives the slot back, unless it was cut off and has passed on already. No goroutine touches
// the response afterwards.
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

// beginWrite notes that the scrape waits for its reader from now on.
func (s *slots) beginWrite(l *slot, now time.Time) {
	s.mu.Lock()
	l.writing = now
	s.mu.Unlock()
}

// endWrite notes that the scrape waits for its reader no longer, and reports whether the page was
// cut off meanwhile.
func (s *slots) endWrite(l *slot) (cut bool) {
	s.mu.Lock()
	l.waited += time.Since(l.writing)
	l.writing = time.Time{}
	cut = l.cut
	s.mu.Unlock()
	return cut
}

// crowded reports whether the pages that were cut off and have not returned hold as much memory as
// they may.
func (s *slots) crowded() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stuck >= s.most
}

// share is the group of slots in which a scrape has to wait for one. The functions below are called
// under mu.
type share uint8

const (
	shareNone    share = iota
	shareAll           // any slot
	shareAddress       // a slot of the same address
	shareConn          // a slot of the same connection
)

// full returns the smallest share that is used up for a client, and a function that reports whether
// a slot belongs to it. If no share is used up, it returns shareNone.
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

// grace returns how long a reader may stall. With n slots, and q scrapes in the queue before a
// scrape, the division by 1+q/n makes its wait about hurryTime plus ln(1+q/n) times stallTime. That
// is less than the second which a scrape has, up to a queue of 20 times the slots.
func (s *slots) grace(now time.Time) time.Duration {
	if len(s.queue) == 0 || now.Sub(s.queue[0].since) < hurryTime || now.Sub(s.lastEnd) < quietTime {
		return stallTime
	}
	return stallTime * time.Duration(s.most) / time.Duration(s.most+len(s.queue)-1)
}

// nextLook returns the time until the next search for a reader to cut off. It is when a reader that
// is stalled now may be cut off, but cutInterval at most, because other readers may stall
// meanwhile.
func (s *slots) nextLook(now time.Time) time.Duration {
	grace, next := s.grace(now), cutInterval
	for _, h := range s.held {
		if left := grace - h.stalled(now); left > 0 {
			next = min(next, left)
		}
	}
	return max(next, time.Millisecond)
}

// admit gives free slots to the scrapes in the queue that may have them, in order.
func (s *slots) admit() {
	for i := 0; i < len(s.queue) && len(s.held) < s.most; {
		if share, _ := s.full(s.queue[i].slot.client); share != shareNone {
			i++
			continue
		}
		s.grant(i)
	}
}

// cut takes slots from stalled readers and gives them to scrapes in the queue. It returns the slots
// whose writes the caller has to interrupt, with interrupt locked.
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
		victim.interrupt.Lock() // free, because no other goroutine cuts this slot off, and its handler is in a write
		s.stuck++
		s.remove(victim)
		s.grant(i)
		victims = append(victims, victim)
	}
	return victims
}

// stalled returns how long the write under way has waited for its reader, or 0 if there is no
// write.
func (l *slot) stalled(now time.Time) time.Duration {
	if l.writing.IsZero() {
		return 0
	}
	return now.Sub(l.writing)
}

// grant gives a slot to the scrape at position i of the queue.
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

// wakeUp wakes the waiter. It does nothing if a wake-up is pending already.
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
