// SPDX-License-Identifier: Apache-2.0

package pagezip

// maxStored is the most that a stored block holds.
const maxStored = 65535

// Types of blocks, behind the bit that marks the last block.
const (
	typeStored  = 0
	typeFixed   = 1 << 1
	typeDynamic = 2 << 1
)

// blockWriter writes blocks: dynamic ones, whose codes are made for the block, fixed ones if they
// are smaller, as for a few lines, and stored ones if the block does not shrink.
type blockWriter struct {
	bitWriter
	huffman huffman

	// Lengths of codes. The fixed code has two symbols more than numSymbols.
	lengths         [len(fixedLengths)]uint8
	distanceLengths [numDistances]uint8
	metaLengths     [numMeta]uint8

	codes         [len(fixedLengths)]uint16
	distanceCodes [numDistances]uint16
	metaCodes     [numMeta]uint16

	header header
	tables stepTables
}

// header is what comes before the steps of a dynamic block: the lengths of codes.
type header struct {
	symbols, distances, meta int // lengths that are listed; the others are 0

	list     [numSymbols + numDistances]metaSymbol
	n        int // symbols in list
	metaFreq [numMeta]uint32
}

// metaSymbol is a symbol of numMeta with the bits behind it.
type metaSymbol struct{ symbol, extra uint8 }

// write writes a block with this input, which m has made steps of.
func (b *blockWriter) write(m *matcher, w *window, start, end int, last bool) {
	input := w[start:end]
	mark := uint64(0)
	if last {
		mark = 1
	}
	extra := b.countLengths(m)
	fixed := 3 + extra + fixedDistanceLength*m.n + cost(m.symbols[:], fixedLengths[:])
	dynamic := 3 + extra + b.makeHeader(m) + cost(m.symbols[:], b.lengths[:]) +
		cost(m.distances[:numDistances], b.distanceLengths[:])
	stored := 8 * (len(input) + 5*max(1, (len(input)+maxStored-1)/maxStored))

	switch {
	case stored < min(fixed, dynamic):
		b.stored(input, mark)
		return
	case fixed <= dynamic:
		b.put(mark|typeFixed, 3)
		copy(b.lengths[:], fixedLengths[:])
		for s := range b.distanceLengths {
			b.distanceLengths[s] = fixedDistanceLength
		}
	default:
		b.put(mark|typeDynamic, 3)
		b.putHeader()
	}
	assignCodes(b.lengths[:], b.codes[:])
	assignCodes(b.distanceLengths[:], b.distanceCodes[:])
	b.steps(m, w, start)
	b.put(uint64(b.codes[endOfBlock]), uint(b.lengths[endOfBlock]))
}

// countLengths counts the symbols of lengths, and the end of the block. It returns how many bits
// follow symbols of lengths and distances.
func (b *blockWriter) countLengths(m *matcher) (extraBits int) {
	m.symbols[endOfBlock] = 1
	for l, n := range m.lengths {
		if n > 0 {
			s := &lengthSymbols[l]
			m.symbols[s.symbol] += n
			extraBits += int(n) * int(s.extraBits)
		}
	}
	for s, n := range m.distances[:numDistances] {
		extraBits += int(n) * distanceExtraBits(s)
	}
	return extraBits
}

// cost returns how many bits the codes of symbols take.
func cost(freq []uint32, lengths []uint8) (bits int) {
	for s, n := range freq {
		bits += int(n) * int(lengths[s])
	}
	return bits
}

// makeHeader makes the codes of a dynamic block, and its header. It returns how many bits the
// header takes.
func (b *blockWriter) makeHeader(m *matcher) (bits int) {
	b.huffman.build(m.symbols[:], b.lengths[:numSymbols], maxCodeBits)
	b.lengths[numSymbols], b.lengths[numSymbols+1] = 0, 0
	b.huffman.build(m.distances[:numDistances], b.distanceLengths[:], maxCodeBits)

	h := &b.header
	h.symbols, h.distances, h.meta = numSymbols, numDistances, numMeta
	for b.lengths[h.symbols-1] == 0 { // the end of the block has a code
		h.symbols--
	}
	for b.distanceLengths[h.distances-1] == 0 {
		h.distances--
	}
	h.shorten(b.lengths[:h.symbols], b.distanceLengths[:h.distances])
	b.huffman.build(h.metaFreq[:], b.metaLengths[:], maxMetaBits)
	for h.meta > 4 && b.metaLengths[metaOrder[h.meta-1]] == 0 {
		h.meta--
	}
	bits = 5 + 5 + 4 + 3*h.meta + cost(h.metaFreq[:], b.metaLengths[:])
	for s, n := range h.metaFreq {
		bits += int(n) * int(metaExtraBits[s])
	}
	return bits
}

// shorten lists the lengths of codes, one alphabet behind the other, with runs made short.
func (h *header) shorten(lengths, distances []uint8) {
	var all [numSymbols + numDistances]uint8
	total := copy(all[:], lengths)
	total += copy(all[total:], distances)
	h.n = 0
	clear(h.metaFreq[:])
	for i := 0; i < total; {
		length, run := all[i], 1
		for i+run < total && all[i+run] == length {
			run++
		}
		i += run
		if length > 0 {
			h.add(length, 0)
			run--
		}
		for run > 0 {
			switch {
			case run < 3:
				h.add(length, 0)
				run--
			case length > 0:
				run -= h.addRun(repeatLast, run, 3, 6)
			case run < 11:
				run -= h.addRun(repeatZero, run, 3, 10)
			default:
				run -= h.addRun(repeatZeros, run, 11, 138)
			}
		}
	}
}

// addRun adds a symbol that stands for least to most lengths, and returns for how many.
func (h *header) addRun(symbol uint8, run, least, most int) int {
	run = min(run, most)
	h.add(symbol, uint8(run-least))
	return run
}

func (h *header) add(symbol, extra uint8) {
	h.list[h.n] = metaSymbol{symbol, extra}
	h.n++
	h.metaFreq[symbol]++
}

func (b *blockWriter) putHeader() {
	h := &b.header
	b.put(uint64(h.symbols-257)|uint64(h.distances-1)<<5|uint64(h.meta-4)<<10, 14)
	for _, s := range metaOrder[:h.meta] {
		b.put(uint64(b.metaLengths[s]), 3)
	}
	assignCodes(b.metaLengths[:], b.metaCodes[:])
	for _, s := range h.list[:h.n] {
		b.put(uint64(b.metaCodes[s.symbol]), uint(b.metaLengths[s.symbol]))
		b.put(uint64(s.extra), uint(metaExtraBits[s.symbol]))
	}
}

// stored writes the input as it is.
func (b *blockWriter) stored(input []byte, mark uint64) {
	for len(input) > 0 {
		piece := input[:min(len(input), maxStored)]
		input = input[len(piece):]
		if len(input) > 0 {
			b.put(typeStored, 3)
		} else {
			b.put(mark|typeStored, 3)
		}
		b.align()
		b.put(uint64(len(piece))|uint64(^uint16(len(piece)))<<16, 32)
		b.putBytes(piece)
	}
}
