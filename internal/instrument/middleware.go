// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"log/slog"
	"net/http"
	"sync/atomic"

	"github.com/quipu-metrics/quipu/engine"
)

// Middleware returns a function that wraps a handler and measures the requests that it serves: see
// export.Middleware. It panics when a metric cannot be defined.
func Middleware(reg *engine.Registry, config ServerConfig) func(http.Handler) http.Handler {
	m := &middleware{Server: newServer(reg, "Middleware", config), logger: reg.Logger()}
	return func(next http.Handler) http.Handler {
		if next == nil {
			panic("quipu: Middleware around a nil handler")
		}
		return &measured{m, next}
	}
}

type middleware struct {
	*Server
	logger *slog.Logger

	routed   atomic.Bool  // a request has had a route
	unrouted atomic.Int32 // requests without one, until routed or logged
}

// measured is a handler inside a middleware.
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

	rec := &recorder{
		inner: w,
		owner: h.middleware,
		began: h.Begin(),
		http2: r.ProtoMajor >= 2,
	}
	defer h.End() // even if Route panics
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
			h.report(rec, r, true)
			return
		}
		// The reason is nil after runtime.Goexit, which continues by itself. A panic from here
		// keeps the stack, because this function runs on top of the frames that panicked.
		reason := recover()
		if reason != http.ErrAbortHandler {
			rec.notePanic()
		}
		h.report(rec, r, false)
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

// report counts a request that has been served. returned is false if the handler has panicked or
// ended its goroutine.
func (m *middleware) report(rec *recorder, r *http.Request, returned bool) {
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
		code = http.StatusOK // net/http sends it for a handler that writes nothing
	}
	m.watchRoutes(route, r, code)

	q := Served{Context: ctx, Method: r.Method, Route: route, Code: code, Panicked: panicked}
	if m.endpoints.metrics.duration != nil {
		q.Received, q.Sent = rec.received(r), rec.written.Load()
		if upgraded != 0 {
			q.Duration, q.Sent = upgraded-rec.began, NoSize
		} else {
			q.Duration = m.Since(rec.began)
		}
	}
	m.count(&q, r)
}

// unroutedRequests is the number of requests without a route, and none with one, after which the
// middleware warns that it may be in the wrong place.
const unroutedRequests = 10

// watchRoutes logs a warning, once, if no request has a route. Requests that failed or were
// redirected do not count, because they may not have reached a mux. Nor do OPTIONS requests, which
// handlers often answer for all routes alike.
func (m *middleware) watchRoutes(route string, r *http.Request, code int) {
	if m.routed.Load() {
		return
	}
	switch {
	case route != "", m.Route != nil:
		m.routed.Store(true)
	case code >= 200 && code < 300 && r.Method != http.MethodOptions && m.unrouted.Add(1) == unroutedRequests:
		m.routed.Store(true)
		m.logger.Warn(`quipu: no request has had a route so far, so all are counted as "unmatched": `+
			`put Middleware directly around the ServeMux, inside of handlers that hand on a copy of the request `+
			`(Request.WithContext), or name the routes with WithRouteFunc`, "requests", unroutedRequests)
	}
}

// skips reports whether a request is left out.
func (m *middleware) skips(r *http.Request) bool {
	if _, excluded := m.excluded[r.URL.Path]; excluded {
		return true
	}
	return m.Skip != nil && m.Skip(r)
}

// route returns the route that the mux or ServerConfig.Route has found, or "" if there is none.
func (m *middleware) route(r *http.Request) string {
	route := r.Pattern
	if m.Route != nil {
		route = m.Route(r)
	}
	// ServeMux redirects a CONNECT request to the path with a slash at the end, and then reports
	// that path, which the client chose, as the pattern.
	if n := len(route); r.Method == http.MethodConnect && n > 1 && route[0] == '/' && route[n-1] == '/' {
		return ""
	}
	return route
}
