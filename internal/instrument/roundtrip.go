// SPDX-License-Identifier: Apache-2.0

package instrument

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

// RoundTripper returns a transport that measures the requests which pass through next, or through
// http.DefaultTransport if next is nil: see export.RoundTripper. It panics when a metric cannot be
// defined.
func RoundTripper(next http.RoundTripper, reg *engine.Registry, config Config) http.RoundTripper {
	if next == nil {
		next = http.DefaultTransport
	}
	t := &roundTripper{Config: config, next: next, epoch: time.Now()}
	t.sets = newLabelSets(t.Labels)
	t.endpoints = make([]atomic.Pointer[clientEndpoint], t.sets.count())

	d := definer{reg, "RoundTripper", &t.Config}
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

type roundTripper struct {
	Config
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
	if t.Skip != nil && t.Skip(r) {
		return t.next.RoundTrip(r)
	}
	t.inFlight.Inc()
	// This comes last, so that a page that shows no request in flight has counted all requests.
	defer t.inFlight.Dec()
	began := time.Since(t.epoch)
	returned := false
	defer func() { // without recover, so that a panic or runtime.Goexit continues unchanged
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
		code = labelOfCode(response.StatusCode, t.GroupCodes)
	}
	t.countOne(ctx, e.codes.counter(code, t.requests, e.labels))
}

// CloseIdleConnections closes the idle connections of next, if next has this method. http.Client
// calls it.
func (t *roundTripper) CloseIdleConnections() {
	if c, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// endpoint returns the handles of a label set. Several goroutines may make them at the same time,
// because the engine gives them all the same series.
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
	return keepFirst(&t.endpoints[set], e)
}

// reasons holds the values of the label reason.
var reasons = [...]string{"canceled", "timeout", "nil_response", "panic", otherValue}

// The indexes into reasons.
const (
	reasonCanceled = iota
	reasonTimeout
	reasonNilResponse
	reasonPanic
	reasonOther
)

// reasonOf returns the index of the reason for an error. The context is checked first, because a
// transport returns the cause of a cancellation, which may be any error.
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
	// context, and by a channel. For the channel, a transport has an error that does not tell the
	// reason.
	if deadline, ok := ctx.Deadline(); ok && !time.Now().Before(deadline) {
		return reasonTimeout
	}
	return reasonOther
}
