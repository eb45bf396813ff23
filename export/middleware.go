// SPDX-License-Identifier: Apache-2.0

package export

import (
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/quipu-metrics/quipu/engine"
)

// Middleware returns a function that wraps a handler, usually a whole ServeMux, and measures the
// requests that it serves:
//
//	mux := http.NewServeMux()
//	mux.HandleFunc("GET /users/{id}", user)
//	mux.Handle("/metrics", export.Handler(reg))
//	http.ListenAndServe(addr, export.Middleware(reg)(mux))
//
// It defines these metrics in reg:
//
//	http_requests_total            counter    method, route        requests served
//	http_responses_total           counter    method, route, code  responses whose header was written
//	http_panics_total              counter    method, route        requests whose handler panicked
//	http_request_duration_seconds  histogram  method, route        time in the handler, or up to an upgrade
//	http_request_size_bytes        histogram  method, route        length of request bodies
//	http_response_size_bytes       histogram  method, route        length of response bodies; none after an upgrade
//	http_requests_in_flight        gauge                           requests that are being served
//
// All but the last one are counted when the handler is done, because only then is the route known.
// Requests without a response are those whose handler panicked before it wrote anything.
//
// # Labels
//
// Clients cannot make series. The label method is one of the nine methods of RFC 9110 and RFC 5789,
// or "other"; code is a number from 100 to 599, or "other"; route is the ServeMux pattern without
// its method, such as /users/{id}, or "unmatched" where there is none. At most 2000 routes are told
// apart; further ones, which only [WithRouteFunc] can make, are [engine.OverflowValue].
//
// At most 32 codes are told apart for a method on a route, besides 500 to 511, which always are;
// further ones are counted under their class, such as 4xx. Nothing that clients do fills these
// metrics, so a server error is always found under its route and code: their limits follow from the
// numbers of routes, methods and codes, whatever [engine.WithMaxSeries] says. A route whose pattern
// has a method is counted under that method only, and HEAD with GET.
//
// # Order
//
// The pattern is read from [http.Request.Pattern] when the handler is done. Handlers that pass on a
// copy of the request (Request.WithContext, http.StripPrefix, http.TimeoutHandler) keep the pattern
// from getting there, and the route is "unmatched". So put Middleware directly around the mux, and
// what copies requests, such as tracing, around it:
//
//	handler := trace(export.Middleware(reg)(mux))
//
// What must stand outside of such a handler can have a second Middleware inside, or [WithRouteFunc]:
//
//	handler := export.Middleware(reg)(trace(export.Middleware(reg)(mux)))
//
// A Middleware that has served a number of requests well without ever seeing a route says so, once,
// to the registry's logger.
//
// # Nesting
//
// A request is counted once for each set of metrics, however many Middlewares it passes: the
// outermost one counts, and those inside tell it the route, and a panic that something between them
// recovers from. They find each other through the ResponseWriter and its Unwrap methods; the one of
// http.TimeoutHandler has none, so do not have Middlewares on both sides of it.
//
// # Panics
//
// Panics are counted and passed on, with the stack as it was. [http.ErrAbortHandler] is passed on
// without being counted: it is how a handler ends a response on purpose.
//
// # What handlers see
//
// The ResponseWriter that the handler gets has exactly those optional methods that the one beneath
// it has: those of http.Flusher, http.Hijacker, http.CloseNotifier, http.Pusher, io.ReaderFrom and
// io.StringWriter. It has an Unwrap method, and http.ResponseController does with it what it would
// do without it. A hijacked connection counts as code 101 unless another one was written before;
// what is sent over it is not measured. Neither is what is written past the middleware, to a
// ResponseWriter that somebody has got by calling Unwrap himself.
//
// The request is the one that the server has made, unless it has a body of unknown length or of
// more than 1 MiB: what a client says about the length of such a body is not believed, so what is
// read of it is counted, in a copy of the request. What the handler changes in the copy is in the
// original when the handler is done.
//
// One thing is lost: [http.MaxBytesReader] tells the ResponseWriter of net/http, and no other, that
// its limit was exceeded, and the server then closes the connection after the response. Behind
// Middleware the server reads what is left of the body if that is less than 256 KiB, and keeps the
// connection; beyond that it closes it, too. An [http.MaxBytesHandler] around Middleware closes it
// always.
//
// # Costs
//
// A request costs one allocation, and another one if its body is counted. Nothing is kept for the
// next request: a goroutine of a handler that goes on writing after the handler has returned
// reaches no other response than it would without the middleware. The middleware holds on to the
// series that it has found; if they are deleted or cleared from the registry, they do not come
// back.
//
// Middleware panics if reg is nil or a metric cannot be defined, for example because its name is
// taken.
func Middleware(reg *engine.Registry, opts ...MiddlewareOption) func(http.Handler) http.Handler {
	if reg == nil {
		panic("quipu: Middleware needs a registry: pass engine.Default() or one of your own")
	}
	config := newMiddlewareConfig(opts)
	sets := newLabelSets(config.labels)
	m := &middleware{
		middlewareConfig: config,
		endpoints:        newEndpoints(defineServerMetrics(reg, &config, sets), sets),
		epoch:            time.Now(),
		logger:           reg.Logger(),
	}
	return func(next http.Handler) http.Handler {
		if next == nil {
			panic("quipu: Middleware around a nil handler")
		}
		return &measured{m, next}
	}
}

type middleware struct {
	middlewareConfig
	endpoints *endpoints
	epoch     time.Time // time.Since reads one clock where time.Now reads two
	logger    *slog.Logger

	routed   atomic.Bool  // a request has had a route
	unrouted atomic.Int32 // requests without one, until routed or logged
}

// measured is a handler with its middleware.
type measured struct {
	*middleware
	next http.Handler
}

func (h *measured) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h.skips(r) {
		h.next.ServeHTTP(w, r)
		return
	}
	metrics := h.endpoints.metrics
	if outer := findRecorder(w, metrics.requests); outer != nil {
		h.serveInside(outer, w, r)
		return
	}

	if metrics.inFlight != nil {
		metrics.inFlight.Inc()
		// Last of all, so that a page without requests in flight has counted them all, and also
		// when the function of WithRouteFunc panics.
		defer metrics.inFlight.Dec()
	}
	rec := &recorder{
		inner: w,
		owner: h.middleware,
		began: time.Since(h.epoch),
		http2: r.ProtoMajor >= 2,
	}
	inner := r
	if metrics.requestSize != nil {
		if rec.counted = countBody(r); rec.counted != nil {
			inner = &rec.counted.Request
		}
	}
	returned := false
	defer func() {
		if rec.counted != nil {
			rec.counted.handBack()
		}
		if returned {
			h.count(rec, r, true)
			return
		}
		// nil after runtime.Goexit, which goes on by itself. Panicking anew here keeps the stack:
		// this function runs on top of the frames that panicked.
		reason := recover()
		if reason != http.ErrAbortHandler {
			rec.notePanic()
		}
		h.count(rec, r, false)
		if reason != nil {
			panic(reason)
		}
	}()
	h.next.ServeHTTP(rec.withMethods(methodsOf(w)), inner)
	returned = true
}

// serveInside serves a request that a Middleware further out counts.
func (h *measured) serveInside(outer *recorder, w http.ResponseWriter, r *http.Request) {
	returned := false
	defer func() {
		outer.noteInside(h.route(r), r.Context())
		if !returned {
			reason := recover()
			if reason != http.ErrAbortHandler {
				outer.notePanic()
			}
			if reason != nil {
				panic(reason)
			}
		}
	}()
	h.next.ServeHTTP(w, r)
	returned = true
}

// count updates the metrics with a request that is over. The handler has returned, or it has not.
func (m *middleware) count(rec *recorder, r *http.Request, returned bool) {
	route := m.route(r)
	rec.mu.Lock()
	inside, ctx, panicked, upgraded := rec.route, rec.inside, rec.panicked, rec.upgraded
	rec.mu.Unlock()
	if route == "" {
		route = inside
	}
	if ctx == nil {
		ctx = r.Context()
	}
	code := int(rec.code.Load())
	if code == 0 && returned {
		code = http.StatusOK // what net/http sends for a handler that says nothing
	}
	m.watchRoutes(route, r, code)

	e := m.endpoints.find(route, r)
	e.requests.Inc()
	if panicked {
		e.panics.Inc()
	}
	if code != 0 {
		if e.responses != nil {
			e.responses.Inc()
		}
		m.countOne(ctx, e.codes.counter(labelOfCode(code, m.grouped), m.endpoints.metrics.byCode, e.labels))
	}
	if e.duration == nil {
		return
	}
	ended := upgraded
	if ended == 0 {
		ended = time.Since(m.epoch)
	}
	e.duration.ObserveContext(ctx, (ended - rec.began).Seconds())
	e.requestSize.Observe(float64(rec.received(r)))
	switch {
	case upgraded != 0:
	case r.Method == http.MethodHead:
		e.responseSize.Observe(0) // the handler may have written a body, but nobody sends it
	default:
		e.responseSize.Observe(float64(rec.written.Load()))
	}
}

// unroutedRequests is how many requests there must be without a route, and none with one, before
// the middleware says that it may be in the wrong place.
const unroutedRequests = 10

// watchRoutes says so, once, if no request ever has a route. Requests that failed or were
// redirected prove nothing, because no mux may have seen them; nor do those of OPTIONS, which are
// answered for all routes alike.
func (m *middleware) watchRoutes(route string, r *http.Request, code int) {
	if m.routed.Load() {
		return
	}
	switch {
	case route != "", m.routeFunc != nil:
		m.routed.Store(true)
	case code >= 200 && code < 300 && r.Method != http.MethodOptions && m.unrouted.Add(1) == unroutedRequests:
		m.routed.Store(true)
		m.logger.Warn(`quipu: no request has had a route so far, so all are counted as "unmatched": put Middleware `+
			`directly around the ServeMux, inside of handlers that hand on a copy of the request (Request.WithContext), `+
			`or name the routes with WithRouteFunc`, "requests", unroutedRequests)
	}
}

// skips reports whether a request is not to be counted.
func (m *middleware) skips(r *http.Request) bool {
	if _, excluded := m.excluded[r.URL.Path]; excluded {
		return true
	}
	return m.skip != nil && m.skip(r)
}

// route returns the route as the mux or the function of WithRouteFunc knows it; "" if it does not.
func (m *middleware) route(r *http.Request) string {
	route := r.Pattern
	if m.routeFunc != nil {
		route = m.routeFunc(r)
	}
	// ServeMux redirects a CONNECT to the path with a slash at the end, and then calls that path
	// its pattern. The client chose the path.
	if n := len(route); r.Method == http.MethodConnect && n > 1 && route[0] == '/' && route[n-1] == '/' {
		return ""
	}
	return route
}
