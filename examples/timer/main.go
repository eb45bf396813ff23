// SPDX-License-Identifier: Apache-2.0

// Timer measures how long a function takes, by wrapping it.
//
//	$ go run ./examples/timer
//	Serving metrics on: http://127.0.0.1:8000/metrics
//
//	$ curl -s http://127.0.0.1:8000/metrics | grep request_
//	# HELP request_processing_seconds Time spent processing a request.
//	# TYPE request_processing_seconds summary
//	request_processing_seconds{quantile="0.5"} 0.481150
//	request_processing_seconds{quantile="0.9"} 0.902711
//	request_processing_seconds{quantile="0.99"} 0.989236
//	request_processing_seconds_sum 38.190723
//	request_processing_seconds_count 77
//	# HELP request_total Requests.
//	# TYPE request_total counter
//	request_total{route="/"} 78
package main

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/examples/internal/run"
)

var (
	requestTime = engine.NewSummary("request_processing_seconds", "Time spent processing a request.")
	requests    = engine.NewCounterVec("request_total", "Requests.", []string{"route"})
)

// handleRequest takes some time. Functions of other signatures are timed from within:
//
//	defer requestTime.Start().Stop()
func handleRequest(ctx context.Context) error {
	requests.With("/").Inc()
	run.Pause(ctx, rand.N(time.Second))
	return ctx.Err()
}

func main() {
	timed := engine.Timed(requestTime, handleRequest) // wrapped once, because wrapping allocates and calls do not
	run.Work(engine.Default(), func(ctx context.Context) {
		for timed(ctx) == nil {
		}
	})
}
