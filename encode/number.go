// SPDX-License-Identifier: Apache-2.0

package encode

import (
	"math"
	"strconv"
)

// AppendFloat appends v so that it parses back to the same bits (NaN to some NaN). Integral values below 2^53 are plain
// digits, 1000000 rather than 1e+06; the rest is as short as it can be. The special values are NaN, +Inf and -Inf, and
// negative zero keeps its sign: -0.
func AppendFloat(dst []byte, v float64) []byte {
	const limit = 1 << 53
	abs := math.Abs(v)
	if abs < limit {
		if n := uint64(abs); float64(n) == abs {
			if math.Signbit(v) {
				dst = append(dst, '-')
			}
			return AppendUint(dst, n)
		}
	}
	if math.IsInf(v, 1) {
		return append(dst, "+Inf"...) // strconv agrees on the spelling of -Inf and NaN, but is slower to get there
	}
	return strconv.AppendFloat(dst, v, 'g', -1, 64)
}

// AppendUint appends v in decimal.
func AppendUint(dst []byte, v uint64) []byte {
	return strconv.AppendUint(dst, v, 10)
}

// appendBound appends a bucket's upper bound or a quantile as a label value: the spelling of other Prometheus clients,
// because a different one would be a different series. OpenMetrics marks floats with a point, 1.0 for 1.
func appendBound(dst []byte, v float64, fm Format) []byte {
	if math.IsInf(v, 1) {
		return append(dst, "+Inf"...)
	}
	from := len(dst)
	dst = strconv.AppendFloat(dst, v, 'g', -1, 64)
	if fm == OpenMetrics && !math.IsInf(v, 0) && !math.IsNaN(v) {
		for _, c := range dst[from:] {
			if c == '.' || c == 'e' {
				return dst
			}
		}
		dst = append(dst, '.', '0')
	}
	return dst
}
