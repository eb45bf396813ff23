// SPDX-License-Identifier: Apache-2.0

package export

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/quipu-metrics/quipu/engine"
)

// recorder is the ResponseWriter of a measured request. It is used for one request after another; a handler that keeps
// its ResponseWriter breaks the rules of net/http, and we cannot tell it from one that does not. Two that may keep it
// legally, those that have hijacked or panicked, keep the recorder, too.
//
// Like every ResponseWriter it belongs to one goroutine at a time.
type recorder struct {
	inner http.ResponseWriter
	owner *middleware
	began time.Duration // since the owner's epoch

	code    int   // 0 until the header is written
	written int64 // bytes of the body
	body    *countedBody
	counted *http.Request // what the handler got in place of the request, if its body is counted

	hijacked bool
	upgraded time.Duration // since the owner's epoch

	// What a Middleware inside has seen, and what happened in the end.
	route    string
	panicked bool
	cut      bool // the handler did not return
}

// trustedLength is how long a body may be for its Content-Length to be believed. A client may state any length and send
// nothing, which would spoil the sum; the allocation that counting takes is nothing beside a longer body.
const trustedLength = 1 << 20

// begin returns the request for the handler.
func (rec *recorder) begin(w http.ResponseWriter, r *http.Request, owner *middleware) *http.Request {
	*rec = recorder{inner: w, owner: owner, began: time.Since(owner.epoch)} // all of it: it may have been used too late
	if r.Body == nil || r.ContentLength >= 0 && r.ContentLength <= trustedLength {
		return r
	}
	c := &countedRequest{*r, countedBody{ReadCloser: r.Body}}
	c.Body = &c.body
	rec.body, rec.counted = &c.body, &c.Request
	return rec.counted
}

// served returns the request as the handler has left it, once it is done. A copy gives back what was found out: the pattern,
// for those further out, and the form, whose files net/http removes.
func (rec *recorder) served(r *http.Request) *http.Request {
	c := rec.counted
	if c == nil {
		return r
	}
	r.Pattern, r.Form, r.PostForm, r.MultipartForm = c.Pattern, c.Form, c.PostForm, c.MultipartForm
	return c
}

func (rec *recorder) end() { *rec = recorder{inner: nobody{}} }

// received returns the length of the request's body, or how much of it was read if it is not known for sure.
func (rec *recorder) received(r *http.Request) int64 {
	if rec.body != nil {
		return rec.body.read.Load()
	}
	return max(r.ContentLength, 0)
}

func (rec *recorder) Header() http.Header { return rec.inner.Header() }

// WriteHeader takes the first code that is not informational for the response's, as net/http does. That panics on codes
// which are none.
func (rec *recorder) WriteHeader(code int) {
	rec.inner.WriteHeader(code)
	if code >= 200 || code == http.StatusSwitchingProtocols {
		rec.begun(code)
	}
}

func (rec *recorder) begun(code int) {
	if rec.code == 0 {
		rec.code = code
	}
}

func (rec *recorder) Write(p []byte) (int, error) {
	rec.begun(http.StatusOK)
	n, err := rec.inner.Write(p)
	rec.written += int64(n)
	return n, err
}

// WriteString is there so that io.WriteString does not have to copy.
func (rec *recorder) WriteString(s string) (int, error) {
	rec.begun(http.StatusOK)
	n, err := io.WriteString(rec.inner, s)
	rec.written += int64(n)
	return n, err
}

// Unwrap is for http.ResponseController.
func (rec *recorder) Unwrap() http.ResponseWriter { return rec.inner }

func (rec *recorder) recording() *recorder { return rec }

// The following are the optional methods, for those types in middleware_methods.go that have them.

func (rec *recorder) flush() error {
	rec.begun(http.StatusOK)
	if f, ok := rec.inner.(interface{ FlushError() error }); ok {
		return f.FlushError()
	}
	rec.inner.(http.Flusher).Flush()
	return nil
}

func (rec *recorder) hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := http.NewResponseController(rec.inner).Hijack()
	if err == nil && !rec.hijacked {
		rec.begun(http.StatusSwitchingProtocols)
		rec.hijacked, rec.upgraded = true, time.Since(rec.owner.epoch)
	}
	return conn, buffered, err
}

func (rec *recorder) readFrom(src io.Reader) (int64, error) {
	rec.begun(http.StatusOK)
	n, err := rec.inner.(io.ReaderFrom).ReadFrom(src)
	rec.written += n
	return n, err
}

func (rec *recorder) push(target string, opts *http.PushOptions) error {
	return rec.inner.(http.Pusher).Push(target, opts)
}

// countedRequest is a copy of a request, with a body that is counted. The request itself keeps its body, because net/http looks
// at that one's type when a header is written: in a body of a foreign type it would read on, for 256 KiB, before it sends
// the answer of a handler that does not want the body, and a client that waits for 100 Continue would wait in vain.
//
// It is never used twice, unlike the recorder: an http.Transport that a handler passes the body to may read it after the
// handler has returned.
type countedRequest struct {
	http.Request
	body countedBody
}

// countedBody counts what is read of a body. Whoever reads may do so beside the handler.
type countedBody struct {
	io.ReadCloser
	read atomic.Int64
}

func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.read.Add(int64(n))
	return n, err
}

// nobody is beneath a recorder that is not in use.
type nobody struct{}

func (nobody) Header() http.Header                  { return http.Header{} }
func (nobody) WriteHeader(int)                      {}
func (nobody) Write([]byte) (int, error)            { return 0, http.ErrHandlerTimeout }
func (nobody) ReadFrom(io.Reader) (int64, error)    { return 0, http.ErrHandlerTimeout }
func (nobody) Push(string, *http.PushOptions) error { return http.ErrHandlerTimeout }
func (nobody) Flush()                               {}

// maxWrappers bounds the search through ResponseWriters, one of which might unwrap to itself.
const maxWrappers = 100

// findRecorder returns the recorder that w is or wraps and whose requests are counted in the given family, if any.
func findRecorder(w http.ResponseWriter, requests *engine.CounterVec) *recorder {
	for range maxWrappers {
		if r, ok := w.(interface{ recording() *recorder }); ok {
			if rec := r.recording(); rec.owner != nil && rec.owner.endpoints.metrics.requests == requests {
				return rec
			}
		}
		u, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return nil
		}
		w = u.Unwrap()
	}
	return nil
}

// canHijack reports whether w, or what it wraps, is a Hijacker. Looking below the first one makes the hijackings of an
// http.ResponseController, which looks there, pass through the recorder.
func canHijack(w http.ResponseWriter) bool {
	for range maxWrappers {
		if _, ok := w.(http.Hijacker); ok {
			return true
		}
		u, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return false
		}
		w = u.Unwrap()
	}
	return false
}
