// SPDX-License-Identifier: Apache-2.0

package export

import (
	"net/http"
	"sync"
	"time"

	"github.com/quipu-metrics/quipu/engine"
)

// Middleware returns what wraps a handler, usually a whole ServeMux, to measure the requests that it serves:
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
// All but the last one are counted when the handler is done, because only then is the route known. Requests without a
// response are those whose handler panicked before it wrote anything.
//
// # Labels
//
// Clients cannot make series. The label method is one of the nine methods of RFC 9110 and RFC 5789, or "other"; code is
// a number from 100 to 599, or "other"; route is the ServeMux pattern without its method, such as /users/{id}, or
// "unmatched" where there is none. At most 2000 routes are told apart; further ones, which only a [RouteFunc] can
// make, are [engine.OverflowValue].
//
// The pattern is read from [http.Request.Pattern] when the handler is done. Handlers that pass on a copy of the request
// (Request.WithContext, http.StripPrefix, http.TimeoutHandler) keep the pattern from getting there, and the route is
// "unmatched". If there is such a handler between Middleware and the mux, put Middleware around the mux as well, or
// name the routes with [RouteFunc].
//
// # Nesting
//
// A request is counted once for each set of metrics, however many Middlewares it passes: the outermost one counts, and
// those inside tell it the route, and a panic that something between them recovers from. They find each other through
// the ResponseWriter and its Unwrap methods; the one of http.TimeoutHandler has none, so do not have Middlewares on both
// sides of it.
//
// # Panics
//
// Panics are counted and passed on, with the stack as it was. [http.ErrAbortHandler] is passed on without being
// counted: it is how a handler ends a response on purpose.
//
// # ResponseWriter
//
// The ResponseWriter that the handler gets is an http.Flusher, http.Hijacker, io.ReaderFrom and http.Pusher where the
// one beneath it is, and http.ResponseController works on it. A hijacked connection counts as code 101 unless another one
// was written before; what is sent over it is not measured. As with any ResponseWriter, a handler must not use it after
// it has returned: it then serves another request.
//
// In steady state a request costs no allocation, unless it has a body of unknown length or of more than 1 MiB: what a
// client says about the length of such a body is not believed, so what is read of it is counted, in a copy of the request.
// The middleware holds on to the series that it has found; if they are deleted or cleared from the registry, they do not
// come back.
//
// Middleware panics if reg is nil or a metric cannot be defined, for example because its name is taken.
func Middleware(reg *engine.Registry, opts ...MiddlewareOption) func(http.Handler) http.Handler {
	if reg == nil {
		panic("quipu: Middleware needs a registry: pass engine.Default() or one of your own")
	}
	config := newMiddlewareConfig(opts)
	sets := newLabelSets(config.labels)
	m := &middleware{
		middlewareConfig: config,
		endpoints:        newEndpoints(defineServerMetrics(reg, &config, sets.names()), sets),
		epoch:            time.Now(),
		recorders:        sync.Pool{New: func() any { return new(recorder) }},
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
	recorders sync.Pool // of *recorder
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
		// Last of all, so that a page without requests in flight has counted them all, and also when a RouteFunc panics.
		defer metrics.inFlight.Dec()
	}
	rec := h.recorders.Get().(*recorder)
	inner := rec.begin(w, r, h.middleware)
	returned := false
	defer func() {
		if returned {
			h.count(rec, rec.served(r))
			if !rec.hijacked { // who has hijacked may go on with the ResponseWriter
				rec.end()
				h.recorders.Put(rec)
			}
			return
		}
		// nil after runtime.Goexit, which goes on by itself. Panicking anew here keeps the stack: this function runs on top
		// of the frames that panicked.
		reason := recover()
		rec.panicked = rec.panicked || reason != http.ErrAbortHandler
		rec.cut = true
		h.count(rec, rec.served(r))
		if reason != nil {
			panic(reason)
		}
	}()
	h.next.ServeHTTP(rec.withMethodsOf(w), inner)
	returned = true
}

// serveInside serves a request that a Middleware further out counts.
func (h *measured) serveInside(outer *recorder, w http.ResponseWriter, r *http.Request) {
	returned := false
	defer func() {
		if outer.route == "" { // the innermost mux says more than those around it
			outer.route = h.route(r)
		}
		if !returned {
			reason := recover()
			outer.panicked = outer.panicked || reason != http.ErrAbortHandler
			if reason != nil {
				panic(reason)
			}
		}
	}()
	h.next.ServeHTTP(w, r)
	returned = true
}

// count updates the metrics with a request that is over.
func (m *middleware) count(rec *recorder, r *http.Request) {
	route := m.route(r)
	if route == "" {
		route = rec.route
	}
	e := m.endpoints.find(route, r)
	e.requests.Inc()
	if rec.panicked {
		e.panics.Inc()
	}
	code := rec.code
	if code == 0 && !rec.cut {
		code = http.StatusOK // what net/http sends for a handler that says nothing
	}
	if code != 0 {
		if e.responses != nil {
			e.responses.Inc()
		}
		m.endpoints.countCode(e, m.codes.label(code))
	}
	if e.duration == nil {
		return
	}
	ended := rec.upgraded
	if !rec.hijacked {
		ended = time.Since(m.epoch)
	}
	e.duration.Observe((ended - rec.began).Seconds())
	e.requestSize.Observe(float64(rec.received(r)))
	switch {
	case rec.hijacked:
	case r.Method == http.MethodHead:
		e.responseSize.Observe(0) // the handler may have written a body, but nobody sends it
	default:
		e.responseSize.Observe(float64(rec.written))
	}
}

// skips reports whether a request is not to be counted.
func (m *middleware) skips(r *http.Request) bool {
	if _, excluded := m.excluded[r.URL.Path]; excluded {
		return true
	}
	return m.skip != nil && m.skip(r)
}

// route returns the route as the mux or the RouteFunc knows it; "" if it does not.
func (m *middleware) route(r *http.Request) string {
	route := r.Pattern
	if m.routeFunc != nil {
		route = m.routeFunc(r)
	}
	// ServeMux redirects a CONNECT to the path with a slash at the end, and then calls that path its pattern. The client
	// chose the path.
	if n := len(route); r.Method == http.MethodConnect && n > 1 && route[0] == '/' && route[n-1] == '/' {
		return ""
	}
	return route
}
