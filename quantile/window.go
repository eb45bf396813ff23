// SPDX-License-Identifier: Apache-2.0

package quantile

import (
	"math"
	"sync"
	"time"
)

const (
	// numSlices is the number of streams in a sliding window. A window covers between four fifths and
	// all of its age. More slices make that edge sharper and cost memory and scrape time in
	// proportion; five is also what users of other Prometheus clients have by default, so a panel
	// keeps its shape when they move over.
	numSlices = 5

	// maxPending is how many observations of one window wait, unsorted, until a merge is worth its while: a merge walks
	// all tuples, so merging few at a time would cost each of them that walk. The 1 KiB is for windows that have seen
	// more than manyCount observations; others make do with fewPending, 256 bytes, as most series are nearly idle.
	maxPending = 128
	fewPending = 32
	manyCount  = 1024
)

// Window is the state of one summary series: count and sum over its life, and the quantiles of a sliding window or of
// its life. Observations reach it through a [Log]. It must be set up with Init and not be copied afterwards; its methods
// may be called from several goroutines at once.
//
// An idle window costs this struct and 16 bytes per tuple; a window never uses more than five streams of 4096 tuples.
type Window struct {
	log        *Log
	objectives *Objectives
	width      time.Duration // of one slice, 0 for a stream over the whole life
	id         uint32        // hash for grouping; two windows may share it

	mu        sync.Mutex // guards what follows; held for one merge or one read, some microseconds
	current   int        // slice that takes observations
	began     time.Time  // when the current slice began
	count     uint64
	sum, rest float64 // the sum is sum+rest, as exact as two words make it
	pending   []float64
	streams   [numSlices]*stream // nil until needed; a whole-life window uses the first
}

// Init makes w ready. Objectives may be shared by any number of windows. Quantiles cover the last maxAge (between four
// fifths of it and all of it), or everything since Init if maxAge is 0 or negative. It is called once, before w is used.
func (w *Window) Init(l *Log, o *Objectives, maxAge time.Duration) {
	w.log, w.objectives = l, o
	w.id = l.windows.Add(1)
	if maxAge > 0 {
		w.width = max(maxAge/numSlices, 1)
		l.shortenPeriod(maxAge)
	}
	w.began = l.now()
}

// Snapshot appends one estimate per objective to dst, in ascending order of quantile, and returns it with the count and
// the sum. Estimates are NaN when the window is empty. Count and sum are cumulative and belong to the same observations.
// Those still in the log are not seen: call [Log.Drain] first. It allocates nothing if dst has room, and takes some
// microseconds, during which a merge into this window waits.
func (w *Window) Snapshot(dst []float64) (q []float64, count uint64, sum float64) {
	now := w.log.now()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.settle(now)
	return w.answer(dst, w.objectives.list), w.count, w.sum + w.rest
}

// Quantile estimates any quantile of the window, as Snapshot does. At an objective it keeps that objective's error; at
// other quantiles no bound is promised. It returns NaN for an empty window and for q outside [0, 1].
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

// add takes observations: keys are ascending, or as they arrived if there are fewer than maxPending of them. count and
// sum may include what has no key (NaN has a count only).
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

// addSum adds without losing what float64 rounds off, so that integers stay exact far past 2^53.
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

// settle brings the window to a state that can be read at the given time: nothing pending, nothing out of date.
func (w *Window) settle(now time.Time) {
	w.rotate(now)
	if len(w.pending) > 0 {
		s := w.log.takeScratch()
		w.flush(s)
		w.log.giveScratch(s)
	}
}

// flush merges what is pending into the current slice.
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
// Where the clock carries monotonic readings, as time.Now does, setting the system's clock changes nothing. A clock without
// them that is set back makes the current slice begin again, so it lives longer by at most one width; one that is set
// ahead by more than the window's age empties it. Either way slices keep turning.
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
		// Nobody has looked for the whole age of the window: it is idle, and gives its memory back.
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
			w.streams[w.current] = nil // unused for a whole turn of the window
		default:
			s.reset()
		}
	}
}
