// SPDX-License-Identifier: Apache-2.0

package histogram

import "math"

// Quantile estimates the q-quantile of the observations, as Prometheus 3 does. It interpolates
// geometrically within a bucket, because the buckets grow geometrically, and linearly within the
// zero bucket. A quantile in an overflow bucket is infinite. Any other estimate is off by at most
// the width of one bucket.
//
// It returns NaN if there are no observations or q is NaN, -Inf for q below 0, and +Inf for q above
// 1.
func (s *NativeSnapshot) Quantile(q float64) float64 {
	total := s.ZeroCount
	for _, c := range []*counts{&s.positive, &s.negative} {
		total += c.overflow
		for _, n := range c.finite {
			total += n
		}
	}
	search, outside, ok := newRankSearch(q, total)
	if !ok {
		return outside
	}
	if _, ok := search.in(s.negative.overflow); ok {
		return math.Inf(-1)
	}
	for i := len(s.negative.finite) - 1; i >= 0; i-- { // the largest magnitudes come first
		if part, ok := search.in(s.negative.finite[i]); ok {
			return -s.between(s.negative.first+i, 1-part)
		}
	}
	if part, ok := search.in(s.ZeroCount); ok {
		low, high := -s.ZeroThreshold, s.ZeroThreshold
		if len(s.Negative.Deltas) == 0 {
			low = 0
		}
		if len(s.Positive.Deltas) == 0 {
			high = 0
		}
		return low*(1-part) + high*part // high-low can overflow
	}
	for i, n := range s.positive.finite {
		if part, ok := search.in(n); ok {
			return s.between(s.positive.first+i, part)
		}
	}
	if s.positive.overflow > 0 {
		return math.Inf(1)
	}
	return math.NaN() // not reached, because the rank is at most the total
}

// between returns the value at a part of the way through a bucket.
func (s *NativeSnapshot) between(index int, part float64) float64 {
	low, high := nativeBound(index-1, s.Schema), nativeBound(index, s.Schema)
	return min(low*math.Pow(high/low, part), high) // even after rounding
}
