// SPDX-License-Identifier: Apache-2.0

package quantile

import (
	"math"
	"sync"
	"time"
)

const (
	// numSlices is the number of streams in a sliding window. A window covers between four fifths
	// of its age and all of it. More slices make that edge sharper, and cost memory and scrape time
	// in proportion. Five is also the default of other Prometheus clients, so a panel keeps its
	// shape when its service moves to this one.
	numSlices = 5

	// A merge walks all tuples of a stream, so merging few observations at a time would cost each
	// of them that walk. maxPending is the number of observations of one window that wait,
	// unsorted, for the next merge. They take 1 KiB. Windows that have seen no more than manyCount
	// observations make do with fewPending, 256 bytes, because most series are nearly idle.
	maxPending = 128
	fewPending = 32
	manyCount  = 1024
)

// Window is the state of one summary series: the count and the sum over its life, and the quantiles
// of a sliding window or of its life. Observations reach it through a [Log]. It must be set up with
// Init and must not be copied afterwards. Its methods may be called concurrently.
//
// An idle window costs the memory of this struct and 16 bytes for each tuple. A window never has
// more than five streams of 4096 tuples.
type Window struct {
	log        *Log
	objectives *Objectives
	width      time.Duration // of one slice; 0 if there is one stream for the whole life
	id         uint32        // hash for grouping, which two windows may share

	mu        sync.Mutex // guards the fields below; held for the time of one merge or one read
	current   int        // the slice that takes observations
	began     time.Time  // when the current slice began
	count     uint64
	sum, rest float64 // sum+rest is the sum, as exact as two words make it
	pending   []float64
	streams   [numSlices]*stream // nil until needed; a window over the whole life uses the first only
}

// Init makes w ready for use, once. Any number of windows may share the objectives. Quantiles cover
// the last maxAge (between four fifths of it and all of it), or everything since Init if maxAge is
// 0 or negative.
func (w *Window) Init(l *Log, o *Objectives, maxAge time.Duration) {
	w.log, w.objectives = l, o
	w.id = l.windows.Add(1)
	if maxAge > 0 {
		w.width = max(maxAge/numSlices, 1)
		l.shortenPeriod(maxAge)
	}
	w.began = l.now()
}

// Snapshot appends one estimate for each objective to dst, in ascending order of quantile, and
// returns it with the count and the sum. Estimates are NaN when the window is empty. Count and sum
// are cumulative, and belong to the same observations. Snapshot does not see observations that are
// still in the log: call [Log.Drain] first. It allocates nothing if dst has room. A merge into this
// window waits meanwhile (BenchmarkSnapshot).
func (w *Window) Snapshot(dst []float64) (q []float64, count uint64, sum float64) {
	now := w.log.now()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.settle(now)
	return w.answer(dst, w.objectives.list), w.count, w.sum + w.rest
}

// Count returns the count of Snapshot. It waits for a merge or a read of this window. It does not
// see observations that are still in the log.
func (w *Window) Count() uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.count
}

// Quantile estimates any quantile of the window, from the same observations as Snapshot. It keeps
// the error of an objective for the quantile of that objective. For other quantiles there is no
// bound. Quantile returns NaN when the window is empty, and for q outside [0, 1].
func (w *Window) Quantile(q float64) float64 {
	if !(q >= 0 && q <= 1) {
		return math.NaN()
	}
	now := w.log.now()
	objectives, room := [1]Objective{{Quantile: q}}, [1]float64{}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.settle(now)
	return w.answer(room[:0], objectives[:])[0]
}

// add takes a batch of observations. The keys are ascending, or in the order of arrival if there
// are fewer than maxPending of them. count and sum may include observations without a key (NaN has
// a count only).
func (w *Window) add(keys []uint64, g guards, count uint64, sum float64, now time.Time, s *scratch) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rotate(now)
	w.count += count
	w.addSum(sum)
	if len(w.objectives.list) == 0 {
		return
	}
	if len(keys) >= maxPending {
		w.merge(keys, g, &s.room)
		return
	}
	limit := fewPending
	if w.count > manyCount {
		limit = maxPending
	}
	for _, k := range keys {
		w.pending = append(w.pending, valueOf(k))
		if len(w.pending) >= limit {
			w.flush(s)
		}
	}
}

// addSum adds v to the sum and keeps the part that float64 rounds off, so that integers stay exact
// far beyond 2^53.
func (w *Window) addSum(v float64) {
	sum := w.sum + v
	if math.IsInf(sum, 0) || sum != sum {
		w.sum, w.rest = sum, 0
		return
	}
	part := sum - w.sum
	rest := w.rest + (w.sum - (sum - part)) + (v - part)
	w.sum = sum + rest
	w.rest = rest - (w.sum - sum)
}

// settle makes the window ready to be read at the given time: no observation is pending, and no
// slice out of date.
func (w *Window) settle(now time.Time) {
	w.rotate(now)
	if len(w.pending) > 0 {
		s := w.log.takeScratch()
		w.flush(s)
		w.log.giveScratch(s)
	}
}

// flush merges the pending observations into the current slice.
func (w *Window) flush(s *scratch) {
	keys := s.pending[:0]
	for _, v := range w.pending {
		keys = append(keys, keyOf(v))
	}
	w.pending = w.pending[:0]
	g := guardsOf(keys)
	w.merge(s.sort(keys), g, &s.room)
}

func (w *Window) merge(keys []uint64, g guards, room *room) {
	if len(keys) == 0 {
		return
	}
	env := w.objectives.sliced
	if w.width == 0 {
		env = w.objectives.life
	}
	s := w.streams[w.current]
	if s == nil {
		s = new(stream)
		w.streams[w.current] = s
	}
	if s.merge(keys, g, env, room) {
		w.log.capped.Add(1)
	}
}

// rotate moves on to the slice that is current at the given time.
//
// A clock with monotonic readings, such as time.Now, is not affected when the system's clock is
// set. When another clock is set back, the current slice begins again, so it lives longer by at
// most one width. When it is set ahead by more than the window's age, the window is empty. In all
// cases the slices go on turning.
func (w *Window) rotate(now time.Time) {
	if w.width == 0 {
		return
	}
	age := now.Sub(w.began)
	if age < 0 {
		w.began = now
		return
	}
	if age < w.width {
		return
	}
	if len(w.pending) > 0 {
		// They came while the slice that ends here was current.
		s := w.log.takeScratch()
		w.flush(s)
		w.log.giveScratch(s)
	}
	steps := age / w.width // Sub saturates at 292 years, so this cannot overflow
	if steps >= numSlices {
		// Nobody has looked at the window for its whole age. It is idle, and gives its memory back.
		w.streams = [numSlices]*stream{}
		w.pending = nil
		w.began = now
		return
	}
	w.began = w.began.Add(steps * w.width)
	for range steps {
		w.current = (w.current + 1) % numSlices
		switch s := w.streams[w.current]; {
		case s == nil:
		case s.n == 0:
			w.streams[w.current] = nil // it has been unused for a whole turn of the window
		default:
			s.reset()
		}
	}
}
