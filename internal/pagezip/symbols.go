// SPDX-License-Identifier: Apache-2.0

package pagezip

import "math/bits"

// The alphabets of RFC 1951.
const (
	endOfBlock   = 256
	numSymbols   = 286 // literals, the end of the block, lengths
	numDistances = 30  // symbols of distances: 1, 1, 1, 1, 2, 2, 4, 4, 8, 8... distances each
	numMeta      = 19  // symbols for the lengths of codes

	maxCodeBits = 15 // of the first two
	maxMetaBits = 7  // of the third

	repeatLast  = 16 // in numMeta: the last length 3 to 6 times
	repeatZero  = 17 // 0 for 3 to 10 symbols
	repeatZeros = 18 // 0 for 11 to 138 symbols
)

// metaOrder is the order in which a block lists the lengths of codes of numMeta.
var metaOrder = [numMeta]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// metaExtraBits are the bits behind each symbol of numMeta.
var metaExtraBits = [numMeta]uint8{repeatLast: 2, repeatZero: 3, repeatZeros: 7}

// lengthSymbol is the symbol for a length, with the bits behind it.
type lengthSymbol struct {
	symbol           uint16
	extra, extraBits uint8
}

// lengthSymbols has the symbol of each length, by the length less 3.
var lengthSymbols = func() (all [256]lengthSymbol) {
	length := 0
	for symbol := range 28 {
		extraBits := max(0, symbol/4-1)
		for extra := range 1 << extraBits {
			// The last symbol here also had a form for length 258, which has its own.
			all[min(length, 255)] = lengthSymbol{uint16(endOfBlock + 1 + symbol), uint8(extra), uint8(extraBits)}
			length++
		}
	}
	all[255] = lengthSymbol{symbol: numSymbols - 1}
	return all
}()

// distanceSymbol returns the symbol of a distance.
func distanceSymbol(distance int) int {
	d := uint32(distance - 1)
	if d < 4 {
		return int(d)
	}
	n := bits.Len32(d) - 1
	return 2*n + int(d>>(n-1)&1)
}

// distanceExtraBits returns the number of bits behind the symbol of a distance.
func distanceExtraBits(symbol int) int { return max(0, symbol/2-1) }

// The codes of fixed blocks have these lengths.
const fixedDistanceLength = 5

var fixedLengths = func() (all [288]uint8) {
	for s := range all {
		switch {
		case s < 144:
			all[s] = 8
		case s < 256:
			all[s] = 9
		case s < 280:
			all[s] = 7
		default:
			all[s] = 8
		}
	}
	return all
}()
