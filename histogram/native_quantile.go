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
	if s.Schema < minSchema || s.Schema > maxSchema {
		return math.NaN() // no Native has made it
	}
	total := s.ZeroCount
	for _, b := range [...]*NativeBuckets{&s.Positive, &s.Negative} {
		for _, n := range b.All() {
			total += n
		}
	}
	search, outside, ok := newRankSearch(q, total)
	if !ok {
		return outside
	}
	for index, n := range s.Negative.Backward() { // the largest magnitudes come first
		if part, ok := search.in(n); ok {
			return -s.between(index, 1-part)
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
	for index, n := range s.Positive.All() {
		if part, ok := search.in(n); ok {
			return s.between(index, part)
		}
	}
	return math.NaN() // not reached, because the rank is at most the total
}

// between returns the magnitude at a part of the way through a bucket.
func (s *NativeSnapshot) between(index int, part float64) float64 {
	if index >= overflowIndex(s.Schema) {
		return math.Inf(1)
	}
	low, high := nativeBound(index-1, s.Schema), nativeBound(index, s.Schema)
	if low == 0 {
		return high * part // the bucket is below all float64
	}
	return min(low*math.Pow(high/low, part), high) // even after rounding
}
