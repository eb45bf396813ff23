// SPDX-License-Identifier: Apache-2.0

// Native has native histograms. They choose their buckets themselves: narrow ones, wherever there
// are observations.
//
// Prometheus reads them in the protobuf format. From version 3.8 on it needs
// scrape_native_histograms: true in the configuration of the job; earlier versions need
// --enable-feature=native-histograms, as in examples/prometheus/start.sh. Queries use the name of
// the metric, without _bucket:
//
//	histogram_quantile(0.99, rate(request_duration_seconds[1m]))
//
// In the text formats a native histogram has only count and sum, unless it also has classic
// buckets:
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

	// A metric can have both kinds of buckets while dashboards and alerts are migrated.
	size = engine.NewHistogram("response_size_bytes", "Size of responses.",
		engine.WithNative(histogram.NativeDefaults()), engine.WithBuckets(1e3, 1e6))
)

func main() {
	run.Work(engine.Default(), func(ctx context.Context) {
		for run.Pause(ctx, 10*time.Millisecond) {
			// Most latencies and sizes are small, and a few are very large.
			duration.Observe(0.005 * math.Exp(rand.NormFloat64()))
			size.Observe(math.Round(5000 * math.Exp(2*rand.NormFloat64())))
		}
	})
}
