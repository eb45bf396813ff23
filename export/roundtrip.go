// SPDX-License-Identifier: Apache-2.0

package export

import (
	"context"
	"errors"
	"net"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/quipu-metrics/quipu/engine"
)

// RoundTripper returns a transport for an http.Client that measures the requests which pass through next, or
// http.DefaultTransport if next is nil:
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
// The reason is "canceled", "timeout" or "other". The labels method and code have the closed sets of values that
// [Middleware] gives them; the server asked is no label, unless [HostLabel] says which ones to tell apart.
//
// Every request that is sent counts once. A redirect that the client follows is a request of its own, so a chain of two
// redirects counts three, by the codes that each of them got; attempts of a transport that retries count once if it is
// next, and one by one if it is wrapped around RoundTripper. Wrapping one RoundTripper directly into another of the same
// metrics adds nothing.
//
// Requests and responses go through untouched, bodies included: whatever next promises about closing them, and about
// concurrency, holds. What is done with a response after its header is not measured. Measuring a request allocates
// nothing in steady state.
//
// RoundTripper panics if reg is nil or a metric cannot be defined, for example because its name is taken.
func RoundTripper(next http.RoundTripper, reg *engine.Registry, opts ...RoundTripperOption) http.RoundTripper {
	if reg == nil {
		panic("quipu: RoundTripper needs a registry: pass engine.Default() or one of your own")
	}
	if next == nil {
		next = http.DefaultTransport
	}
	t := &roundTripper{next: next, epoch: time.Now()}
	for _, opt := range opts {
		opt.applyRoundTripper(&t.instrumentConfig)
	}
	t.sets = newLabelSets(t.labels)
	t.endpoints = make([]atomic.Pointer[clientEndpoint], t.sets.count())

	d := definer{reg: reg, who: "RoundTripper", consts: engine.WithConstLabels(t.consts)}
	labels := append([]string{"method"}, t.sets.names()...)
	t.requests = d.counters("http_client_requests_total", "Requests sent.", append(slices.Clip(labels), "code"))
	t.errors = d.counters("http_client_errors_total", "Requests without a response.", append(slices.Clip(labels), "reason"))
	t.duration = d.histograms("http_client_request_duration_seconds", "Time until the response's header, or the error.",
		labels, t.buckets)
	t.inFlight = d.gauge("http_client_requests_in_flight", "Requests that wait for a response.")
	if inner, ok := next.(*roundTripper); ok && inner.requests == t.requests {
		return inner
	}
	return t
}

// HostLabel adds a label host, the host that a request goes to, as it is in the URL: with the port if that has one. Only
// the given hosts are told apart; all others are "other". It panics without hosts.
func HostLabel(hosts ...string) RoundTripperOption {
	if len(hosts) == 0 {
		panic("quipu: HostLabel() without a host: name those that are to be told apart")
	}
	label := newClosedLabel("host", func(r *http.Request) string {
		if r.URL == nil {
			return "" // the transport has refused it
		}
		return r.URL.Host
	}, hosts)
	return roundTripperOption(func(c *instrumentConfig) { c.labels = append(slices.Clip(c.labels), label) })
}

type roundTripper struct {
	instrumentConfig
	next     http.RoundTripper
	epoch    time.Time // time.Since reads one clock where time.Now reads two
	requests *engine.CounterVec
	errors   *engine.CounterVec
	duration *engine.HistogramVec
	inFlight *engine.Gauge

	sets      labelSets
	endpoints []atomic.Pointer[clientEndpoint] // by number of the label set; nil until the first request
}

// clientEndpoint holds the handles of one label set.
type clientEndpoint struct {
	labels   []string
	duration *engine.Histogram
	codes    codeCounters
	errors   [len(reasons)]*engine.Counter
}

// noResponse is the codeLabel of requests that got none.
const noResponse codeLabel = -1

func (t *roundTripper) RoundTrip(r *http.Request) (*http.Response, error) {
	if t.skip != nil && t.skip(r) {
		return t.next.RoundTrip(r)
	}
	t.inFlight.Inc()
	defer t.inFlight.Dec() // also when a transport panics
	began := time.Since(t.epoch)
	response, err := t.next.RoundTrip(r)
	took := time.Since(t.epoch) - began

	e := t.endpoint(t.sets.of(r))
	e.duration.Observe(took.Seconds())
	if err == nil {
		t.countCode(e, t.codes.label(response.StatusCode))
	} else {
		t.countCode(e, noResponse)
		e.errors[reasonOf(r.Context(), err)].Inc()
	}
	return response, err
}

// CloseIdleConnections does what http.Client.CloseIdleConnections asks for, if next can.
func (t *roundTripper) CloseIdleConnections() {
	if c, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// endpoint returns the handles of a label set. Several goroutines may make the same ones; the engine gives them all the
// same series.
func (t *roundTripper) endpoint(set int) *clientEndpoint {
	if e := t.endpoints[set].Load(); e != nil {
		return e
	}
	method, closed := t.sets.values(set)
	labels := append([]string{method}, closed...)
	e := &clientEndpoint{labels: labels, duration: t.duration.With(labels...)}
	for i, reason := range reasons {
		e.errors[i] = t.errors.With(append(slices.Clip(labels), reason)...)
	}
	if t.endpoints[set].CompareAndSwap(nil, e) {
		return e
	}
	return t.endpoints[set].Load()
}

func (t *roundTripper) countCode(e *clientEndpoint, code codeLabel) {
	if c := e.codes.find(code); c != nil {
		c.Inc()
		return
	}
	text := "error"
	if code != noResponse {
		text = t.codes.text(code)
	}
	e.codes.add(code, t.requests.With(append(slices.Clip(e.labels), text)...)).Inc()
}

// reasons are the values of the label reason.
var reasons = [...]string{"canceled", "timeout", otherValue}

// reasonOf returns the index into reasons.
func reasonOf(ctx context.Context, err error) int {
	const canceled, timeout, other = 0, 1, 2
	var network net.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return timeout
	case errors.Is(err, context.Canceled):
		return canceled
	}
	// http.Client.Timeout ends a request in two ways at the same moment: by the deadline of its context, and by a channel,
	// for which a transport has an error that says nothing.
	if deadline, ok := ctx.Deadline(); ok && !time.Now().Before(deadline) {
		return timeout
	}
	return other
}
