// SPDX-License-Identifier: Apache-2.0

package gone

import "math"

// Stale is the value that ends a series at once. It is one of many NaNs.
const Stale = 0x7ff0000000000002

// Unmarked returns a value that a program has set. It returns one NaN for all of them, because the
// one of the program may be [Stale], which would end the series.
func Unmarked(v float64) float64 {
	if v != v {
		return math.NaN()
	}
	return v
}
