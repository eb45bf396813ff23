// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
)

// metrics holds all metrics of the service. This example does not use export.Middleware, because it
// demonstrates handles, typed labels and chosen buckets, and because its load generator checks
// every count on the page. A service that needs only the usual metrics of HTTP should use the
// middleware: see examples/middleware.
type metrics struct {
	inFlight      *engine.Gauge
	requests      *engine.CounterOf[request]
	latency       *engine.HistogramVec
	requestBytes  *engine.Summary
	responseBytes *engine.HistogramVec
}

// request is the label set of a request. Each field has few values, whatever clients send. If
// clients could choose the value of a label, they could fill the memory of the service and of
// Prometheus.
type request struct {
	Method string `label:"method"`
	Route  string `label:"route"`
	Code   int    `label:"code"`
}

// newMetrics defines the metrics. A definition that cannot work is a bug in this function, so it
// panics.
func newMetrics(reg *engine.Registry) *metrics {
	return &metrics{
		inFlight: must(reg.NewGauge("http_requests_in_flight", "Requests being served.")),
		requests: must(engine.RegisterCounterOf[request](reg, "http_requests_total", "Requests served.")),
		latency: must(reg.NewHistogramVec("http_request_duration_seconds", "Time to serve a request.",
			[]string{"route"}, engine.WithBuckets(histogram.Must(histogram.Exponential(25e-6, 2, 16))...))),
		requestBytes: must(reg.NewSummary("http_request_body_bytes", "Length of request bodies, where there is one.")),
		responseBytes: must(reg.NewHistogramVec("http_response_body_bytes", "Length of response bodies.",
			[]string{"route"}, engine.WithBuckets(histogram.Must(histogram.Exponential(16, 4, 8))...))),
	}
}

// exposeStore defines metrics of the statistics that the store keeps. Every scrape calls their
// functions.
func exposeStore(reg *engine.Registry, s *store) {
	must(reg.NewGaugeFunc("kv_keys", "Keys in the store.",
		func() float64 { return float64(s.statistics().Keys) }))
	must(reg.NewGaugeFunc("kv_bytes", "Length of all values in the store.",
		func() float64 { return float64(s.statistics().Bytes) }))
	must(reg.NewCounterFunc("kv_hits_total", "Reads of the store that found their key.",
		func() float64 { return float64(s.statistics().Hits) }))
	must(reg.NewCounterFunc("kv_misses_total", "Reads of the store that did not find their key.",
		func() float64 { return float64(s.statistics().Misses) }))
}

func must[M any](metric M, err error) M {
	if err != nil {
		panic(err)
	}
	return metric
}

// begin updates the metrics at the beginning of a request and returns the time for end.
func (m *metrics) begin() time.Time {
	m.inFlight.Inc()
	return time.Now()
}

// end updates the metrics at the end of a request.
func (m *metrics) end(began time.Time, labels request, received, sent int64) {
	m.latency.With(labels.Route).Observe(time.Since(began).Seconds())
	m.requests.With(labels).Inc()
	if received > 0 {
		m.requestBytes.Observe(float64(received))
	}
	m.responseBytes.With(labels.Route).Observe(float64(sent))
	// The gauge is last, so a page without requests in flight has counted all of them.
	m.inFlight.Dec()
}

// instrument counts the requests that mux serves, also those that match no route.
func (m *metrics) instrument(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := m.begin()
		response := &responseRecorder{ResponseWriter: w, code: http.StatusInternalServerError}
		received := &bodyRecorder{ReadCloser: r.Body}
		r.Body = received
		// Deferred, so that a handler that panics is counted too, with code 500. The panic goes on
		// to net/http.
		defer func() {
			m.end(began, labelsOf(r, response.code), received.bytes, response.bytes)
		}()
		mux.ServeHTTP(response, r)
		if !response.begun {
			response.code = http.StatusOK // net/http sends it if the handler writes nothing
		}
	})
}

// unmatched is the route of requests that match no route.
const unmatched = "unmatched"

// labelsOf returns the labels of a request. They have few values, whatever the client sends. The
// mux has set r.Pattern.
func labelsOf(r *http.Request, code int) request {
	labels := request{Method: "other", Route: unmatched, Code: code}
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		http.MethodOptions:
		labels.Method = r.Method
	}
	if r.Pattern != "" {
		labels.Route = routeOf(r.Pattern)
	}
	return labels
}

// routeOf returns the path of a pattern, without its method.
func routeOf(pattern string) string {
	if _, route, ok := strings.Cut(pattern, " "); ok {
		return route
	}
	return pattern
}

// responseRecorder records the code and the length of an answer. Unwrap lets
// http.ResponseController reach the wrapped writer.
type responseRecorder struct {
	http.ResponseWriter
	code  int
	bytes int64
	begun bool
}

func (w *responseRecorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *responseRecorder) WriteHeader(code int) {
	if !w.begun && code >= 200 { // a code below 200 is an announcement, and another one follows
		w.code, w.begun = code, true
	}
	w.ResponseWriter.WriteHeader(code)
}

func (w *responseRecorder) Write(p []byte) (int, error) {
	if !w.begun {
		w.code, w.begun = http.StatusOK, true
	}
	n, err := w.ResponseWriter.Write(p)
	w.bytes += int64(n)
	return n, err
}

// bodyRecorder counts the bytes of a request's body that are read.
type bodyRecorder struct {
	io.ReadCloser
	bytes int64
}

func (b *bodyRecorder) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.bytes += int64(n)
	return n, err
}
