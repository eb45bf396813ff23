// SPDX-License-Identifier: Apache-2.0

// Native has native histograms, which choose their buckets themselves: fine ones, wherever the observations are.
//
// Prometheus gets them in the protobuf format. From version 3.8 on it wants scrape_native_histograms: true in the job's
// configuration; before, --enable-feature=native-histograms, as in examples/prometheus/start.sh. It is then asked for them
// by their plain names:
//
//	histogram_quantile(0.99, rate(request_duration_seconds[1m]))
//
// In the text formats a native histogram shows its count and sum only, unless it has classic buckets too:
//
//	$ go run ./examples/native
//	Serving metrics on: http://127.0.0.1:8000/metrics
//
//	$ curl -s http://127.0.0.1:8000/metrics | grep -v '^#' | grep -v quipu_
//	request_duration_seconds_bucket{le="+Inf"} 1203
//	request_duration_seconds_sum 13.081
//	request_duration_seconds_count 1203
//	response_size_bytes_bucket{le="1000"} 287
//	response_size_bytes_bucket{le="1e+06"} 1190
//	response_size_bytes_bucket{le="+Inf"} 1203
//	response_size_bytes_sum 5.0918e+07
//	response_size_bytes_count 1203
package main

import (
	"context"
	"math"
	"math/rand/v2"
	"time"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/examples/internal/run"
	"github.com/quipu-metrics/quipu/histogram"
)

var (
	duration = engine.NewHistogram("request_duration_seconds", "Time to answer a request.",
		engine.WithNative(histogram.NativeDefaults()))

	// While dashboards and alerts move over to native histograms, a metric can have both kinds of buckets.
	size = engine.NewHistogram("response_size_bytes", "Size of responses.",
		engine.WithNative(histogram.NativeDefaults()), engine.WithBuckets(1e3, 1e6))
)

func main() {
	run.Work(engine.Default(), func(ctx context.Context) {
		for run.Pause(ctx, 10*time.Millisecond) {
			// Latencies and sizes have such distributions: most are small, and a few are very large.
			duration.Observe(0.005 * math.Exp(rand.NormFloat64()))
			size.Observe(math.Round(5000 * math.Exp(2*rand.NormFloat64())))
		}
	})
}
