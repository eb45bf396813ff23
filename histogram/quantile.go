// SPDX-License-Identifier: Apache-2.0

package histogram

import "math"

// Quantile estimates the q-quantile of the observations in a snapshot: bounds are the finite upper bounds, counts those
// of [Classic.Snapshot], one more than there are bounds. It estimates as the histogram_quantile function of Prometheus
// does: observations are taken to be spread evenly over their bucket, the first bucket to begin at 0 if its bound is
// above 0, and a quantile that falls into the +Inf bucket is the highest bound. One in the first bucket with a bound of
// 0 or below is that bound.
//
// It returns NaN when there are no observations, no bounds, or q is NaN; -Inf for q below 0 and +Inf for q above 1. For a
// q of 0 empty buckets are skipped; Prometheus divides 0 by 0 there if the first bucket is empty.
func Quantile(q float64, bounds []float64, counts []uint64) float64 {
	var total uint64
	for _, n := range counts {
		total += n
	}
	if len(bounds) == 0 || len(counts) != len(bounds)+1 {
		return math.NaN()
	}
	search, outside, ok := newRankSearch(q, total)
	if !ok {
		return outside
	}
	for i, upper := range bounds {
		part, ok := search.in(counts[i])
		if !ok {
			continue
		}
		lower := 0.0
		if i > 0 {
			lower = bounds[i-1]
		} else if upper <= 0 {
			return upper
		}
		return lower + (upper-lower)*part
	}
	return bounds[len(bounds)-1]
}

// rankSearch looks for the bucket of a quantile in buckets that are given in the order of their bounds.
type rankSearch struct {
	rank  float64 // of the quantile among all observations, from 0 to their number
	below uint64  // observations in the buckets given so far
}

// newRankSearch looks for the q-quantile of total observations. When there is none, it reports false,
// and outside is what stands for it.
func newRankSearch(q float64, total uint64) (s rankSearch, outside float64, ok bool) {
	switch {
	case math.IsNaN(q) || total == 0:
		return s, math.NaN(), false
	case q < 0:
		return s, math.Inf(-1), false
	case q > 1:
		return s, math.Inf(1), false
	}
	return rankSearch{rank: q * float64(total)}, 0, true
}

// in reports whether the rank is in the next bucket, of n observations, and how far into it, from 0
// to 1.
func (s *rankSearch) in(n uint64) (part float64, ok bool) {
	if n == 0 || float64(s.below+n) < s.rank {
		s.below += n
		return 0, false
	}
	return (s.rank - float64(s.below)) / float64(n), true
}
