// SPDX-License-Identifier: Apache-2.0

package export

import (
	"net/http"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/instrument"
)

// RoundTripper returns a transport for an http.Client that measures the requests which pass through
// next, or http.DefaultTransport if next is nil:
//
//	client := &http.Client{Transport: export.RoundTripper(nil, reg)}
//
// It defines these metrics in reg:
//
//	http_client_requests_total            counter    method, code    requests; code "error" if there was no response
//	http_client_errors_total              counter    method, reason  requests without a response
//	http_client_request_duration_seconds  histogram  method          time until the response's header, or the error
//	http_client_requests_in_flight        gauge                      requests that wait for it
//
// The reason is taken from the request's context first: "canceled" if it was canceled, whatever the
// cause, and "timeout" if its deadline has passed. Other errors are "timeout" if they say so,
// "canceled" if they say that, and "other". A transport that returns neither a response nor an
// error is "nil_response", one that panics is "panic"; both are passed on as they are. The labels
// method and code have the closed sets of values that [Middleware] gives them; the server asked is
// no label, unless [WithHostLabel] says which ones to tell apart.
//
// Every request that is sent counts once. A redirect that the client follows is a request of its
// own, so a chain of two redirects counts three, by the codes that each of them got; attempts of a
// transport that retries count once if it is next, and one by one if it is wrapped around
// RoundTripper. Wrapping one RoundTripper directly into another of the same metrics adds nothing.
//
// Requests and responses go through untouched, bodies included: whatever next promises about
// closing them, and about concurrency, holds. What is done with a response after its header is not
// measured. Measuring a request allocates nothing in steady state.
//
// RoundTripper panics if reg is nil or a metric cannot be defined, for example because its name is
// taken.
func RoundTripper(next http.RoundTripper, reg *engine.Registry, opts ...RoundTripperOption) http.RoundTripper {
	if reg == nil {
		panic("quipu: RoundTripper needs a registry: pass engine.Default() or one of your own")
	}
	var config instrument.Config
	for i, opt := range opts {
		checkInstrumentOption("RoundTripper", opt, i, len(opts))
		opt.applyRoundTripper(&config)
	}
	return instrument.RoundTripper(next, reg, config)
}
