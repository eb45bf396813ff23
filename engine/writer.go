// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"io"

	"github.com/quipu-metrics/quipu/encode"
)

const (
	// chunkSize is how much of a page is gathered before it is written. A scrape holds so much in
	// memory, however many series there are, and it is large enough that writing costs little.
	chunkSize = 64 << 10

	// chunkRoom is kept free at the end of a chunk, so that most series end in it without the chunk
	// being moved.
	chunkRoom = 4 << 10
)

// pageWriter gathers the families of a page in chunks and writes these. Kinds append their series
// to buf: next makes room for each.
type pageWriter struct {
	w      io.Writer
	format encode.Format
	whole  bool            // one protobuf message for each family: see Exposition.WholeFamilies
	ctx    context.Context // may be nil

	buf   []byte
	enc   *encode.Family // of the family under way
	name  string         // of that family; families of one name share a header
	open  bool           // the header is in buf, or written
	start int            // where the piece of the family under way begins in buf: protobuf needs its length
	full  int            // the length of buf at which it is written
	n     int64          // bytes written
	err   error
	state state // of the series under way
}

// reset makes the writer ready for another page.
func (w *pageWriter) reset() {
	w.w, w.err, w.n, w.ctx = nil, nil, 0, nil
	w.enc, w.name, w.open = nil, "", false
	w.buf = w.buf[:0]
	w.state.forget()
}

// stopped reports whether the page is over before its end: it could not be written, or its context
// is done.
func (w *pageWriter) stopped() bool {
	if w.err == nil && w.ctx != nil && w.ctx.Err() != nil {
		w.err = context.Cause(w.ctx)
	}
	return w.err != nil
}

// flush writes what is in the buffer.
func (w *pageWriter) flush() {
	if !w.stopped() && len(w.buf) > 0 {
		var n int
		n, w.err = w.w.Write(w.buf)
		w.n += int64(n)
		if w.err == nil && n < len(w.buf) {
			w.err = io.ErrShortWrite
		}
	}
	w.buf = w.buf[:0]
}

// enter begins the family whose series follow. If the last family has the same name, they share one
// header.
func (w *pageWriter) enter(name string, enc *encode.Family) {
	if name != w.name {
		w.leave()
		w.name = name
	}
	w.enc = enc
}

// leave closes the family under way.
func (w *pageWriter) leave() {
	if w.open {
		w.end()
	}
	w.name, w.open = "", false
}

// finish ends the page.
func (w *pageWriter) finish() {
	w.leave()
	w.buf = encode.AppendTrailer(w.buf, w.format)
	w.flush()
}

// next makes room for the next series of the family under way, and opens the family before the
// first series of its name: a family without series is not on the page. It returns false when the
// page cannot be written.
func (w *pageWriter) next() bool {
	switch {
	case !w.open:
		w.begin()
	case len(w.buf) <= w.full:
	case w.whole:
		w.full = len(w.buf) + chunkSize // nothing is written yet, but the context is looked at
		w.stopped()
	default:
		w.end()
		w.flush()
		w.resume()
	}
	return w.err == nil
}

// begin opens a family.
func (w *pageWriter) begin() {
	if len(w.buf) > chunkSize-chunkRoom {
		w.flush()
	}
	w.start = len(w.buf)
	w.buf = w.enc.Begin(w.buf, w.format)
	w.open = true
	w.setFull()
}

// resume opens the next piece of a family.
func (w *pageWriter) resume() {
	w.start = len(w.buf)
	w.buf = w.enc.Continue(w.buf, w.format)
	w.setFull()
}

// setFull sets where the piece of a family that has just been opened ends. Protobuf repeats the
// header for every piece, so without the second term a help text larger than a chunk would be
// written once for each series.
func (w *pageWriter) setFull() { w.full = max(chunkSize-chunkRoom, 2*(len(w.buf)-w.start)) }

// end closes a piece of a family. Families of one name have one header, so it does not matter which
// of them closes.
func (w *pageWriter) end() { w.buf = w.enc.End(w.buf, w.start, w.format) }

// splitNative ends the message of the family under way behind a native histogram that has
// exemplars, and begins the next one: Prometheus reads the exemplars of the first native histogram
// in a message only. A reader of whole families loses nothing: a Pushgateway writes its page anew.
func (w *pageWriter) splitNative() {
	native := w.state.histogram.Native
	if native != nil && len(native.Exemplars) > 0 && w.format == encode.Protobuf && !w.whole {
		w.end()
		w.resume()
	}
}
