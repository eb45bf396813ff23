// SPDX-License-Identifier: Apache-2.0

package pagezip

import (
	"encoding/binary"
	"math/bits"
)

// stepTables are the codes of a block as the loop over its steps needs them. An entry has the bits
// to write in its lower 24 bits, and above them how many they are.
type stepTables struct {
	literals  [256]uint32
	lengths   [256]uint32 // by the length less 3, with the bits behind the symbol
	distances [32]uint32  // without the bits behind the symbol
}

const (
	entryBits = 24
	entryMask = 1<<entryBits - 1

	// maxRun is the number of literals that a step writes between two looks at the buffer: 30 bytes
	// at most, with 12 for the rest of the step and 8 that a store may write beyond the end.
	maxRun = 16
)

func (b *blockWriter) makeTables() {
	t := &b.tables
	for s := range t.literals {
		t.literals[s] = uint32(b.codes[s]) | uint32(b.lengths[s])<<entryBits
	}
	for l := range t.lengths {
		s := &lengthSymbols[l]
		n := uint32(b.lengths[s.symbol])
		t.lengths[l] = uint32(b.codes[s.symbol]) | uint32(s.extra)<<n | (n+uint32(s.extraBits))<<entryBits
	}
	for s, length := range b.distanceLengths {
		t.distances[s] = uint32(b.distanceCodes[s]) | uint32(length)<<entryBits
	}
}

// steps writes the symbols of the steps. The loop keeps the state of the bit writer in registers.
func (b *blockWriter) steps(m *matcher, input []byte) {
	b.makeTables()
	t := &b.tables
	rest := input
	acc, n, at := b.acc, b.bits, b.n
	for _, s := range m.steps[:m.n] {
		if at >= outSize {
			b.n = at
			b.flush()
			at = 0
		}
		run := s.literals()
		if run > maxRun {
			b.acc, b.bits, b.n = acc, n, at
			b.literals(rest[:run-maxRun])
			acc, n, at = b.acc, b.bits, b.n
			rest, run = rest[run-maxRun:], maxRun
		}
		for _, c := range rest[:run] {
			e := t.literals[c]
			acc |= uint64(e&entryMask) << (n & 63)
			n += uint(e >> entryBits)
			if n >= 32 {
				binary.LittleEndian.PutUint32(b.out[at:], uint32(acc))
				at += 4
				acc >>= 32
				n -= 32
			}
		}
		rest = rest[run+s.length():]

		// At most 31 bits, 20 of the length, and 13 of the 28 of the distance.
		e := t.lengths[s.lengthIndex()]
		acc |= uint64(e&entryMask) << (n & 63)
		n += uint(e >> entryBits)
		binary.LittleEndian.PutUint64(b.out[at:], acc)
		at += int(n >> 3)
		acc >>= n & 56
		n &= 7

		e = t.distances[s.symbol()&31]
		acc |= uint64(e&entryMask) << (n & 63)
		n += uint(e >> entryBits)
		distance := uint64(s.distance() - 1)
		if k := uint(bits.Len64(distance)); k > 2 {
			acc |= (distance & (1<<(k-2) - 1)) << (n & 63)
			n += k - 2
		}
		binary.LittleEndian.PutUint64(b.out[at:], acc)
		at += int(n >> 3)
		acc >>= n & 56
		n &= 7
	}
	b.acc, b.bits, b.n = acc, n, at
	b.literals(rest)
}

// literals writes literals of any number.
func (b *blockWriter) literals(input []byte) {
	for _, c := range input {
		e := b.tables.literals[c]
		b.put(uint64(e&entryMask), uint(e>>entryBits))
	}
}
