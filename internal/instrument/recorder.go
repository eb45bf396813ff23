// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// recorder is the ResponseWriter of a measured request. It is never reused: the handler may have
// started goroutines that write after it has returned, and their writes must not reach the response
// or the counts of another request.
//
// A ResponseWriter belongs to one goroutine at a time, but the one beneath may allow several, so
// the fields that writes change are atomic.
type recorder struct {
	inner http.ResponseWriter
	owner *middleware
	began time.Duration // since the owner's epoch
	http2 bool          // or later, where 101 is an informational code

	code    atomic.Int32 // 0 until the header is written
	written atomic.Int64 // bytes of the body

	counted *countedRequest // the handler's request if its body is counted, else nil

	mu       sync.Mutex      // guards the following
	upgraded time.Duration   // since the owner's epoch; 0 if the connection still speaks HTTP
	route    string          // as seen by a Middleware inside; "" if none has seen one
	inside   context.Context // of the request of the innermost Middleware; nil if there is none
	panicked bool            // the handler, or one inside
}

// noteInside notes the route and the context of a Middleware inside. The innermost one, which calls
// it first, knows best.
func (rec *recorder) noteInside(route string, ctx context.Context) {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	if rec.route == "" {
		rec.route = route
	}
	if rec.inside == nil {
		rec.inside = ctx
	}
}

func (rec *recorder) notePanic() {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	rec.panicked = true
}

// received returns the length of the request's body, or the number of bytes that were read if the
// length is not trusted.
func (rec *recorder) received(r *http.Request) int64 {
	if rec.counted != nil {
		return rec.counted.body.read.Load()
	}
	return max(r.ContentLength, 0)
}

func (rec *recorder) Header() http.Header { return rec.inner.Header() }

// WriteHeader notes the first code that is not informational, as net/http does. net/http panics if
// code is not a status code.
func (rec *recorder) WriteHeader(code int) {
	rec.inner.WriteHeader(code)
	switch {
	case code >= 200:
		rec.noteHeader(code)
	case code == http.StatusSwitchingProtocols && !rec.http2:
		rec.noteUpgrade()
	}
}

// noteHeader notes that the header has been written.
func (rec *recorder) noteHeader(code int) {
	if rec.code.Load() == 0 {
		rec.code.CompareAndSwap(0, int32(code))
	}
}

// noteUpgrade notes that the connection uses another protocol from now on.
func (rec *recorder) noteUpgrade() {
	rec.noteHeader(http.StatusSwitchingProtocols)
	rec.mu.Lock()
	defer rec.mu.Unlock()
	if rec.upgraded == 0 {
		rec.upgraded = time.Since(rec.owner.epoch)
	}
}

func (rec *recorder) Write(p []byte) (int, error) {
	n, err := rec.inner.Write(p)
	rec.noteWrite(n, err)
	return n, err
}

// noteWrite notes the result of a write. The first write sends the header, even if it fails or is
// empty. There are two exceptions, in which the response no longer belongs to the handler.
func (rec *recorder) noteWrite(n int, err error) {
	rec.written.Add(int64(n))
	switch {
	case n > 0 || err == nil:
	case errors.Is(err, http.ErrHandlerTimeout): // http.TimeoutHandler has answered
		return
	case errors.Is(err, http.ErrHijacked): // and the recorder has not seen it
		rec.noteUpgrade()
		return
	}
	rec.noteHeader(http.StatusOK)
}

// Unwrap returns the ResponseWriter beneath. http.ResponseController calls it, and so do handlers
// that look for a certain ResponseWriter.
//
// A controller looks further down if a ResponseWriter has no Flush or Hijack. The recorder lacks
// these methods if the ResponseWriter directly beneath lacks them, but one further down may have
// them. In that case the controller gets a ResponseWriter that notes the call. All other callers
// get the ResponseWriter beneath.
func (rec *recorder) Unwrap() http.ResponseWriter {
	if _, ok := rec.inner.(http.Flusher); !ok && controllerMethod() == "Flush" {
		return flushesBeneath{rec}
	}
	if _, ok := rec.inner.(http.Hijacker); !ok && controllerMethod() == "Hijack" {
		if _, ok := First[http.Hijacker](rec.inner); ok {
			return hijacksBeneath{rec}
		}
	}
	return rec.inner
}

type (
	flushesBeneath struct{ *recorder }
	hijacksBeneath struct{ *recorder }
)

func (w flushesBeneath) FlushError() error { return w.flushBeneath() }

func (w hijacksBeneath) Hijack() (net.Conn, *bufio.ReadWriter, error) { return w.hijack() }

func (rec *recorder) recording() *recorder { return rec }

// The following methods implement the optional methods of the types in writers.go.

func (rec *recorder) flush() {
	rec.inner.(http.Flusher).Flush()
	rec.noteHeader(http.StatusOK)
}

func (rec *recorder) flushError() error {
	err := rec.inner.(flushErrorer).FlushError()
	rec.noteFlush(err)
	return err
}

// flushBeneath flushes the first ResponseWriter beneath that can flush, as http.ResponseController
// does.
func (rec *recorder) flushBeneath() error {
	err := flushFirst(rec.inner)
	rec.noteFlush(err)
	return err
}

func flushFirst(w http.ResponseWriter) error {
	for w := range Unwrapped(w) {
		switch w := w.(type) {
		case flushErrorer:
			return w.FlushError()
		case http.Flusher:
			w.Flush()
			return nil
		}
	}
	return http.ErrNotSupported
}

// noteFlush notes the result of a flush: the header is written, unless no ResponseWriter can flush.
func (rec *recorder) noteFlush(err error) {
	if !errors.Is(err, http.ErrNotSupported) {
		rec.noteHeader(http.StatusOK)
	}
}

func (rec *recorder) hijack() (net.Conn, *bufio.ReadWriter, error) {
	hijacker, ok := First[http.Hijacker](rec.inner)
	if !ok {
		return nil, nil, http.ErrNotSupported
	}
	conn, buffered, err := hijacker.Hijack()
	if err == nil {
		rec.noteUpgrade()
	}
	return conn, buffered, err
}

func (rec *recorder) closeNotify() <-chan bool { return rec.inner.(closeNotifier).CloseNotify() }

// readFrom notes that the header is written, but only if src had any data. Without data net/http
// has written nothing, and the handler may still answer with an error.
func (rec *recorder) readFrom(src io.Reader) (int64, error) {
	n, err := rec.inner.(io.ReaderFrom).ReadFrom(src)
	rec.written.Add(n)
	if n > 0 {
		rec.noteHeader(http.StatusOK)
	}
	return n, err
}

func (rec *recorder) writeString(s string) (int, error) {
	n, err := rec.inner.(io.StringWriter).WriteString(s)
	rec.noteWrite(n, err)
	return n, err
}

func (rec *recorder) push(target string, opts *http.PushOptions) error {
	return rec.inner.(http.Pusher).Push(target, opts)
}
