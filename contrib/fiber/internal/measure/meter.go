// SPDX-License-Identifier: Apache-2.0

// Package measure has the code of the packages for the versions of fiber. Fiber is built on
// fasthttp, so requests and responses are the same in all versions; a Version has the differences.
package measure

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export"
	"github.com/quipu-metrics/quipu/internal/instrument"
)

// Meter measures the requests of an application. It is safe for concurrent use.
type Meter struct {
	server *instrument.Server
	key    any // under which a RequestCtx says that its request is being measured
}

// The values under Meter.key.
const (
	measuring = iota + 1
	measuringPanicked
)

// New defines the metrics of export.Middleware in reg. It panics, in the name of constructor, if
// reg or an option is nil, if an option needs requests of net/http, and if a metric cannot be
// defined.
func New(constructor string, reg *engine.Registry, opts []export.InstrumentOption) *Meter {
	if reg == nil {
		panic("quipu: " + constructor + " needs a registry: pass engine.Default() or one of your own")
	}
	var config instrument.ServerConfig
	for i, opt := range opts {
		if opt == nil {
			panic(fmt.Sprintf("quipu: %s: option %d of %d is nil", constructor, i+1, len(opts)))
		}
		opt(&config.Config)
	}
	server := instrument.NewServer(reg, constructor, config)
	return &Meter{server: server, key: server.Key()}
}

// request is a request that is being measured. It must not be used after its handler.
type request struct {
	// outermost is false for requests that are left out, and for those that the same metrics count
	// further out.
	outermost bool

	meter    *Meter
	ctx      *fasthttp.RequestCtx
	began    time.Duration
	received int64
	inside   bool
}

// begin begins to measure a request, unless it is left out or is being measured already.
func (m *Meter) begin(ctx *fasthttp.RequestCtx) request {
	if m.server.Excludes(ctx.URI().PathOriginal()) {
		return request{}
	}
	q := request{meter: m, ctx: ctx}
	if ctx.UserValue(m.key) != nil {
		q.inside = true
		return q
	}
	ctx.SetUserValue(m.key, measuring)
	q.outermost, q.received, q.began = true, received(&ctx.Request), m.server.Begin()
	return q
}

// ended describes how a request has ended.
type ended struct {
	ctx      context.Context // where exemplars come from
	method   string
	route    string // the template of the route, or ""
	returned bool   // false if the handler has panicked, or ended its goroutine
}

// panicked notes that the handler of a request that is not the outermost has panicked: somebody
// between here and the outermost Middleware may recover.
func (q *request) panicked() {
	if q.inside {
		q.ctx.SetUserValue(q.meter.key, measuringPanicked)
	}
}

// givenUp reports whether fasthttp sends another response than that of the handler, which goes on.
// The handler then owns ctx, which is never used again.
func givenUp(ctx *fasthttp.RequestCtx) bool { return ctx.LastTimeoutErrorResponse() != nil }

// end counts an outermost request.
func (q *request) end(e ended) {
	server, ctx := q.meter.server, q.ctx
	defer server.End()
	s := instrument.Served{
		Context:  e.ctx,
		Method:   e.method,
		Route:    e.route,
		Panicked: !e.returned,
		Duration: server.Since(q.began),
		Received: q.received,
	}
	response := &ctx.Response
	if givenUp(ctx) {
		response = ctx.LastTimeoutErrorResponse()
	} else {
		s.Panicked = s.Panicked || ctx.UserValue(q.meter.key) == measuringPanicked
		ctx.RemoveUserValue(q.meter.key) // somebody may use ctx again without resetting it
	}
	if e.returned {
		s.Code, s.Sent = response.StatusCode(), sent(response)
		if ctx.Hijacked() {
			s.Sent = instrument.NoSize
		}
	}
	server.Count(&s)
}

// received returns the length of a request's body. Fasthttp reads a body before it calls the
// handler, or leaves it to the handler as a stream. A client may state any length for a stream and
// send nothing, so a large one is not trusted.
func received(r *fasthttp.Request) int64 {
	stated := int64(r.Header.ContentLength()) // -1 if the body is chunked, -2 if there is none
	switch {
	case r.IsBodyStream() && (stated == -1 || stated > instrument.TrustedLength):
		return instrument.NoSize
	case stated == -1:
		return int64(len(r.Body()))
	}
	return max(stated, 0)
}

// sent returns the length of a response's body, or NoSize if that is a stream of unknown length,
// which fasthttp sends when the handler has returned.
func sent(r *fasthttp.Response) int64 {
	switch code := r.StatusCode(); {
	case code < 200, code == http.StatusNoContent, code == http.StatusNotModified:
		return 0 // it has no body, whatever the handler has set
	case !r.IsBodyStream():
		return int64(len(r.Body()))
	}
	if length := r.Header.ContentLength(); length >= 0 {
		return int64(length)
	}
	if limited, ok := r.BodyStream().(*io.LimitedReader); ok {
		return max(limited.N, instrument.NoSize)
	}
	return instrument.NoSize
}
