// SPDX-License-Identifier: Apache-2.0

package pagezip

import (
	"errors"
	"hash/crc32"
	"io"
)

// errClosed is the error of a Write after Close.
var errClosed = errors.New("pagezip: the writer is closed")

// Writer compresses what is written to it into one gzip member. It takes 265 KiB, whatever is
// written: 128 for the window, 64 for steps, 32 for tables, 32 for output. It allocates nothing
// more and starts no goroutine; it is worth keeping for another page. It must not be used
// concurrently.
//
// Output comes in pieces of about 32 KiB, the first one after 96 KiB of input or at Close. After
// an error of the writer behind it the Writer returns that error from Write and Close, and writes
// nothing more until Reset.
type Writer struct {
	blocks  blockWriter
	matcher matcher

	crc    uint32
	size   uint32 // modulo 2^32, as the format has it
	begun  bool   // the member's header is written
	closed bool

	start, end int // of the input in the window that is not compressed yet
	window     window
}

// NewWriter returns a Writer that writes to w.
func NewWriter(w io.Writer) *Writer {
	z := new(Writer)
	z.Reset(w)
	return z
}

// Reset begins another page, which is written to w. A page that was not closed ends without an end
// mark.
func (z *Writer) Reset(w io.Writer) {
	z.blocks.reset(w)
	z.matcher.reset()
	z.crc, z.size = 0, 0
	z.begun, z.closed = false, false
	z.start, z.end = 0, 0
}

// Write compresses a part of the page.
func (z *Writer) Write(p []byte) (int, error) {
	if z.blocks.err != nil {
		return 0, z.blocks.err
	}
	if z.closed {
		return 0, errClosed
	}
	written := 0
	for written < len(p) {
		// A full block waits for more input, because the last block is marked.
		if z.end == z.start+blockSize {
			z.compress(false)
			if z.blocks.err != nil {
				return written, z.blocks.err
			}
			z.slide()
		}
		n := copy(z.window[z.end:z.start+blockSize], p[written:])
		z.end += n
		written += n
	}
	return written, nil
}

// Close writes the end of the page. It does not close the writer behind z. A second Close does
// nothing.
func (z *Writer) Close() error {
	if z.closed || z.blocks.err != nil {
		return z.blocks.err
	}
	z.closed = true
	z.compress(true)
	z.blocks.align()
	z.blocks.put(uint64(z.crc), 32)
	z.blocks.put(uint64(z.size), 32)
	z.blocks.flush()
	return z.blocks.err
}

// compress writes the input in the window: one block, or more if one has not enough steps. The last
// one of the page may be empty.
func (z *Writer) compress(last bool) {
	if !z.begun {
		z.begun = true
		const magic, deflate, fastest, unknownSystem = 0x8b1f, 8, 4, 255
		z.blocks.put(magic|deflate<<16, 32)
		z.blocks.put(0, 32) // no time
		z.blocks.put(fastest|unknownSystem<<8, 16)
	}
	input := z.window[z.start:z.end]
	z.crc = crc32.Update(z.crc, crc32.IEEETable, input)
	z.size += uint32(len(input))
	for {
		end := z.matcher.match(&z.window, z.start, z.end)
		z.blocks.write(&z.matcher, &z.window, z.start, end, last && end == z.end)
		if z.start = end; end == z.end {
			return
		}
	}
}

// slide moves the input to the front of the window, as far as later input may refer to it.
func (z *Writer) slide() {
	moved := z.end - historySize
	copy(z.window[:historySize], z.window[moved:z.end])
	z.matcher.base += uint32(moved)
	z.start, z.end = historySize, historySize
}
