// SPDX-License-Identifier: Apache-2.0

package export

import (
	"bufio"
	"io"
	"net"
	"net/http"
)

// Handlers ask a ResponseWriter by type assertion what else it can do, so a recorder must have exactly the optional
// methods that the ResponseWriter beneath it has. There is a type for each combination, named after it: f for
// http.Flusher, h for http.Hijacker, r for io.ReaderFrom, p for http.Pusher. Each consists of one pointer, so that making
// it an interface allocates nothing, and adds one capability to the type that it embeds.
type (
	writerF    struct{ *recorder }
	writerH    struct{ *recorder }
	writerFH   struct{ writerF }
	writerR    struct{ *recorder }
	writerFR   struct{ writerF }
	writerHR   struct{ writerH }
	writerFHR  struct{ writerFH }
	writerP    struct{ *recorder }
	writerFP   struct{ writerF }
	writerHP   struct{ writerH }
	writerFHP  struct{ writerFH }
	writerRP   struct{ writerR }
	writerFRP  struct{ writerFR }
	writerHRP  struct{ writerHR }
	writerFHRP struct{ writerFHR }
)

func (w writerF) Flush()            { _ = w.flush() }
func (w writerF) FlushError() error { return w.flush() }

func (w writerH) Hijack() (net.Conn, *bufio.ReadWriter, error)  { return w.hijack() }
func (w writerFH) Hijack() (net.Conn, *bufio.ReadWriter, error) { return w.hijack() }

func (w writerR) ReadFrom(src io.Reader) (int64, error)   { return w.readFrom(src) }
func (w writerFR) ReadFrom(src io.Reader) (int64, error)  { return w.readFrom(src) }
func (w writerHR) ReadFrom(src io.Reader) (int64, error)  { return w.readFrom(src) }
func (w writerFHR) ReadFrom(src io.Reader) (int64, error) { return w.readFrom(src) }

func (w writerP) Push(target string, opts *http.PushOptions) error    { return w.push(target, opts) }
func (w writerFP) Push(target string, opts *http.PushOptions) error   { return w.push(target, opts) }
func (w writerHP) Push(target string, opts *http.PushOptions) error   { return w.push(target, opts) }
func (w writerFHP) Push(target string, opts *http.PushOptions) error  { return w.push(target, opts) }
func (w writerRP) Push(target string, opts *http.PushOptions) error   { return w.push(target, opts) }
func (w writerFRP) Push(target string, opts *http.PushOptions) error  { return w.push(target, opts) }
func (w writerHRP) Push(target string, opts *http.PushOptions) error  { return w.push(target, opts) }
func (w writerFHRP) Push(target string, opts *http.PushOptions) error { return w.push(target, opts) }

// withMethodsOf returns the recorder as a ResponseWriter with the optional methods of w, which is beneath it.
func (rec *recorder) withMethodsOf(w http.ResponseWriter) http.ResponseWriter {
	const f, h, r, p = 1, 2, 4, 8
	has := 0
	if _, ok := w.(http.Flusher); ok {
		has |= f
	}
	if canHijack(w) {
		has |= h
	}
	if _, ok := w.(io.ReaderFrom); ok {
		has |= r
	}
	if _, ok := w.(http.Pusher); ok {
		has |= p
	}
	switch has {
	case f:
		return writerF{rec}
	case h:
		return writerH{rec}
	case f | h:
		return writerFH{writerF{rec}}
	case r:
		return writerR{rec}
	case f | r:
		return writerFR{writerF{rec}}
	case h | r:
		return writerHR{writerH{rec}}
	case f | h | r:
		return writerFHR{writerFH{writerF{rec}}}
	case p:
		return writerP{rec}
	case f | p:
		return writerFP{writerF{rec}}
	case h | p:
		return writerHP{writerH{rec}}
	case f | h | p:
		return writerFHP{writerFH{writerF{rec}}}
	case r | p:
		return writerRP{writerR{rec}}
	case f | r | p:
		return writerFRP{writerFR{writerF{rec}}}
	case h | r | p:
		return writerHRP{writerHR{writerH{rec}}}
	case f | h | r | p:
		return writerFHRP{writerFHR{writerFH{writerF{rec}}}}
	}
	return rec
}
