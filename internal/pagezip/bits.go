// SPDX-License-Identifier: Apache-2.0

package pagezip

import (
	"encoding/binary"
	"io"
)

const (
	// outMask makes checks of an index in out needless.
	outMask = 32<<10 - 1

	// outSize is the number of bytes that are written to the writer behind at once, about. A step
	// of the encoder takes less than outRoom, and is followed by a look at outSize.
	outSize = 32<<10 - outRoom
	outRoom = 64
)

// bitWriter collects bits, the lowest first, and writes them to a writer in pieces of outSize.
// After an error of that writer it drops everything.
type bitWriter struct {
	w   io.Writer
	err error

	acc  uint64 // bits that are not in out yet
	bits uint   // how many they are: at most 7 between calls
	n    int    // bytes in out
	out  [outMask + 1 + 8]byte
}

func (b *bitWriter) reset(w io.Writer) {
	b.w, b.err = w, nil
	b.acc, b.bits, b.n = 0, 0, 0
}

// put appends n bits of v, at most 48. The others must be 0.
func (b *bitWriter) put(v uint64, n uint) {
	b.acc |= v << b.bits
	b.bits += n
	binary.LittleEndian.PutUint64(b.out[b.n&outMask:], b.acc)
	b.n += int(b.bits >> 3)
	b.acc >>= b.bits &^ 7
	b.bits &= 7
	if b.n >= outSize {
		b.flush()
	}
}

// align fills the last byte with zeros.
func (b *bitWriter) align() {
	if b.bits > 0 {
		b.put(0, 8-b.bits)
	}
}

// putBytes appends bytes. The writer must be aligned.
func (b *bitWriter) putBytes(p []byte) {
	for len(p) > 0 {
		k := copy(b.out[b.n:outSize], p)
		p = p[k:]
		if b.n += k; b.n >= outSize {
			b.flush()
		}
	}
}

// flush writes the whole bytes.
func (b *bitWriter) flush() {
	p := b.out[:b.n]
	b.n = 0
	if b.err != nil || len(p) == 0 {
		return
	}
	n, err := b.w.Write(p)
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	b.err = err
}
