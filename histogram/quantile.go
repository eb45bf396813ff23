// SPDX-License-Identifier: Apache-2.0

package histogram

import "math"

// Quantile estimates the q-quantile of the observations in a snapshot. bounds are the finite upper
// bounds, and counts those of [Classic.Snapshot], one more than there are bounds. It estimates as
// the histogram_quantile function of Prometheus does: observations are assumed to be spread evenly
// over their bucket, and the first bucket begins at 0 if its bound is above 0. A quantile in the
// +Inf bucket is the highest bound. A quantile in the first bucket is its bound, if that is 0 or
// below.
//
// It returns NaN if there are no observations or no bounds, if counts has another length, or if q
// is NaN. It returns -Inf for q below 0 and +Inf for q above 1. For a q of 0 it skips empty
// buckets, whereas Prometheus divides 0 by 0 if the first bucket is empty.
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

// rankSearch looks for the bucket of a quantile. The buckets are given to it in the order of their
// bounds.
type rankSearch struct {
	rank  float64 // of the quantile among all observations, from 0 to their number
	below uint64  // observations in the buckets given so far
}

// newRankSearch begins the search for the q-quantile of total observations. If there is no such
// quantile, it reports false, and outside is the value to return for it.
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

// in reports whether the rank is in the next bucket, which has n observations, and if so, how far
// into the bucket it is, from 0 to 1.
func (s *rankSearch) in(n uint64) (part float64, ok bool) {
	if n == 0 || float64(s.below+n) < s.rank {
		s.below += n
		return 0, false
	}
	return (s.rank - float64(s.below)) / float64(n), true
}
