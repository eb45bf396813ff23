// SPDX-License-Identifier: Apache-2.0

package atomicf

import "math"

// The word of a Sum or a Level holds either the bits of a float64 or the tag of a hot cell. Tags
// are negative quiet NaNs. A Sum is never NaN, and a Level stores every NaN as canonicalNaN, which
// is positive, so no value is taken for a tag.
const (
	hotNaN       = 0xFFF8 << 48 // the lowest negative quiet NaN: every word from here up is a tag
	canonicalNaN = 0x7FF8 << 48
)

// canonical returns the bits of v, and those of canonicalNaN if v is NaN. (Infinity minus infinity
// is hotNaN on amd64.)
func canonical(v float64) uint64 {
	if v != v {
		return canonicalNaN
	}
	return math.Float64bits(v)
}
