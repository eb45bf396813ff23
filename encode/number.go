// SPDX-License-Identifier: Apache-2.0

package encode

import (
	"encoding/binary"
	"math"
	"math/bits"
	"strconv"
)

// numberRoom is the room in dst that the fast paths need. Most numbers of a page are counts, or
// sums with a few decimals, so these have paths of their own: eight digits are computed at once in
// one word, without a loop, and stored with one instruction, which may write past the end of the
// number. With less room than numberRoom the result is the same, on a slower path.
const numberRoom = 40

// appendFloat appends v so that it parses back to the same bits (a NaN parses back to some NaN).
// Integral values below 2^53 are plain digits, 1000000 and not 1e+06, and so are decimals of up to
// fifteen digits; other values are as short as possible. The special values are NaN, +Inf and -Inf.
// Negative zero keeps its sign: -0.
func appendFloat(dst []byte, v float64) []byte {
	abs := math.Abs(v)
	if abs < 1<<53 {
		// Through int64, because conversions from and to uint64 branch on all but the newest
		// architectures.
		if n := int64(abs); float64(n) == abs {
			if math.Signbit(v) {
				dst = append(dst, '-')
			}
			return AppendUint(dst, uint64(n))
		}
		if abs >= 1e-4 && abs < 1e12 {
			if cap(dst)-len(dst) < numberRoom {
				var tmp [numberRoom]byte // the text must not depend on the room in dst
				if text, ok := appendDecimal(tmp[:0], v, abs); ok {
					return append(dst, text...)
				}
			} else if text, ok := appendDecimal(dst, v, abs); ok {
				return text
			}
		}
		if abs >= 1e-3 && cap(dst)-len(dst) >= numberRoom {
			if text, ok := appendShortest(dst, v, abs); ok {
				return text
			}
		}
	}
	if v > math.MaxFloat64 {
		return append(dst, "+Inf"...)
	}
	return strconv.AppendFloat(dst, v, 'g', -1, 64)
}

// appendDecimal appends v if v is the double nearest to a decimal of at most eight places (three
// from 1e7 on), that is, to m/scale for an integer m below 10^15. Otherwise it reports false.
//
// The text parses back to v: m and scale are exact doubles, so their quotient is the double nearest
// to the decimal, and the quotient is compared with v. The text is also the shortest: no two
// decimals of at most fifteen digits share a double, so no shorter one can mean v. And no such v is
// missed: v is m/scale with one rounding, and abs*scale adds another, each of at most 2^-53. So the
// product is within 0.23 of m and rounds to it.
func appendDecimal(dst []byte, v, abs float64) ([]byte, bool) {
	var whole, frac uint64 // frac counts units of 10^-8
	if abs < 1e7 {
		m := uint64(int64(abs*1e8 + 0.5))
		if float64(int64(m))/1e8 != abs {
			return dst, false
		}
		whole, frac = m/1e8, m%1e8
	} else {
		m := uint64(int64(abs*1e3 + 0.5))
		if float64(int64(m))/1e3 != abs {
			return dst, false
		}
		whole, frac = m/1e3, m%1e3*1e5
	}
	if v < 0 {
		dst = append(dst, '-')
	}
	dst = AppendUint(dst, whole)
	n := len(dst)
	d := digits8(uint32(frac))
	dst = dst[:n+9]
	dst[n] = '.'
	binary.LittleEndian.PutUint64(dst[n+1:], d|asciiZeros)
	return dst[:n+9-bits.LeadingZeros64(d)/8], true // frac is not 0: v is not integral
}

// AppendUint appends v in decimal. Like all Append functions of this package it may use the room
// between len(dst) and cap(dst) as scratch space.
func AppendUint(dst []byte, v uint64) []byte {
	if v < 10 {
		return append(dst, '0'+byte(v))
	}
	n := len(dst)
	if cap(dst)-n < numberRoom {
		return strconv.AppendUint(dst, v, 10)
	}
	dst = dst[:n+24]
	if v < 1e8 {
		return dst[:n+putLeading(dst[n:], uint32(v))]
	}
	high, low := v/1e8, v%1e8
	if high < 1e8 {
		n += putLeading(dst[n:], uint32(high))
	} else {
		n += putLeading(dst[n:], uint32(high/1e8))
		binary.LittleEndian.PutUint64(dst[n:], digits8(uint32(high%1e8))|asciiZeros)
		n += 8
	}
	binary.LittleEndian.PutUint64(dst[n:], digits8(uint32(low))|asciiZeros)
	return dst[:n+8]
}

const asciiZeros = 0x3030303030303030

// putLeading writes v, which is below 10^8, without leading zeros but with at least one digit. It
// stores eight bytes and returns how many of them are digits of v.
func putLeading(b []byte, v uint32) int {
	d := digits8(v)
	zeros := bits.TrailingZeros64(d|1<<56) / 8 // the last digit counts even if it is zero
	binary.LittleEndian.PutUint64(b, (d|asciiZeros)>>(uint(zeros)*8&63))
	return 8 - zeros
}

// digits8 spreads v, which is below 10^8, over eight bytes, with the first digit in the lowest
// byte. It divides v into halves, quarters and digits; each step divides all parts at once, by a
// multiplication with a rounded-up reciprocal that is exact for their range.
func digits8(v uint32) uint64 {
	x := uint64(v/10000) | uint64(v%10000)<<32
	q := (x * 10486 >> 20) & 0x0000007f_0000007f // /100 of each half, exact below 10^4
	x = q | (x-q*100)<<16
	q = (x * 103 >> 10) & 0x000f_000f_000f_000f // /10 of each quarter, exact below 100
	return q | (x-q*10)<<8
}

// appendBound appends a bucket's upper bound or a quantile as a label value. It spells the number
// as other Prometheus clients do, because another spelling would be another series. OpenMetrics
// marks floats with a point: 1.0 for 1.
func appendBound(dst []byte, v float64, format Format) []byte {
	if math.IsInf(v, 1) {
		return append(dst, "+Inf"...)
	}
	from := len(dst)
	dst = strconv.AppendFloat(dst, v, 'g', -1, 64)
	if format == OpenMetrics && !math.IsInf(v, 0) && !math.IsNaN(v) {
		for _, c := range dst[from:] {
			if c == '.' || c == 'e' {
				return dst
			}
		}
		dst = append(dst, '.', '0')
	}
	return dst
}
