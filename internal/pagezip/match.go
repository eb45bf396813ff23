// SPDX-License-Identifier: Apache-2.0

package pagezip

import (
	"encoding/binary"
	"math/bits"
)

const (
	historySize = 32 << 10 // the format lets a match reach so far back
	blockSize   = 96 << 10 // a block takes so much input
	windowMask  = historySize + blockSize - 1
	loadRoom    = 16 // loads of eight bytes may reach so far behind the input

	minMatch  = 4
	shortest  = 3 // the format's shortest match: lengths are counted from it
	longest   = 258
	maxSteps  = 8 << 10 // a block has at most so many
	tableBits = 12

	// A match takes over at most so many bytes of earlier steps. So it always reaches beyond the
	// place where the last one ended, and no input takes long.
	maxTakeBack = 128

	// After regularSteps steps along one reference, each one literal behind the last, only every
	// eighth place is looked up.
	regularSteps = 16
)

// window is the input: up to historySize bytes that are compressed already, then those of a block.
// Its size is a power of two, so that an index with windowMask needs no check.
type window [historySize + blockSize + loadRoom]byte

func (w *window) load32(i int) uint32 { return binary.LittleEndian.Uint32(w[i&windowMask:]) }
func (w *window) load64(i int) uint64 { return binary.LittleEndian.Uint64(w[i&windowMask:]) }

// step is a number of literals and the match that follows them. From the lowest bit: 32 bits for
// the number of literals, 8 for the length of the match less 3, 16 for its distance less 1, 8 for
// the symbol of the distance.
type step uint64

func newStep(literals, length, distance, symbol int) step {
	return step(literals) | step(length-shortest)<<32 | step(distance-1)<<40 | step(symbol)<<56
}

func (s step) literals() int      { return int(uint32(s)) }
func (s step) lengthIndex() uint8 { return uint8(s >> 32) }
func (s step) length() int        { return int(s.lengthIndex()) + shortest }
func (s step) distance() int      { return int(s>>40&0xFFFF) + 1 }
func (s step) symbol() uint8      { return uint8(s >> 56) }

// matcher cuts a block into steps, and counts the symbols that they take.
//
// It goes along a reference, the text at a fixed distance before the input, for as long as the two
// are equal. On a page that is long: the reference is a line before, whose line end is equal too,
// so it goes on with the line after that one at the same distance. Where they differ, in a label
// value or a number, it looks for another match in this order:
//
//   - In tables of the places where text differed from its reference before, by their first eight
//     bytes and by their first four. Such places are few, and the same in each line: a histogram's
//     line differs from the line before at the bound, and there the table knows the same bound of
//     the series before, while at the label value it knows the line before. A match is taken if it
//     is not much further away than the reference. If it covers the step before too, it takes that
//     over: so the matcher comes to go along the best line, say the one with the same method and
//     path, though no table has the beginnings of lines.
//   - One to four bytes on in the reference, where a digit or two have changed.
//   - After the next quote, space or line end of both texts, where a value has become longer.
//   - Byte by byte in the tables, if no such delimiter is near.
type matcher struct {
	steps    [maxSteps]step
	n        int // steps in use
	literals int // behind the last of them

	symbols   [numSymbols]uint32 // how often: literals, and later the symbols of lengths
	lengths   [256]uint32        // by the length less 3
	distances [32]uint32         // of symbols

	distance int    // of the reference; 0: there is none
	regular  int    // steps in a row that went along it
	base     uint32 // position in the page of the window's first byte

	// Positions in the page of the last place with the same hash. Position 0 also stands for none:
	// that makes no difference, because text that a table names is compared.
	eights, fours [1 << tableBits]uint32
}

// reset makes the matcher forget the page.
func (m *matcher) reset() {
	m.distance, m.regular, m.base = 0, 0, 0
	clear(m.eights[:])
	clear(m.fours[:])
}

// match makes the steps of a block that begins at index from of the window. It returns the index of
// the end of the block, which is to or, if there are too many steps, less.
func (m *matcher) match(w *window, from, to int) int {
	clear(m.symbols[:])
	clear(m.lengths[:])
	clear(m.distances[:])
	m.n = 0

	p, d := from, m.distance
	literal := from // the first byte that is in no step
	for p <= to-8 && m.n < maxSteps {
		here, differ := w.load64(p), ^uint64(0)
		if d > 0 {
			differ = here ^ w.load64(p-d)
		}
		if uint32(differ>>8) == 0 && m.regular > regularSteps && m.regular&7 != 0 {
			p++
			m.regular++
		} else {
			var found bool
			if literal, p, d, found = m.turn(w, literal, p, d, to-8, here, differ); !found {
				continue
			}
		}

		end, most := p+minMatch, min(to, p+longest)
		for end < most {
			if x := w.load64(end) ^ w.load64(end-d); x != 0 {
				end += bits.TrailingZeros64(x) >> 3
				break
			}
			end += 8
		}
		end = min(end, most)

		for i := literal; i < p; i++ {
			m.symbols[w[i&windowMask]]++
		}
		symbol := distanceSymbol(d)
		m.steps[m.n&(maxSteps-1)] = newStep(p-literal, end-p, d, symbol)
		m.n++
		m.lengths[uint8(end-p-shortest)]++
		m.distances[symbol&31]++
		p, literal = end, end
	}
	if m.n < maxSteps {
		p = to
	}
	for _, c := range w[literal:p] {
		m.symbols[c]++
	}
	m.literals, m.distance = p-literal, d
	return p
}

// turn decides how to go on at p, where the text differs from its reference. It returns the first
// byte that is in no step, where a match of at least minMatch bytes begins, and its distance; or,
// if there is none, a later place to look from.
func (m *matcher) turn(w *window, literal, p, d, limit int, here, differ uint64) (int, int, int, bool) {
	if uint32(differ) == 0 { // the match before was as long as the format allows
		return literal, p, d, true
	}
	c := m.lookUp(w, p, here)
	switch {
	case c > 0 && c != d && literal == p && m.n > 0 && m.covers(w, p, p, c):
		literal, p = m.takeBack(w, p, c)
		d, m.regular = c, 0
	case c > 0 && c != d && c < 4*d && w.load64(p-c) == here:
		d, m.regular = c, 0
	case uint32(differ>>8) == 0:
		p++
		m.regular++
	case c > 0:
		d, m.regular = c, 0
	case uint32(differ>>16) == 0:
		p += 2
	case uint32(differ>>24) == 0:
		p += 3
	case differ>>32 == 0:
		p += 4
	default:
		m.regular = 0
		var found bool
		p, d, found = m.search(w, literal, p, d, limit)
		return literal, p, d, found
	}
	return literal, p, d, true
}

// covers reports whether the text at distance c also has the match of the last step, which ends at
// index end, at most maxTakeBack bytes before p with its beginning.
func (m *matcher) covers(w *window, p, end, c int) bool {
	begin := end - m.steps[m.n-1].length()
	return p-begin <= maxTakeBack && begin >= c && w.load32(begin) == w.load32(begin-c) &&
		string(w[begin:end]) == string(w[begin-c:end-c])
}

// takeBack takes back the last step, which the text at distance c covers, and earlier ones as long
// as it has them with all of their literals. It returns the first byte that is in no step then, and
// where a match with that text begins.
func (m *matcher) takeBack(w *window, p, c int) (literal, begin int) {
	begin = p
	for {
		m.n--
		last := m.steps[m.n]
		m.lengths[last.lengthIndex()]--
		m.distances[last.symbol()&31]--
		begin -= last.length()
		literal = begin - last.literals()
		for _, ch := range w[literal:begin] {
			m.symbols[ch]--
		}
		for begin > max(literal, c) && p-begin < maxTakeBack && w[begin-1] == w[begin-1-c] {
			begin--
		}
		if begin > literal || m.n == 0 || !m.covers(w, p, begin, c) {
			return literal, begin
		}
	}
}

// lookUp looks for text of eight bytes or, failing that, for text with the first four of them. It
// returns the distance to it or 0, and puts p into the tables.
func (m *matcher) lookUp(w *window, p int, here uint64) int {
	position := m.base + uint32(p)
	four := &m.fours[uint32(here)*0x9E3779B1>>(32-tableBits)]
	eight := &m.eights[here*0x9E3779B185EBCA87>>(64-tableBits)]
	c, far := int(position-*eight), int(position-*four)
	*eight, *four = position, position
	limit := uint(min(p, historySize))
	if uint(c-1) < limit && w.load64(p-c) == here {
		return c
	}
	if uint(far-1) < limit && w.load32(p-far) == uint32(here) {
		return far
	}
	return 0
}
