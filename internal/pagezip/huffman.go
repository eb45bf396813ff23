// SPDX-License-Identifier: Apache-2.0

package pagezip

import (
	"math/bits"
	"slices"
)

// huffman makes codes. It holds the memory that this takes.
type huffman struct {
	keys  [numSymbols]uint32 // of the symbols in use: frequency<<9 | symbol, the rarest first
	nodes [numSymbols]uint32
	count [32 + numSymbols]uint16 // symbols by the length of their code
}

// build sets the length of each symbol's code: the lengths of an optimal prefix code, or of a
// nearly optimal one if that has codes above limit. A symbol that does not occur has none. There
// are always at least two codes, because some readers refuse a lone one; so the codes use up all
// bit strings. Frequencies are below 2^23.
func (h *huffman) build(freq []uint32, lengths []uint8, limit int) {
	clear(lengths)
	keys := h.keys[:0]
	for s, f := range freq {
		if f != 0 {
			keys = append(keys, f<<9|uint32(s))
		}
	}
	for s := uint32(0); len(keys) < 2; s++ {
		if len(keys) == 0 || keys[0]&511 != s {
			keys = append(keys, 1<<9|s)
		}
	}
	slices.Sort(keys)
	h.depths(keys)
	h.limit(limit)

	// The rarest symbols get the longest codes.
	i := 0
	for length := limit; length > 0; length-- {
		for range h.count[length] {
			lengths[keys[i]&511] = uint8(length)
			i++
		}
	}
}

// depths counts the leaves of an optimal tree by their depth. This is the in-place algorithm by
// Moffat and Katajainen: nodes holds weights of inner nodes, then the indexes of their parents,
// then their depths. As the keys are sorted, inner nodes come into being in the order of their
// weight, so the two lightest nodes are always at the heads of two queues.
func (h *huffman) depths(keys []uint32) {
	n := len(keys)
	nodes := h.nodes[:n-1]
	leaf, inner := 0, 0
	for next := range nodes {
		var weight uint32
		for range 2 {
			if leaf < n && (inner >= next || keys[leaf]>>9 <= nodes[inner]) {
				weight += keys[leaf] >> 9
				leaf++
			} else {
				weight += nodes[inner]
				nodes[inner] = uint32(next)
				inner++
			}
		}
		nodes[next] = weight
	}

	clear(h.count[:])
	nodes[n-2] = 0
	for i := n - 3; i >= 0; i-- {
		nodes[i] = nodes[nodes[i]] + 1
	}
	// Of the nodes at a depth, those that are not inner ones are leaves.
	at, free := n-2, 1
	for depth := uint32(0); free > 0; depth++ {
		used := 0
		for at >= 0 && nodes[at] == depth {
			used++
			at--
		}
		h.count[depth] = uint16(free - used)
		free = 2 * used
	}
}

// limit makes longer codes as long as limit, which makes them too many. It takes back one bit
// string of that length at a time: one symbol loses a code of that length, and shares the code of a
// symbol higher up, which both lengthen by one bit.
func (h *huffman) limit(limit int) {
	over := 0
	for length := limit + 1; length < len(h.count); length++ {
		over += int(h.count[length])
	}
	if over == 0 {
		return
	}
	h.count[limit] += uint16(over)
	total := 0 // bit strings of length limit that the codes take
	for length := 1; length <= limit; length++ {
		total += int(h.count[length]) << (limit - length)
	}
	for ; total > 1<<limit; total-- {
		length := limit - 1
		for h.count[length] == 0 {
			length--
		}
		h.count[limit]--
		h.count[length]--
		h.count[length+1] += 2
	}
}

// assignCodes sets the code of each symbol, the first bit lowest, from the lengths: codes of one
// length are consecutive numbers in the order of their symbols, and longer ones follow shorter
// ones.
func assignCodes(lengths []uint8, codes []uint16) {
	var next [maxCodeBits + 2]uint16
	for _, length := range lengths {
		next[length+1]++
	}
	next[1] = 0
	for length := 1; length <= maxCodeBits; length++ {
		next[length+1] = (next[length+1] + next[length]) << 1
	}
	// next[length] is now the first code of that length.
	for s, length := range lengths {
		if length > 0 {
			codes[s] = bits.Reverse16(next[length]) >> (16 - length)
			next[length]++
		}
	}
}
