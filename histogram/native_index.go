// SPDX-License-Identifier: Apache-2.0

package histogram

import (
	"math"
	"sort"
)

// The exponential buckets of schema s grow by the factor 2^(2^-s). Bucket i holds the values above nativeBound(i-1) up to
// and with nativeBound(i) = 2^(i·2^-s); the same indexes with the signs turned are the negative buckets.
const (
	minSchema = -4 // buckets grow by 65536
	maxSchema = 8  // buckets grow by 1.0027
)

// nativeIndex returns the index of the bucket for a positive finite v. It is exact: bounds are compared, no logarithm is
// taken.
func nativeIndex(v float64, schema int) int {
	fraction, exponent := math.Frexp(v) // v is fraction·2^exponent, with a fraction from 0.5 up to, without, 1
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

// overflowIndex returns the index of the bucket for infinities: one past that of the largest number. Merging pairs of
// buckets keeps it apart from them: coarser(overflowIndex(s), 1) is overflowIndex(s-1).
func overflowIndex(schema int) int { return nativeIndex(math.MaxFloat64, schema) + 1 }

// nativeBound returns the upper bound of a bucket. The last bucket of finite numbers, whose bound float64 cannot hold,
// gets the largest number instead, as in Prometheus.
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

// coarser returns the index of the bucket that holds bucket index after the schema has been lowered by this much. Every
// step down merges the pairs (1 and 2), (3 and 4), ...
func coarser(index, by int) int { return (index-1)>>by + 1 }
