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
	// attempts is the number of copies of a row that a reader tries before it freezes the series.
	attempts = 4

	// maxWait bounds the wait of one snapshot for writers of the shared row that were stopped
	// between their steps.
	maxWait = time.Millisecond
	spins   = 32 // copies: together they take longer than an observation
	nap     = 50 * time.Microsecond
)

// Snapshot returns the number of observations in each bucket, +Inf last, not cumulated, and the sum
// of exactly these observations. It holds every observation that was finished before the call and
// none that began after it. In a series of snapshots that are taken one after the other no count
// goes down.
//
// counts is dst with its contents replaced, if dst was large enough. A caller that passes the
// counts of the last call, which may have been for any series of the same layout, makes Snapshot
// allocate nothing.
//
// exact is false if the operating system stopped a writer in the middle of an observation in the
// shared row and did not resume it within a millisecond. Then counts has the observations of such
// writers, but sum may lack them. If the row is busy at the same time, sum may also hold a few
// observations more than counts. The next snapshot is not affected.
//
// Snapshot does not block writers, and waits for no writer but the one named above. Concurrent
// snapshots of a busy series take turns. BenchmarkSnapshot measures it.
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

// Count returns the number of observations that have finished, without copying the buckets. An
// observation that finishes between two calls makes the second result larger than the first. It may
// lack observations that overlap the call, so it need not be the total of any snapshot.
func (c *Classic) Count() uint64 {
	count := atomic.LoadUint64(&c.shared[wordDone])
	if spare := c.spare.Load(); spare != nil {
		count += atomic.LoadUint64(&(*spare)[wordDone])
	}
	if state := c.state.Load(); percpu.Private && state&stateHot != 0 {
		// The first word of every row, which only grows, as percpu.Sum needs it.
		count += percpu.Sum(state&stateIndex + wordDone)
	}
	runtime.KeepAlive(c) // as in Snapshot
	return count
}

// snapshot adds up the copies of rows.
type snapshot struct {
	counts  []uint64
	scratch []uint64 // the current copy of one row
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

// copyAll copies all rows while writers go on. It reports false if one of them is too busy.
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

// copyBusy copies all rows, and sends writers elsewhere while it copies the rows that they write
// most.
//
// Readers take turns until they are through with the last row. If the next reader froze the series
// earlier, it would send writers to the row that this one is still copying.
func (c *Classic) copyBusy(s *snapshot) {
	c.reading.Lock()
	defer c.reading.Unlock()
	s.reset()
	deadline := time.Now().Add(maxWait)

	if percpu.Private && c.state.Load()&stateHot == 0 {
		c.promote() // it is busy enough, and writers leave the shared row for good
	}
	if state := c.state.Load(); percpu.Private && state&stateHot != 0 {
		c.state.Or(stateFrozen)
		s.addHot(state&stateIndex, math.MaxInt) // takes a few attempts at each row: see copyHot
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

// addHot adds the rows of all Ps. If one row changed during every attempt, it reports false and has
// added only some of the rows.
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

// copyHot adds the row of one P if it can make a true copy of it. For the order and the proof see
// classic.go.
//
// Once the series is frozen, an attempt succeeds soon, wherever the writer is. A writer that loaded
// the state before the freeze moves done once; the next writer on that P finds the bit.
// Observations that were made before and are still in the CPU's store buffer also move done, each
// once, when they reach memory.
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

// waitShared adds a shared row from which writers keep away. It waits for the writers that are
// still there, and at the deadline it takes the row as it is.
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
			time.Sleep(nap) // the writer is on a thread that is not running: give it the CPU
		}
	}
}

// copyShared copies one shared row and reports whether the copy is true. For the order and the
// proof see classic.go.
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
