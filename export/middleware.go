// SPDX-License-Identifier: Apache-2.0

package export

import (
	"net/http"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/instrument"
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
	var config instrument.ServerConfig
	for i, opt := range opts {
		checkInstrumentOption("Middleware", opt, i, len(opts))
		opt.applyMiddleware(&config)
	}
	return instrument.Middleware(reg, config)
}
