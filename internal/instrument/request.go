// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"io"
	"net/http"
	"sync"
	"sync/atomic"
)

// TrustedLength is the largest Content-Length that is trusted. A client may state any length and
// send nothing, which would spoil the sum. Of longer bodies, and of those of unknown length, the
// bytes that are read are counted.
const TrustedLength = 1 << 20

// countedRequest is a copy of a request, with a body that is counted. The handler gets the copy.
// The trailer, which the server sets at the end of the body, is passed on to the copy at once.
// Changes that the handler makes are passed on to the original when it has returned.
//
// The body of the original stays as it is, because net/http checks its type when a header is
// written. With a body of another type, net/http would read up to 256 KiB before it sends the
// answer of a handler that does not want the body, and a client that waits for 100 Continue would
// wait in vain.
//
// A goroutine of the handler, or an http.Transport to which it has passed the body, may read the
// body after the handler has returned.
type countedRequest struct {
	http.Request
	original *http.Request
	body     countedBody
}

// countBody returns a copy of r whose body is counted, or nil if the length of the body is trusted.
func countBody(r *http.Request) *countedRequest {
	if r.Body == nil || r.Body == http.NoBody || r.ContentLength >= 0 && r.ContentLength <= TrustedLength {
		return nil
	}
	c := &countedRequest{Request: *r, original: r}
	c.body = countedBody{inner: r.Body, request: c}
	c.Body = &c.body
	return c
}

// handBack copies the changes of the handler to the original: the fields, among them the form,
// whose files net/http removes, the context, and the path values.
//
// If another goroutine is reading a chunked body of HTTP/1 at this moment, the server may be
// writing the original's Trailer, so the original cannot be overwritten as a whole. Then the
// context and the path values are lost, because they cannot be copied separately.
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
		left.Trailer = to.Trailer // which net/http reads too, when it discards a body
	}
	*to = left
}

// countedBody counts the bytes that are read of a body. It may be read concurrently with the
// handler.
type countedBody struct {
	inner   io.ReadCloser
	request *countedRequest
	read    atomic.Int64

	mu      sync.Mutex // guards readers and the Trailers of both requests; never held while reading
	readers int        // calls under way that may reach the end of the body, where the Trailer is set
}

func (b *countedBody) Read(p []byte) (n int, err error) {
	b.enter()
	defer func() { b.leave(err == io.EOF) }() // even if the inner Read panics
	n, err = b.inner.Read(p)
	b.read.Add(int64(n))
	return n, err
}

func (b *countedBody) Close() error {
	b.enter()
	defer b.leave(true) // the inner Close reads to the end if that is near
	return b.inner.Close()
}

func (b *countedBody) enter() {
	b.mu.Lock()
	b.readers++
	b.mu.Unlock()
}

// leave passes on the Trailer, which the server sets in the original at the end of the body, before
// the call that has reached the end returns. An announced Trailer is there already and is filled in
// place.
func (b *countedBody) leave(ended bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.readers--
	if c := b.request; ended && c.Trailer == nil && c.original.Trailer != nil {
		c.Trailer = c.original.Trailer
	}
}
