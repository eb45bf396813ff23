// SPDX-License-Identifier: Apache-2.0

package export

import (
	"net/http"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/instrument"
)

// RoundTripper returns a transport for an http.Client. It sends requests through next, or through
// http.DefaultTransport if next is nil, and measures them:
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
// The label reason has these values:
//
//   - "canceled": the request's context was canceled, whatever the cause, or the error is
//     context.Canceled.
//   - "timeout": the deadline of the request's context has passed, or the error is a timeout.
//   - "nil_response": next returned neither a response nor an error.
//   - "panic": next panicked.
//   - "other": any other error.
//
// The labels method and code have the same closed sets of values as those of [Middleware]. The
// server is not a label, unless [WithHostLabel] says which hosts to distinguish.
//
// Every request that is sent counts once. A redirect that the client follows is a request too, so a
// chain of two redirects counts three, each with its code. If next is a transport that retries, its
// attempts count as one request; if such a transport is around RoundTripper, each attempt counts. A
// RoundTripper directly inside another one with the same metrics adds nothing.
//
// Requests and responses pass through unchanged, bodies included, so the promises of next about
// closing them and about concurrency hold. Panics pass through too. The time after the response's
// header is not measured. Measuring a request allocates nothing in steady state
// (BenchmarkRoundTripper in internal/instrument).
//
// RoundTripper panics if reg or an option is nil, or if a metric cannot be defined, for example
// because its name is taken.
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
