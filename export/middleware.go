// SPDX-License-Identifier: Apache-2.0

package export

import (
	"net/http"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/instrument"
)

// Middleware returns a function that wraps a handler, usually a whole ServeMux, and measures the
// requests that the handler serves:
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
// The first six are updated when the handler has returned, because the route is not known before. A
// request without a response is one whose handler panicked before it wrote anything.
//
// # Labels
//
// Clients cannot create series, because every label has a closed set of values:
//
//   - method is one of the nine methods of RFC 9110 and RFC 5789, or "other".
//   - code is a number from 100 to 599, or "other".
//   - route is the pattern of the ServeMux without its method, such as /users/{id}, or "unmatched"
//     if there is none. There are at most 2000 routes. The value of further ones, which only
//     [WithRouteFunc] can make, is [engine.OverflowValue].
//
// A method on a route has at most 32 codes, besides 500 to 511, which are always counted
// separately. Further codes are counted under their class, such as 4xx. The limits of these metrics
// follow from the numbers of routes, methods and codes; [engine.WithMaxSeries] does not change
// them. So clients cannot fill the metrics, and a server error is always found under its route and
// code. A route whose pattern has a method is counted under that method only; if the method is GET,
// also under HEAD.
//
// # Order
//
// Middleware reads the pattern from [http.Request.Pattern] when the handler has returned. A handler
// that passes on a copy of the request (with Request.WithContext, http.StripPrefix or
// http.TimeoutHandler) hides the pattern, and the route is "unmatched". So put Middleware directly
// around the mux, and handlers that copy requests, such as tracing, around Middleware:
//
//	handler := trace(export.Middleware(reg)(mux))
//
// If Middleware has to be outside such a handler, put a second one inside, or use [WithRouteFunc]:
//
//	handler := export.Middleware(reg)(trace(export.Middleware(reg)(mux)))
//
// A Middleware that has served several requests successfully and has never seen a route logs a
// warning, once, to the registry's logger.
//
// # Nesting
//
// A request is counted once for each set of metrics, however many Middlewares it passes. The
// outermost one counts it. Those inside report the route to it, and panics from which a handler
// between them recovers. They find each other through the ResponseWriter and its Unwrap methods.
// The ResponseWriter of http.TimeoutHandler has no such method, so do not put Middlewares on both
// sides of it.
//
// # Panics
//
// Panics are counted and passed on with their stack. [http.ErrAbortHandler] is passed on and not
// counted, because handlers use it to abort a response on purpose.
//
// # The handler's view
//
// The handler's ResponseWriter has exactly those optional methods that the server's ResponseWriter
// has: those of http.Flusher, http.Hijacker, http.CloseNotifier, http.Pusher, io.ReaderFrom and
// io.StringWriter. It has an Unwrap method too, and http.ResponseController works as without
// Middleware. A hijacked connection counts as code 101, unless another code was written before.
// Data sent over it is not measured. Data that a handler writes to a ResponseWriter returned by
// Unwrap is not measured either.
//
// The handler gets the server's request, or a copy if the body is longer than 1 MiB or of unknown
// length. The Content-Length of such a body is not trusted: the bytes that are read are counted
// instead. Changes that the handler makes to the copy are in the original when the handler has
// returned.
//
// There is one difference. If a body exceeds the limit of an [http.MaxBytesReader], the server
// closes the connection after the response. The reader reports that to the ResponseWriter of
// net/http only. Inside Middleware the connection stays open if the rest of the body is less than
// 256 KiB, which the server then reads; if the rest is longer, the server closes the connection. An
// [http.MaxBytesHandler] around Middleware always closes it.
//
// # Costs
//
// A request costs one allocation, and a second one if its body is counted (BenchmarkMiddleware in
// internal/instrument). Nothing is reused for the next request: if a goroutine of a handler writes
// after the handler has returned, its data reaches no other response than without Middleware.
// Middleware keeps the series that it has found. Series that are deleted or cleared from the
// registry do not come back.
//
// Middleware panics if reg or an option is nil, or if a metric cannot be defined, for example
// because its name is taken. The returned function may be called several times and concurrently.
func Middleware(reg *engine.Registry, opts ...MiddlewareOption) func(http.Handler) http.Handler {
	if reg == nil {
		panic("quipu: Middleware needs a registry: pass engine.Default() or one of your own")
	}
	var config instrument.ServerConfig
	for i, opt := range opts {
		checkInstrumentOption("Middleware", opt, i, len(opts))
		opt.applyMiddleware(&config)
	}
	return instrument.Middleware(reg, config)
}
