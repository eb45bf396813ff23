// SPDX-License-Identifier: Apache-2.0

package histogram

import (
	"math"
	"sort"
)

// At schema s the exponential buckets grow by the factor 2^(2^-s). Bucket i holds the values above
// nativeBound(i-1) up to and including nativeBound(i), which is 2^(i·2^-s). Negative bucket i holds
// the values whose magnitude is in bucket i.
const (
	minSchema = -4 // buckets grow by the factor 65536
	maxSchema = 8  // buckets grow by the factor 1.0027
)

// nativeIndex returns the index of the bucket that holds v, which must be positive and finite. The
// index is exact, because it comes from a comparison with bounds and not from a logarithm.
func nativeIndex(v float64, schema int) int {
	fraction, exponent := math.Frexp(v) // v is fraction·2^exponent, and 0.5 <= fraction < 1
	if schema <= 0 {
		if fraction == 0.5 {
			exponent-- // a bound belongs to the bucket below it
		}
		return coarser(exponent, -schema)
	}
	n := 1 << schema
	step := len(fractions) / n
	return (exponent-1)*n + sort.Search(n, func(j int) bool { return fraction <= fractions[j*step] })
}

// overflowIndex returns the index of the bucket for infinities, which is one past the bucket of the
// largest number. The two stay apart when pairs of buckets merge: coarser(overflowIndex(s), 1) is
// overflowIndex(s-1).
func overflowIndex(schema int) int { return nativeIndex(math.MaxFloat64, schema) + 1 }

// nativeBound returns the upper bound of a bucket. Float64 cannot hold the bound of the last bucket
// of finite numbers. That bucket gets the largest number instead, as in Prometheus.
func nativeBound(index, schema int) float64 {
	var bound float64
	if schema <= 0 {
		bound = math.Ldexp(1, index<<-schema)
	} else {
		n := 1 << schema
		bound = math.Ldexp(fractions[index&(n-1)*(len(fractions)/n)], index>>schema+1)
	}
	return min(bound, math.MaxFloat64)
}

// coarser returns the index of the bucket that contains the given bucket after the schema was
// lowered by this much. Every step down merges the pairs (1 and 2), (3 and 4), and so on.
func coarser(index, by int) int { return (index-1)>>by + 1 }
