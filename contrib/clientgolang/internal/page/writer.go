// SPDX-License-Identifier: Apache-2.0

package page

import (
	"io"
	"sync"

	"github.com/quipu-metrics/quipu/encode"
)

// Writer gathers a page in chunks. It must not be used concurrently.
type Writer struct {
	Format  encode.Format
	Created bool   // whether series show the time of their creation
	Buf     []byte // series are appended to it

	// For those who append series: memory that they may use again, and whether summaries have what
	// was observed before the page.
	Counts    []uint64
	Estimates []float64
	Exemplars []*encode.Exemplar
	Drained   bool

	to      io.Writer
	failed  func(error) bool
	stopped bool
	enc     *encode.Family // of the family under way
	start   int            // where it begins in Buf
}

const (
	// chunk is how much of a page is gathered before it is written.
	chunk = 64 << 10
	// kept is the largest buffer that is kept for another page.
	kept = 1 << 20
)

// Begin opens a family.
func (w *Writer) Begin(f *encode.Family) {
	w.enc, w.start = f, len(w.Buf)
	w.Buf = f.Begin(w.Buf, w.Format)
}

// Next makes room for another series. It reports false when the page has ended early. A family in
// protobuf is one message, as it is with client_golang, and stays in the buffer until it ends.
func (w *Writer) Next() bool {
	if w.Format != encode.Protobuf {
		w.fill()
	}
	return !w.stopped
}

// End closes the family.
func (w *Writer) End() { w.Buf = w.enc.End(w.Buf, w.start, w.Format) }

// Write implements [io.Writer] for families that are messages.
func (w *Writer) Write(p []byte) (int, error) {
	w.Buf = append(w.Buf, p...)
	w.fill()
	return len(p), nil
}

// fill writes what is in the buffer if that is enough.
func (w *Writer) fill() {
	if len(w.Buf) >= chunk {
		w.flush()
	}
}

func (w *Writer) flush() {
	if len(w.Buf) > 0 && !w.stopped {
		_, err := w.to.Write(w.Buf)
		w.fail(err)
	}
	w.Buf = w.Buf[:0]
}

func (w *Writer) fail(err error) {
	if err != nil && w.failed(err) {
		w.stopped = true
	}
}

// bufferPool keeps buffers of pages.
type bufferPool struct{ sync.Pool }

var buffers bufferPool

func (p *bufferPool) get() []byte {
	if b, ok := p.Get().(*[]byte); ok {
		return (*b)[:0]
	}
	return make([]byte, 0, chunk+chunk/4)
}

func (p *bufferPool) put(b []byte) {
	if cap(b) <= kept {
		p.Put(&b)
	}
}
