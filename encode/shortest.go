// SPDX-License-Identifier: Apache-2.0

package encode

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// appendShortest appends v as strconv does with the format g and the precision -1: with the fewest
// digits that tell it from all other doubles, and of several such decimals the one nearest to v, or
// of two nearest ones the even one. v must have a fraction, its absolute value must be in [1e-3,
// 2^52), and dst needs numberRoom. It reports false for powers of two, whose neighbours are at
// different distances.
//
// Sums of observations have 16 or 17 digits once rounding errors have added up, so most of them
// come here (BenchmarkAppendFloat). In this range exact arithmetic takes two words, and there is
// nothing to search:
//
// v is m/2^s. With k such that v*10^k has 17 digits before the point, m*10^k has at most 117 bits.
// A decimal c/10^k is read as v if c*2^s is less than 10^k/2 away from m*10^k, which is half the
// distance to the next double. (It is never exactly that far away: k is at most s, so 10^k/2 has
// fewer factors of two than 2^s, and the odd 2m±1 has none.) Divided by 2^s, this bound is between
// 0.55 and 11.2. So the c next to m*10^k/2^s always is such a decimal. At most one such c is a
// multiple of 100, and if there is one, it has the fewest digits once its zeros are cut. Otherwise
// it is the nearest multiple of 10, if that is near enough. c is below 10^17: a power of ten is
// read as the double that abs is below.
func appendShortest(dst []byte, v, abs float64) ([]byte, bool) {
	word := math.Float64bits(abs)
	m, s := word&(1<<52-1)|1<<52, uint(1075-word>>52)
	if m == 1<<52 {
		return dst, false
	}
	point := 0 // abs is in [10^(point-1), 10^point)
	for abs < powersOf10[point+2] {
		point--
	}
	for abs >= powersOf10[point+3] {
		point++
	}
	power := wholePowersOf10[17-point]
	high, low := bits.Mul64(m, power)
	whole, rest := high<<(64-s)|low>>s, low&(1<<s-1)

	lowest, borrow := bits.Sub64(low, power/2, 0)
	highest, carry := bits.Add64(low, power/2, 0)
	first, last := ((high-borrow)<<(64-s)|lowest>>s)+1, (high+carry)<<(64-s)|highest>>s

	c := whole / 100 * 100
	if c < first {
		c += 100
	}
	if c > last {
		ten, half := whole/10, uint64(1)<<(s-1)
		if units := whole % 10; units > 5 || units == 5 && (rest > 0 || ten&1 == 1) {
			ten++
		}
		switch c = ten * 10; {
		case first <= c && c <= last:
		case rest > half || rest == half && whole&1 == 1:
			c = whole + 1
		default:
			c = whole
		}
	}
	if v < 0 {
		dst = append(dst, '-')
	}
	return appendDigits(dst, c, point), true
}

// appendDigits appends c/10^(17-point), for c of 17 digits, without the zeros at its end. The value
// is no integer.
func appendDigits(dst []byte, c uint64, point int) []byte {
	n := len(dst)
	dst = dst[:n+numberRoom-1]
	shift := 1 // the digits before the point move to the left afterwards
	if point < 1 {
		shift = 2 - point
		copy(dst[n:], "0.00")
	}
	middle, tail := digits8(uint32(c/1e8%1e8)), digits8(uint32(c%1e8))
	text := dst[n+shift:]
	text[0] = '0' + byte(c/1e16)
	binary.LittleEndian.PutUint64(text[1:], middle|asciiZeros)
	binary.LittleEndian.PutUint64(text[9:], tail|asciiZeros)
	size := 17 - bits.LeadingZeros64(tail)/8
	if tail == 0 {
		size = 9 - bits.LeadingZeros64(middle)/8
	}
	end := n + shift + size
	switch {
	case point < 1:
		return dst[:end]
	case point > 6: // as strconv does from a million on
		dst[n], dst[n+1] = dst[n+1], '.'
		exponent := byte(point - 1)
		dst[end], dst[end+1], dst[end+2], dst[end+3] = 'e', '+', '0'+exponent/10, '0'+exponent%10
		return dst[:end+4]
	}
	for i := range point {
		dst[n+i] = dst[n+i+1]
	}
	dst[n+point] = '.'
	return dst[:end]
}

// powersOf10 begins with 1e-3.
var powersOf10 = [...]float64{1e-3, 1e-2, 1e-1, 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12,
	1e13, 1e14, 1e15, 1e16}

var wholePowersOf10 = [...]uint64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
	1e16, 1e17, 1e18, 1e19}
