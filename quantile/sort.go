// SPDX-License-Identifier: Apache-2.0

package quantile

import (
	"math"
	"math/bits"
	"slices"
)

// keyOf maps a value to bits that compare, as unsigned integers, in the same way as the values,
// infinities included. The value must not be NaN or -0.
func keyOf(v float64) uint64 {
	b := math.Float64bits(v)
	return b ^ (uint64(int64(b)>>63) | 1<<63)
}

// valueOf returns the value that keyOf has mapped to k.
func valueOf(k uint64) float64 {
	return math.Float64frombits(k ^ (uint64(int64(^k)>>63) | 1<<63))
}

const (
	maxDigit = 10 // number of bits: two tables of 1024 counters, 4 KiB, stay in the first-level cache
	minRadix = 40 // fewer keys are sorted faster by insertion alone
)

// sorter sorts batches of keys. Its arrays are too large for the stack of a goroutine.
type sorter struct {
	low, high [1 << maxDigit]uint16
	other     [chunkLen]uint64
}

// sort returns keys in ascending order, in place or in the other array of the sorter. There must be
// at most chunkLen keys.
//
// A full radix sort of 64-bit keys takes six or eight passes. This one takes two, over the most
// significant bits in which the keys differ at all, about log2(n) bits for each pass. That leaves
// few pairs out of order, which insertion puts right. Insertion would take quadratic time for keys
// that agree in those bits and differ further down. So its moves are counted, and beyond a linear
// number of moves pdqsort takes over.
func (s *sorter) sort(keys []uint64) []uint64 {
	if len(keys) < minRadix {
		insertion(keys, math.MaxInt)
		return keys
	}
	var diff uint64
	for _, k := range keys[1:] {
		diff |= k ^ keys[0]
	}
	if diff == 0 {
		return keys
	}
	width := min(bits.Len(uint(len(keys)-1)), maxDigit)
	varying := bits.Len64(diff)
	shift := max(varying-2*width, 0)
	mask := uint64(1)<<width - 1
	low, high := s.low[:mask+1], s.high[:mask+1]
	clear(low)
	clear(high)
	for _, k := range keys {
		low[k>>shift&mask]++
		high[k>>shift>>width&mask]++
	}
	var a, b uint16
	for i := range low {
		n := low[i]
		low[i] = a
		a += n
		n = high[i]
		high[i] = b
		b += n
	}
	other := s.other[:len(keys)]
	for _, k := range keys {
		d := k >> shift & mask
		other[low[d]] = k
		low[d]++
	}
	if varying > width {
		for _, k := range other {
			d := k >> shift >> width & mask
			keys[high[d]] = k
			high[d]++
		}
	} else {
		keys = other
	}
	if shift > 0 && !insertion(keys, 8*len(keys)) {
		slices.Sort(keys)
	}
	return keys
}

// insertion sorts keys. It stops and reports false when that takes more than the given number of
// moves.
func insertion(keys []uint64, moves int) bool {
	for i := 1; i < len(keys); i++ {
		k := keys[i]
		j := i
		for j > 0 && keys[j-1] > k {
			keys[j] = keys[j-1]
			j--
		}
		keys[j] = k
		if moves -= i - j; moves < 0 {
			return false
		}
	}
	return true
}
