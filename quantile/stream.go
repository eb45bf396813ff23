// SPDX-License-Identifier: Apache-2.0

package quantile

import "math"

// maxTuples bounds the memory of one stream: 64 KiB, or 96 KiB once it has taken 2^32 observations.
// Ordinary data needs 50 to 200 tuples under the default objectives, and docs/quantiles.md lists
// the orders that need more. A stream that would need more than maxTuples is compressed to a
// coarser error, and that is counted (see [Log.Capped]).
const maxTuples = 4096

// numGuards is the number of observations, the latest ones of a batch, that are not joined with
// their neighbours in that batch.
//
// Greedy joining has one bad case. The last run of a batch can reach across the place where the
// next batch inserts. All observations that are inserted there inherit the uncertainty of that run
// as their delta, and can never be joined. So observations that close in on a value from both sides
// cost a tuple each, without limit. In such orders the next insertions come right beside the latest
// ones, where two exact tuples keep them exact. A million observations that close in need 37 tuples
// with guards and 21 126 without. Random orders need 3 tuples more.
const numGuards = 2

// guards are keys of a batch, in descending order. 0, which is the key of no value, stands for
// none.
type guards [numGuards]uint64

// guardsOf returns the guards of a batch whose keys are in the order of arrival.
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

// counter is the type of the counts in a tuple. No count in a stream of less than 2^32 observations
// exceeds 32 bits, and a tuple with such counts takes 16 bytes instead of 24. A stream that grows
// beyond that is widened once.
type counter interface{ uint32 | uint64 }

// tuple stands for a run of g observations, of which v is the greatest. Let rmin be the sum of the
// g of this tuple and of all before it. The rank of v lies in [rmin, rmin+delta].
type tuple[C counter] struct {
	v        float64
	g, delta C
}

// stream is a CKMS summary. Between calls this holds for the envelope f that it is built with:
//
//   - The g of all tuples add up to n, and the values ascend.
//   - The first tuple is the least observation, with g = 1 and delta = 0. The last tuple is the
//     greatest, with delta = 0.
//   - Every tuple whose value is not that of the tuple before has g + delta <= max(1, f(rank before
//     the tuple, n)), unless the stream was at its limit of tuples.
type stream struct {
	n      uint64
	narrow []tuple[uint32] // while n < 2^32
	wide   []tuple[uint64] // from 2^32 on
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

// reset removes all observations. It keeps the memory, except that of a wide stream.
func (s *stream) reset() {
	s.n, s.narrow, s.wide = 0, s.narrow[:0], nil
}

// merge adds a batch of at most chunkLen observations, given as ascending keys. It reports whether
// the stream was at its limit of tuples.
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

// room is where a merge writes its result, whose length it does not know before. The stream's own
// memory then fits that length.
type room struct {
	narrow [chunkLen + maxTuples]tuple[uint32]
	wide   []tuple[uint64] // made for the first wide stream
}

// mergeInto merges keys into old and compresses the result. It returns the result in the memory of
// old if that is large enough.
func mergeInto[C counter](old []tuple[C], keys []uint64, g guards, n uint64, env envelope,
	room []tuple[C]) ([]tuple[C], bool) {
	merged := compress(old, keys, g, n, env, 1, room)
	capped := len(merged) > maxTuples
	for slack := 2.0; len(merged) > maxTuples; slack *= 2 {
		// compress works in place here: it writes at the end of its input, and never writes more
		// than it has read.
		merged = compress(merged, nil, guards{}, n, env, slack, merged)
	}
	if m := len(merged); m > cap(old) {
		old = make([]tuple[C], m, min(m+m/8, max(m, maxTuples)))
	}
	old = old[:len(merged)]
	copy(old, merged)
	return old, capped
}
