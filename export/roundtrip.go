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
	if next == nil {
		next = http.DefaultTransport
	}
	t := &roundTripper{next: next, epoch: time.Now()}
	for i, opt := range opts {
		checkInstrumentOption("RoundTripper", opt, i, len(opts))
		opt.applyRoundTripper(&t.instrumentConfig)
	}
	t.sets = newLabelSets(t.labels)
	t.endpoints = make([]atomic.Pointer[clientEndpoint], t.sets.count())

	d := definer{reg, "RoundTripper", &t.instrumentConfig}
	labels := append([]string{"method"}, t.sets.names()...)
	const series = len(methods) * maxCombinations // the same for all, because several may share the metrics
	t.requests = d.byCode("http_client_requests_total", "Requests sent.", append(slices.Clip(labels), "code"), series)
	t.errors = d.counters("http_client_errors_total", "Requests without a response.",
		append(slices.Clip(labels), "reason"), series*len(reasons))
	t.duration = d.durations("http_client_request_duration_seconds", "Time until the response's header, or the error.",
		labels, series)
	t.inFlight = d.gauge("http_client_requests_in_flight", "Requests that wait for a response.")
	if inner, ok := next.(*roundTripper); ok && inner.requests == t.requests {
		return inner
	}
	return t
}

// WithHostLabel adds a label host, the host that a request goes to, as it is in the URL: with the port
// if that has one. Only the given hosts are told apart; all others are "other". It panics without
// hosts.
func WithHostLabel(hosts ...string) RoundTripperOption {
	if len(hosts) == 0 {
		panic("quipu: WithHostLabel() without a host: name those that are to be told apart")
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

func (t *roundTripper) RoundTrip(r *http.Request) (response *http.Response, err error) {
	if t.skip != nil && t.skip(r) {
		return t.next.RoundTrip(r)
	}
	t.inFlight.Inc()
	// Last of all, so that a page without requests in flight has counted them all.
	defer t.inFlight.Dec()
	began := time.Since(t.epoch)
	returned := false
	defer func() { // without recover: a panic, or runtime.Goexit, goes on as it is
		t.count(r, time.Since(t.epoch)-began, response, err, returned)
	}()
	response, err = t.next.RoundTrip(r)
	returned = true
	return response, err
}

func (t *roundTripper) count(r *http.Request, took time.Duration, response *http.Response, err error, returned bool) {
	e := t.endpoint(t.sets.of(methodIndex(r.Method), r))
	ctx := r.Context()
	e.duration.ObserveContext(ctx, took.Seconds())
	code := noResponse
	switch {
	case !returned:
		e.errors[reasonPanic].Inc()
	case err != nil:
		e.errors[reasonOf(ctx, err)].Inc()
	case response == nil:
		e.errors[reasonNilResponse].Inc()
	default:
		code = labelOfCode(response.StatusCode, t.grouped)
	}
	t.countOne(ctx, e.codes.counter(code, t.requests, e.labels))
}

// CloseIdleConnections does what http.Client.CloseIdleConnections asks for, if next can.
func (t *roundTripper) CloseIdleConnections() {
	if c, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// endpoint returns the handles of a label set. Several goroutines may make the same ones; the
// engine gives them all the same series.
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

// reasons are the values of the label reason.
var reasons = [...]string{"canceled", "timeout", "nil_response", "panic", otherValue}

// The indexes into reasons.
const (
	reasonCanceled = iota
	reasonTimeout
	reasonNilResponse
	reasonPanic
	reasonOther
)

// reasonOf returns the index of the reason for an error. The context knows best: a transport
// returns the cause of a cancellation, which may be any error, and of several goroutines that one
// timeout has canceled only one has timed out.
func reasonOf(ctx context.Context, err error) int {
	switch ctx.Err() {
	case context.Canceled:
		return reasonCanceled
	case context.DeadlineExceeded:
		return reasonTimeout
	}
	var network net.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return reasonTimeout
	case errors.Is(err, context.Canceled):
		return reasonCanceled
	}
	// http.Client.Timeout ends a request in two ways at the same moment: by the deadline of its
	// context, and by a channel, for which a transport has an error that says nothing.
	if deadline, ok := ctx.Deadline(); ok && !time.Now().Before(deadline) {
		return reasonTimeout
	}
	return reasonOther
}
