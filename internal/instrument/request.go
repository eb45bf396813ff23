// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"io"
	"net/http"
	"sync"
	"sync/atomic"
)

// trustedLength is how long a body may be for its Content-Length to be believed. A client may state
// any length and send nothing, which would spoil the sum. What is read of longer bodies, and of
// those of unknown length, is counted.
const trustedLength = 1 << 20

// countedRequest is a copy of a request, with a body that is counted. Nothing may be lost between
// the copy, which the handler gets, and the original: what the server learns at the end of the body
// goes to the copy at once, and what the handler has changed goes to the original when it is done.
//
// The body in the original stays as it is, because net/http looks at its type when a header is
// written: in a body of a foreign type it would read on, for 256 KiB, before it sends the answer of
// a handler that does not want the body, and a client that waits for 100 Continue would wait in
// vain.
//
// A goroutine of the handler, or the http.Transport that it passes the body to, may read the body
// after the handler has returned.
type countedRequest struct {
	http.Request
	original *http.Request
	body     countedBody
}

// countBody returns a copy of r whose body is counted, or nil if the length of the body is known.
func countBody(r *http.Request) *countedRequest {
	if r.Body == nil || r.Body == http.NoBody || r.ContentLength >= 0 && r.ContentLength <= trustedLength {
		return nil
	}
	c := &countedRequest{Request: *r, original: r}
	c.body = countedBody{inner: r.Body, request: c}
	c.Body = &c.body
	return c
}

// handBack gives the original what the handler has changed: its fields, and in them the context,
// the path values, and the form, whose files net/http removes.
//
// If another goroutine is reading a chunked body of HTTP/1 in this moment, the server may be
// writing the original's Trailer, so the original cannot be overwritten as a whole: the context and
// the path values, which have no other way, stay with the copy.
func (c *countedRequest) handBack() {
	c.body.mu.Lock()
	defer c.body.mu.Unlock()
	to := c.original
	if c.body.readers > 0 && to.ContentLength < 0 && to.ProtoMajor < 2 {
		to.Method, to.URL, to.Header, to.Host, to.RemoteAddr = c.Method, c.URL, c.Header, c.Host, c.RemoteAddr
		to.Pattern, to.Form, to.PostForm, to.MultipartForm = c.Pattern, c.Form, c.PostForm, c.MultipartForm
		return
	}
	left := c.Request
	if left.Body == &c.body {
		left.Body = to.Body
	}
	if left.Trailer == nil {
		left.Trailer = to.Trailer // which net/http reads, too, when it discards a body
	}
	*to = left
}

// countedBody counts what is read of a body. Whoever reads may do so beside the handler.
type countedBody struct {
	inner   io.ReadCloser
	request *countedRequest
	read    atomic.Int64

	mu      sync.Mutex // guards readers and the Trailers of both requests; never held while reading
	readers int        // calls under way that may reach the end of the body, where the Trailer is set
}

func (b *countedBody) Read(p []byte) (n int, err error) {
	b.enter()
	defer func() { b.leave(err == io.EOF) }() // also when the inner one panics
	n, err = b.inner.Read(p)
	b.read.Add(int64(n))
	return n, err
}

func (b *countedBody) Close() error {
	b.enter()
	defer b.leave(true) // the inner one reads to the end if that is near
	return b.inner.Close()
}

func (b *countedBody) enter() {
	b.mu.Lock()
	b.readers++
	b.mu.Unlock()
}

// leave hands on the Trailer, which the server gives to its own request at the end of the body; it
// does so before any call that ended returns. A Trailer that was announced is there already, and is
// filled in place.
func (b *countedBody) leave(ended bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.readers--
	if c := b.request; ended && c.Trailer == nil && c.original.Trailer != nil {
		c.Trailer = c.original.Trailer
	}
}
