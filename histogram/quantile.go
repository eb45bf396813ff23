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
	switch {
	case math.IsNaN(q) || total == 0 || len(bounds) == 0 || len(counts) != len(bounds)+1:
		return math.NaN()
	case q < 0:
		return math.Inf(-1)
	case q > 1:
		return math.Inf(1)
	}
	rank := q * float64(total)
	var below uint64 // observations in lower buckets
	for i, upper := range bounds {
		n := counts[i]
		if n == 0 || float64(below+n) < rank {
			below += n
			continue
		}
		lower := 0.0
		if i > 0 {
			lower = bounds[i-1]
		} else if upper <= 0 {
			return upper
		}
		return lower + (upper-lower)*((rank-float64(below))/float64(n))
	}
	return bounds[len(bounds)-1]
}
