// SPDX-License-Identifier: Apache-2.0

package quantile

import "math"

// maxTuples bounds the memory of one stream: 64 KiB, or 96 KiB once it has taken 2^32 observations. Ordinary data under the
// default objectives needs 50 to 200 tuples; docs/quantiles.md lists the orders that need more. A stream that would need
// more than maxTuples is compressed to a coarser error instead, and counted (see [Log.Capped]).
const maxTuples = 4096

// numGuards is how many of a batch's latest observations are not joined with their neighbours in that batch.
//
// Greedy joining has one bad case: the last run of a batch reaches across the place where the next batch will insert, and
// everything inserted there inherits that run's uncertainty as its delta and can never be joined. Observations that
// close in on a value from both sides then cost a tuple each, without limit. In such orders the next insertions come
// right next to the latest ones, and two exact tuples there keep them exact: a million observations closing in need 37
// tuples instead of 21 126, and random orders 3 more than without.
const numGuards = 2

// guards are keys of a batch, descending, with 0 (no value's key) for none.
type guards [numGuards]uint64

// guardsOf picks the guards of a batch in order of arrival.
func guardsOf(arrived []uint64) (g guards) {
	n := len(arrived)
	if n > 0 {
		g[0] = arrived[n-1]
	}
	if n > 1 {
		g = guards{max(g[0], arrived[n-2]), min(g[0], arrived[n-2])}
	}
	return g
}

// counter is the type of the counts in a tuple. Below 2^32 observations no count in a stream can exceed 32 bits, which
// makes a tuple 16 bytes instead of 24; a stream that grows beyond is widened once.
type counter interface{ uint32 | uint64 }

// tuple stands for a run of g observations of which v is the greatest. If rmin is the sum of the g of this tuple and of all
// before it, the rank of v lies in [rmin, rmin+delta].
type tuple[C counter] struct {
	v        float64
	g, delta C
}

// stream is a CKMS summary. What holds between calls, for the envelope f it is built with:
//
//   - the g of all tuples add up to n, and values ascend;
//   - the first tuple is the least observation with g = 1 and delta = 0, the last one the greatest with delta = 0;
//   - for every tuple, g + delta <= max(1, f(rank before the tuple, n)), unless the cap was hit.
type stream struct {
	n      uint64
	narrow []tuple[uint32] // while n < 2^32
	wide   []tuple[uint64] // from then on
}

// len returns the number of tuples.
func (s *stream) len() int { return len(s.narrow) + len(s.wide) }

// at returns the i-th tuple.
func (s *stream) at(i int) tuple[uint64] {
	if s.wide != nil {
		return s.wide[i]
	}
	t := s.narrow[i]
	return tuple[uint64]{v: t.v, g: uint64(t.g), delta: uint64(t.delta)}
}

// reset forgets everything and keeps the memory, save that of a wide stream.
func (s *stream) reset() {
	s.n, s.narrow, s.wide = 0, s.narrow[:0], nil
}

// merge adds a batch of at most chunkLen observations, given as ascending keys, and reports whether the cap was hit.
func (s *stream) merge(keys []uint64, g guards, env envelope, room *room) (capped bool) {
	s.n += uint64(len(keys))
	if s.wide == nil && s.n > math.MaxUint32 {
		s.wide = make([]tuple[uint64], len(s.narrow))
		for i, t := range s.narrow {
			s.wide[i] = tuple[uint64]{v: t.v, g: uint64(t.g), delta: uint64(t.delta)}
		}
		s.narrow = nil
	}
	if s.wide != nil {
		if room.wide == nil {
			room.wide = make([]tuple[uint64], chunkLen+maxTuples)
		}
		s.wide, capped = mergeInto(s.wide, keys, g, s.n, env, room.wide)
		return capped
	}
	s.narrow, capped = mergeInto(s.narrow, keys, g, s.n, env, room.narrow[:])
	return capped
}

// room is where a merge writes its result before it knows how long that is, so that a stream's own memory fits its
// compressed length.
type room struct {
	narrow [chunkLen + maxTuples]tuple[uint32]
	wide   []tuple[uint64] // made when the first wide stream comes along
}

// mergeInto merges keys into old, compresses, and returns the result in old's memory if that is large enough.
func mergeInto[C counter](old []tuple[C], keys []uint64, g guards, n uint64, env envelope,
	room []tuple[C]) ([]tuple[C], bool) {
	merged := compress(old, keys, g, n, env, 1, room)
	capped := len(merged) > maxTuples
	for slack := 2.0; len(merged) > maxTuples; slack *= 2 {
		// In place: what is written ends where what is read ended, and it is never longer.
		merged = compress(merged, nil, guards{}, n, env, slack, merged)
	}
	if m := len(merged); m > cap(old) {
		old = make([]tuple[C], m, min(m+m/8+4, max(m, maxTuples)))
	}
	old = old[:len(merged)]
	copy(old, merged)
	return old, capped
}

// compress merges ascending keys into the tuples old and joins neighbours as far as slack times the envelope allows,
// in one walk from right to left. n counts old and keys together. The result fills the end of room, which has space for
// len(old)+len(keys) tuples.
//
// An inserted observation takes its delta from the old tuple to its right, g + delta - 1: it may rank anywhere in that
// tuple's gap. Beyond the last tuple it is 0; before the first it is too, because the first tuple has g = 1 and delta = 0.
//
// The open tuple, the leftmost so far, swallows its left neighbour if the gap of the union, the neighbour's g plus its
// own g and delta, fits the envelope at the rank before the neighbour. All ranks are float64: exact below 2^53.
func compress[C counter](old []tuple[C], keys []uint64, g guards, n uint64, env envelope, slack float64,
	room []tuple[C]) []tuple[C] {
	var (
		w       = len(room) // room[w:] is done
		size    = float64(n)
		rank    = size // before the tuples walked so far
		i, j    = len(old) - 1, len(keys) - 1
		delta   C // of an observation inserted here
		open    tuple[C]
		guarded = true // open must not be joined: at first because there is none
		seg     = len(env) - 1
		from    = env[seg].from * size
		rise    = env[seg].rise * size * slack
		slope   = env[seg].slope * slack
	)
	for i >= 0 || j >= 0 {
		var next tuple[C]
		guard := false
		// Among equals the new observation goes to the right, where its delta is 0 if they are the greatest.
		if j >= 0 && (i < 0 || valueOf(keys[j]) >= old[i].v) {
			if keys[j] == g[0] {
				g[0], g[1] = g[1], 0
				guard = true
			}
			next = tuple[C]{v: valueOf(keys[j]), g: 1, delta: delta}
			j--
		} else {
			next = old[i]
			delta = next.g + next.delta - 1
			i--
		}
		rank -= float64(next.g)
		for rank < from {
			seg--
			from = env[seg].from * size
			rise = env[seg].rise * size * slack
			slope = env[seg].slope * slack
		}
		// The first tuple (nothing left on either side) is never joined: it is the exact minimum.
		if float64(next.g+open.g+open.delta) <= rise+slope*rank && !guarded && !guard && (i >= 0 || j >= 0) {
			open.g += next.g
			continue
		}
		if open.g > 0 {
			w--
			room[w] = open
		}
		open, guarded = next, guard
	}
	if open.g > 0 {
		w--
		room[w] = open
	}
	return room[w:]
}
