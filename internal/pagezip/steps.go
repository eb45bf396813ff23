// SPDX-License-Identifier: Apache-2.0

package pagezip

import "encoding/binary"

// stepTables are the codes of a block as the loop over its steps needs them. An entry has the bits
// to write in its lower 24 bits, and above them how many they are.
type stepTables struct {
	literals  [256]uint32
	lengths   [256]uint32 // by the length less 3, with the bits behind the symbol
	distances [32]uint32  // without the bits behind the symbol, whose number is in bits 16 to 19
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
		t.distances[s] = uint32(b.distanceCodes[s]) | uint32(distanceExtraBits(s))<<16 | uint32(length)<<entryBits
	}
}

// steps writes the symbols of the steps of m, which begin at index p of the window. The loop keeps
// the state of the bit writer in registers.
func (b *blockWriter) steps(m *matcher, w *window, p int) {
	b.makeTables()
	t := &b.tables
	acc, n, at := b.acc, b.bits, b.n
	for _, s := range m.steps[:m.n] {
		if at >= outSize {
			b.n = at
			b.flush()
			at = 0
		}
		end := p + s.literals()
		if end-p > maxRun {
			b.acc, b.bits, b.n = acc, n, at
			b.literals(w[p : end-maxRun])
			acc, n, at = b.acc, b.bits, b.n
			p = end - maxRun
		}
		for ; p < end; p++ {
			e := t.literals[w[p&windowMask]]
			acc |= uint64(e&entryMask) << (n & 63)
			n += uint(e >> entryBits)
			if n >= 32 {
				binary.LittleEndian.PutUint32(b.out[at&outMask:], uint32(acc))
				at += 4
				acc >>= 32
				n -= 32
			}
		}
		p += s.length()

		// At most 31 bits and 20 of the length.
		e := t.lengths[s.lengthIndex()]
		acc |= uint64(e&entryMask) << (n & 63)
		n += uint(e >> entryBits)
		binary.LittleEndian.PutUint64(b.out[at&outMask:], acc)
		at += int(n >> 3)
		acc >>= n & 56
		n &= 7

		e = t.distances[s.symbol()&31]
		acc |= uint64(e&0xFFFF) << (n & 63)
		n += uint(e >> entryBits)
		extraBits := uint(e >> 16 & 15)
		acc |= (uint64(s.distance()-1) & (1<<extraBits - 1)) << (n & 63)
		n += extraBits
		binary.LittleEndian.PutUint64(b.out[at&outMask:], acc)
		at += int(n >> 3)
		acc >>= n & 56
		n &= 7
	}
	b.acc, b.bits, b.n = acc, n, at
	b.literals(w[p : p+m.literals])
}

// literals writes literals of any number.
func (b *blockWriter) literals(input []byte) {
	for _, c := range input {
		e := b.tables.literals[c]
		b.put(uint64(e&entryMask), uint(e>>entryBits))
	}
}
