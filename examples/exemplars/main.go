// SPDX-License-Identifier: Apache-2.0

// Exemplars links a counter and the buckets of a histogram to traces of events that they counted.
// The formats OpenMetrics and protobuf carry exemplars; the text format does not:
//
//	$ go run ./examples/exemplars
//	Serving metrics on: http://127.0.0.1:8000/metrics
//
//	$ curl -s -H 'Accept: application/openmetrics-text' http://127.0.0.1:8000/metrics | grep trace_id
//	request_duration_seconds_bucket{le="0.1"} 7 # {trace_id="c0ffee2f96ee2d0b"} 0.0817 1.700000000125e+09
//	request_errors_total 3 # {trace_id="5bd66ef5095369c7"} 1 1.7000000035e+09
//
// Prometheus stores them if it is started with --enable-feature=exemplar-storage, as
// examples/prometheus/start.sh does.
package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/examples/internal/run"
)

// The histogram takes exemplars from the context. It does so only now and then, so a hot path does
// not pay for each observation. The counter gets an exemplar with every update.
var (
	duration = engine.NewHistogram("request_duration_seconds", "Time to answer a request.",
		engine.WithBuckets(0.01, 0.05, 0.1), engine.WithExemplars(traceOf))
	failures = engine.NewCounter("request_errors_total", "Requests that failed.")
)

// traceKey is the key of the trace ID in a context. A tracing library keeps its span like this.
type traceKey struct{}

// traceOf returns the labels of an exemplar, or nil for a request that is not traced.
func traceOf(ctx context.Context) engine.Labels {
	id, ok := ctx.Value(traceKey{}).(string)
	if !ok {
		return nil
	}
	return engine.Labels{"trace_id": id}
}

func handleRequest(ctx context.Context) {
	begin := time.Now()
	time.Sleep(rand.N(120 * time.Millisecond))
	if rand.N(5) == 0 {
		failures.AddWithExemplar(1, traceOf(ctx)) // an exemplar for every failure, because they are rare
	}
	duration.ObserveContext(ctx, time.Since(begin).Seconds())
}

func main() {
	run.Work(engine.Default(), func(ctx context.Context) {
		for ctx.Err() == nil {
			handleRequest(context.WithValue(ctx, traceKey{}, fmt.Sprintf("%016x", rand.Uint64())))
		}
	})
}
