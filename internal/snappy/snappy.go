// SPDX-License-Identifier: Apache-2.0

package snappy

import (
	"encoding/binary"
	"math/bits"
)

const (
	// pieceSize is the length of the pieces that are compressed by themselves.
	pieceSize = 64 << 10

	// tableBits is the number of bits of a hash. The table takes 32 KiB, which fits into the cache.
	tableBits = 14

	// smallest is the length of text from which it is worth to look for copies.
	smallest = 16

	// margin is kept at the end of a piece without a search, so that eight bytes can be loaded
	// wherever there is one.
	margin = 8

	// patience is how many places without a match make the steps of the search one byte longer, as
	// a power of two. Text that does not compress is so passed quickly.
	patience = 5
)

// The two low bits of the first byte of an element.
const (
	tagLiteral = 0
	tagCopy1   = 1 // length 4 to 11, distance below 2048
	tagCopy2   = 2 // length 1 to 64, distance below 65536
)

// Encoder compresses blocks. The zero value is ready. It must not be used concurrently, and
// allocates nothing but what it appends.
type Encoder struct {
	// table has the place after each hash at which four bytes with this hash stood last, in the
	// piece under way. Places of earlier pieces are wrong, not harmful: the bytes are compared.
	table [1 << tableBits]uint16
}

// MaxLen returns how many bytes a block of n bytes of text takes at most.
func MaxLen(n int) int { return binary.MaxVarintLen64 + n + n/6 + smallest }

// Append appends the block of a text to dst.
func (e *Encoder) Append(dst, text []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(text)))
	for len(text) > 0 {
		n := min(len(text), pieceSize)
		dst = e.appendPiece(dst, text[:n:n])
		text = text[n:]
	}
	return dst
}

func (e *Encoder) appendPiece(dst, piece []byte) []byte {
	if len(piece) < smallest {
		return appendLiteral(dst, piece)
	}
	clear(e.table[:])
	last := len(piece) - margin
	written := 0 // bytes of the piece that are in dst
	for at := 1; at < last; {
		from, ok := 0, false
		for misses := 1 << patience; at < last; misses++ {
			four := binary.LittleEndian.Uint32(piece[at:])
			place := &e.table[hash(four)]
			from = int(*place)
			*place = uint16(at)
			if binary.LittleEndian.Uint32(piece[from:]) == four {
				ok = true
				break
			}
			at += misses >> patience
		}
		if !ok {
			break
		}
		for at > written && from > 0 && piece[at-1] == piece[from-1] { // the match may begin earlier
			at, from = at-1, from-1
		}
		if at > written {
			dst = appendLiteral(dst, piece[written:at])
		}
		length := 4 + matching(piece, from+4, at+4)
		dst = appendCopy(dst, at-from, length)
		at += length
		written = at
		if at < last {
			// The next line often differs in its first bytes only, so the end of this match is
			// where another one finds its beginning.
			before := binary.LittleEndian.Uint32(piece[at-1:])
			e.table[hash(before)] = uint16(at - 1)
		}
	}
	if written < len(piece) {
		dst = appendLiteral(dst, piece[written:])
	}
	return dst
}

// hash returns the place of four bytes in the table.
func hash(four uint32) uint32 { return four * 0x9E3779B1 >> (32 - tableBits) }

// matching returns how many bytes from a and from b on are the same. a is before b.
func matching(text []byte, a, b int) int {
	n := 0
	for b+n+8 <= len(text) {
		x := binary.LittleEndian.Uint64(text[a+n:]) ^ binary.LittleEndian.Uint64(text[b+n:])
		if x != 0 {
			return n + bits.TrailingZeros64(x)/8
		}
		n += 8
	}
	for b+n < len(text) && text[a+n] == text[b+n] {
		n++
	}
	return n
}

// appendLiteral appends a literal of at most a piece.
func appendLiteral(dst, text []byte) []byte {
	switch n := len(text) - 1; {
	case n < 60:
		dst = append(dst, byte(n)<<2|tagLiteral)
	case n < 1<<8:
		dst = append(dst, 60<<2|tagLiteral, byte(n))
	default:
		dst = append(dst, 61<<2|tagLiteral, byte(n), byte(n>>8))
	}
	return append(dst, text...)
}

// appendCopy appends copies of so many bytes, at least four, from a distance below a piece.
func appendCopy(dst []byte, distance, length int) []byte {
	// What is left for the last copy is at least four bytes, so that it can be of the short kind.
	for length >= 68 {
		dst = append(dst, 63<<2|tagCopy2, byte(distance), byte(distance>>8))
		length -= 64
	}
	if length > 64 {
		dst = append(dst, 59<<2|tagCopy2, byte(distance), byte(distance>>8))
		length -= 60
	}
	if length >= 12 || distance >= 2048 {
		return append(dst, byte(length-1)<<2|tagCopy2, byte(distance), byte(distance>>8))
	}
	return append(dst, byte(distance>>8)<<5|byte(length-4)<<2|tagCopy1, byte(distance))
}
