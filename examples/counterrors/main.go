// SPDX-License-Identifier: Apache-2.0

// Counterrors counts the calls of a function that return an error or panic, by wrapping it.
//
//	$ go run ./examples/counterrors
//	Serving metrics on: http://127.0.0.1:8000/metrics
//
//	$ curl -s http://127.0.0.1:8000/metrics | grep request_
//	# HELP request_handler_exceptions_total Requests that failed.
//	# TYPE request_handler_exceptions_total counter
//	request_handler_exceptions_total{route="/"} 3
//	# HELP request_total Requests.
//	# TYPE request_total counter
//	request_total{route="/"} 11
package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/examples/internal/run"
)

var (
	exceptions = engine.NewCounterVec("request_handler_exceptions_total", "Requests that failed.", []string{"route"})
	requests   = engine.NewCounterVec("request_total", "Requests.", []string{"route"})
)

var errOops = errors.New("oops")

// handleRequest takes some time, and fails three times in ten.
func handleRequest(ctx context.Context) error {
	requests.With("/").Inc()
	duration := rand.N(time.Second)
	if duration < 300*time.Millisecond {
		return errOops
	}
	run.Pause(ctx, duration)
	return nil
}

func main() {
	counted := engine.CountErrors(exceptions.With("/"), handleRequest)
	run.Work(engine.Default(), func(ctx context.Context) {
		for ctx.Err() == nil {
			_ = counted(ctx) // the error is in the metric
		}
	})
}
