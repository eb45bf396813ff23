// SPDX-License-Identifier: Apache-2.0

package histogram

import (
	"math"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"github.com/quipu-metrics/quipu/internal/percpu"
)

const (
	// attempts is how often a row is copied before the reader freezes the series.
	attempts = 4

	// maxWait is how long one snapshot waits for writers of the shared row that were stopped between their steps.
	maxWait = time.Millisecond
	spins   = 32 // copies, of some 20 ns each: more than an observation takes
	nap     = 50 * time.Microsecond
)

// Snapshot returns the count of observations in each bucket, +Inf last, not cumulated, and the sum of exactly these
// observations. It holds every observation that was finished before the call and none that began after it. In a series
// of snapshots taken one after the other no count goes down.
//
// counts is dst with its contents replaced, if it was large enough: pass what the last call returned, for any series of
// the same layout, and Snapshot does not allocate.
//
// exact is false if the operating system stopped a writer half-way through an observation in the shared row and did not
// resume it within a millisecond. Then sum may lack the observations of such writers, though counts has them, or (when
// the row is busy besides) hold a few more than counts. The next snapshot is not affected.
//
// Snapshot does not block writers, and waits for none but the one named above. Concurrent snapshots of a busy series
// take turns.
func (c *Classic) Snapshot(dst []uint64) (counts []uint64, sum float64, exact bool) {
	n := c.bounds.Buckets()
	dst = slices.Grow(dst[:0], 2*n)[:2*n]
	copied := snapshot{counts: dst[:n], scratch: dst[n:]}
	if !c.copyAll(&copied) {
		c.copyBusy(&copied)
	}
	runtime.KeepAlive(c) // its rows are given back when it is collected
	return copied.counts, copied.sum, !copied.torn
}

// snapshot adds up copies of rows.
type snapshot struct {
	counts  []uint64
	scratch []uint64 // the copy being made
	sum     float64
	torn    bool
}

func (s *snapshot) reset() {
	clear(s.counts)
	s.sum, s.torn = 0, false
}

func (s *snapshot) add(sum float64) {
	for i, n := range s.scratch {
		s.counts[i] += n
	}
	s.sum += sum
}

// copyAll copies all rows while writers go on. It reports false when one of them is too busy.
func (c *Classic) copyAll(s *snapshot) bool {
	s.reset()
	if state := c.state.Load(); percpu.Private && state&stateHot != 0 && !s.addHot(state&stateIndex, attempts) {
		return false
	}
	if spare := c.spare.Load(); spare != nil && !s.addShared(*spare) {
		return false
	}
	return s.addShared(c.shared)
}

// copyBusy copies all rows, sending writers elsewhere while it copies those that they write most.
//
// Readers take turns until they are through with the last row: were the next one to freeze earlier, it would send
// writers to the row that this one is still copying.
func (c *Classic) copyBusy(s *snapshot) {
	c.reading.Lock()
	defer c.reading.Unlock()
	s.reset()
	deadline := time.Now().Add(maxWait)

	if percpu.Private && c.state.Load()&stateHot == 0 {
		c.promote() // it is busy enough; writers leave the shared row for good
	}
	if state := c.state.Load(); percpu.Private && state&stateHot != 0 {
		c.state.Or(stateFrozen)
		s.addHot(state&stateIndex, math.MaxInt) // takes a few attempts at a row: see copyHot
		c.state.And(^uint32(stateFrozen))
		if spare := c.spare.Load(); spare != nil { // from a time when there was no room to be hot
			s.waitShared(*spare, deadline)
		}
		s.waitShared(c.shared, deadline)
		return
	}
	spare := c.spare.Load()
	if spare == nil {
		row := make([]uint64, len(c.shared))
		spare = &row
		c.spare.Store(spare)
	}
	c.state.Or(stateFrozen)
	s.waitShared(c.shared, deadline)
	c.state.And(^uint32(stateFrozen))
	s.waitShared(*spare, deadline)
}

// addHot adds the rows of all Ps. It reports false, with only some of them added, if one moved under every attempt.
func (s *snapshot) addHot(index uint32, attempts int) bool {
	for pid := range percpu.Procs() {
		row := percpu.Row(pid, index)
		if row == nil {
			continue
		}
		for attempt := 1; !s.copyHot(row); attempt++ {
			if attempt == attempts {
				return false
			}
		}
	}
	return true
}

// copyHot adds one P's row if it can make a true copy of it. See Classic for the order and the proof. Once the series is
// frozen an attempt succeeds soon, wherever the writer is: it can have loaded the state before, and then moves done once;
// the next writer on that P finds the bit. Observations that were made before and are still in the CPU's store buffer move
// done too when they reach memory, each once.
func (s *snapshot) copyHot(row []uint64) bool {
	done := atomic.LoadUint64(&row[wordDone])
	total := s.read(row[hotBuckets:])
	sum := math.Float64frombits(atomic.LoadUint64(&row[wordSum+total&1]))
	if atomic.LoadUint64(&row[wordDone]) != done {
		return false
	}
	s.add(sum)
	return true
}

// addShared adds a shared row if it can make a true copy of it in a few attempts.
func (s *snapshot) addShared(row []uint64) bool {
	for range attempts {
		if sum, ok := s.copyShared(row); ok {
			s.add(sum)
			return true
		}
	}
	return false
}

// waitShared adds a shared row of which writers keep away. It waits for those that are still there, and at the deadline
// takes what it finds.
func (s *snapshot) waitShared(row []uint64, deadline time.Time) {
	for attempt := 1; ; attempt++ {
		sum, ok := s.copyShared(row)
		late := !ok && attempt > spins && time.Now().After(deadline)
		if ok || late {
			s.add(sum)
			s.torn = s.torn || late
			return
		}
		switch {
		case !percpu.Private:
			runtime.Gosched() // the writer may be a goroutine that is not running
		case attempt > spins:
			time.Sleep(nap) // the writer is on a thread that is not running: leave it the CPU
		}
	}
}

// copyShared copies one shared row and reports whether the copy is true. See Classic for the order and the proof.
func (s *snapshot) copyShared(row []uint64) (sum float64, ok bool) {
	done := atomic.LoadUint64(&row[wordDone])
	sum = math.Float64frombits(atomic.LoadUint64(&row[wordSum]))
	return sum, s.read(row[sharedBuckets:]) == done
}

// read copies buckets to the scratch space and returns their total.
func (s *snapshot) read(buckets []uint64) (total uint64) {
	for i := range s.scratch {
		n := atomic.LoadUint64(&buckets[i])
		s.scratch[i] = n
		total += n
	}
	return total
}
