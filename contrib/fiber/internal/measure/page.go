// SPDX-License-Identifier: Apache-2.0

package measure

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export"
)

// Page serves a registry's metrics over fasthttp, by the handler of package export. Fasthttp has an
// adaptor for handlers of net/http, which is not enough here: it keeps a whole page in memory, it
// has no write deadlines, so nobody could cut off a stalled reader, and a handler that aborts its
// response ends the process.
type Page struct {
	handler http.Handler
	logger  *slog.Logger
}

// NewPage returns the page of reg. It panics, in the name of constructor, if reg or an option is
// nil.
func NewPage(constructor string, reg *engine.Registry, opts []export.Option) *Page {
	if reg == nil {
		panic("quipu: " + constructor + " needs a registry: pass engine.Default() or one of your own")
	}
	return &Page{export.Handler(reg, opts...), reg.Logger()}
}

// Serve answers a request. It returns when the header is complete. The handler then goes on in a
// goroutine, which ends when fasthttp has read or closed the body.
func (p *Page) Serve(ctx *fasthttp.RequestCtx) {
	body, sink := net.Pipe()
	a := &answer{header: http.Header{}, answered: make(chan struct{}), conn: ctx.Conn(), body: body, sink: sink}
	go p.run(a, requestOf(ctx))
	<-a.answered
	if a.panicked != nil {
		panic(a.panicked) // to be recovered, or not, like any other panic of a handler
	}
	ctx.SetStatusCode(a.code)
	for name, values := range a.header {
		if name != fasthttp.HeaderVary { // which middleware may have set, as that for CORS does
			ctx.Response.Header.Del(name)
		}
		for _, value := range values {
			ctx.Response.Header.Add(name, value)
		}
	}
	if ctx.IsHead() {
		a.Close() // fasthttp would end the empty body of a stream by an empty line, which is none
		return
	}
	ctx.SetBodyStream(a, -1)
}

// run calls the handler. What a handler panics with before it has answered is handed to Serve.
// Afterwards the response is cut off, as net/http does.
func (p *Page) run(a *answer, r *http.Request) {
	defer func() {
		reason := recover()
		switch {
		case reason == nil:
			a.answer(http.StatusOK)
			a.sink.Close()
			return
		case reason == http.ErrAbortHandler:
		case a.code == 0:
			a.panicked = reason
		default:
			p.logger.Error("quipu: a page was cut off by a panic", "panic", fmt.Sprint(reason))
		}
		a.answer(http.StatusInternalServerError)
		a.aborted = true
		a.sink.Close()
	}()
	p.handler.ServeHTTP(a, r)
}

// errAborted is the error of the body of a page that was cut off.
var errAborted = errors.New("quipu: the page was cut off")

// answer is the ResponseWriter of a page, and the stream from which fasthttp reads the page's body.
// The goroutine of the handler writes header, code and panicked before it closes answered, and
// Serve reads them afterwards.
type answer struct {
	header   http.Header
	code     int // 0 until answered
	panicked any
	answered chan struct{} // closed when the header is complete
	once     sync.Once

	body, sink net.Conn // a pipe; the handler writes to sink
	aborted    bool     // written before sink is closed, read after the end of body

	mu       sync.Mutex // guards the following
	conn     net.Conn   // nil once the page is over
	reading  bool       // fasthttp sends the page
	deadline time.Time  // of the next write; zero until the handler has set one
}

// answer completes the header.
func (a *answer) answer(code int) {
	a.once.Do(func() {
		a.code = code
		close(a.answered)
	})
}

// Header returns the header of the response.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader completes the header, which must not be changed afterwards.
func (a *answer) WriteHeader(code int) { a.answer(code) }

// Write waits until fasthttp has read chunk.
func (a *answer) Write(chunk []byte) (int, error) {
	a.answer(http.StatusOK)
	return a.sink.Write(chunk)
}

// SetWriteDeadline sets the deadline of the pipe and, while fasthttp sends the page, that of the
// connection. The handler finds it by an assertion, and calls it on any goroutine, also on that of
// another page which needs the slot.
//
// The pipe needs one because fasthttp may never read from it: when a request has timed out, as by
// fiber's middleware timeout, fasthttp sends another response. The connection is then used for the
// next response, so the deadline must not reach it. The same holds when the page is over.
func (a *answer) SetWriteDeadline(t time.Time) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.conn == nil {
		return net.ErrClosed
	}
	a.deadline = t
	if a.reading {
		a.limitConn(t)
	}
	return a.sink.SetWriteDeadline(t)
}

// limitConn sets the deadline of the connection. The caller holds mu.
func (a *answer) limitConn(t time.Time) {
	defer func() { _ = recover() }() // RequestCtx.Init makes a connection that is none
	_ = a.conn.SetWriteDeadline(t)   // where it cannot be set, there is none
}

// closeConn closes the connection, so that no client mistakes a part of a page for the whole.
// Fasthttp does that after an error of the body, but its compression takes the error for the end.
func (a *answer) closeConn() {
	a.mu.Lock()
	defer a.mu.Unlock()
	defer func() { _ = recover() }() // see limitConn
	if a.conn != nil {
		_ = a.conn.Close()
	}
}

// Read reads the body. A page that was cut off does not end like a whole one.
func (a *answer) Read(p []byte) (int, error) {
	a.mu.Lock()
	if !a.reading && !a.deadline.IsZero() {
		a.limitConn(a.deadline)
	}
	a.reading = true
	a.mu.Unlock()
	n, err := a.body.Read(p)
	if err == io.EOF && a.aborted {
		a.closeConn()
		err = errAborted
	}
	return n, err
}

// Close ends the handler's writes, if there are any, and lifts the deadline, which is not that of
// the next response over the connection.
func (a *answer) Close() error {
	err := a.body.Close()
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.reading && !a.deadline.IsZero() {
		a.limitConn(time.Time{})
	}
	a.conn = nil
	return err
}

// requestOf copies the parts of a request that the handler reads. Fasthttp reuses the memory of a
// request when its handler has returned, and the handler of net/http goes on after that.
func requestOf(ctx *fasthttp.RequestCtx) *http.Request {
	header := http.Header{}
	for name, value := range ctx.Request.Header.All() {
		header.Add(string(name), string(value))
	}
	return &http.Request{
		Method: string(ctx.Method()),
		URL: &url.URL{
			Path:     string(ctx.Path()),
			RawQuery: string(ctx.URI().QueryString()),
		},
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:     header,
		Body:       http.NoBody, // the page needs none, and fasthttp has read it
		Host:       string(ctx.Host()),
		RemoteAddr: ctx.RemoteAddr().String(),
	}
}
