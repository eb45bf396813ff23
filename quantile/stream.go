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
//   - for every tuple whose value is not that of the tuple before, g + delta <= max(1, f(rank before the tuple, n)),
//     unless the cap was hit.
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
		old = make([]tuple[C], m, min(m+m/8, max(m, maxTuples)))
	}
	old = old[:len(merged)]
	copy(old, merged)
	return old, capped
}
