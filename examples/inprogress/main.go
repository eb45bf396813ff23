// SPDX-License-Identifier: Apache-2.0

// Inprogress counts the calls of a function that are in progress, by wrapping it.
//
//	$ go run ./examples/inprogress
//	Serving metrics on: http://127.0.0.1:8000/metrics
//
//	$ curl -s http://127.0.0.1:8000/metrics | grep request_
//	# HELP request_in_progress Requests in progress.
//	# TYPE request_in_progress gauge
//	request_in_progress{route="/"} 2
//	# HELP request_total Requests.
//	# TYPE request_total counter
//	request_total{route="/"} 41
package main

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/examples/internal/run"
)

var (
	inProgress = engine.NewGaugeVec("request_in_progress", "Requests in progress.", []string{"route"})
	requests   = engine.NewCounterVec("request_total", "Requests.", []string{"route"})
)

// handleRequest takes some time.
func handleRequest(ctx context.Context) error {
	requests.With("/").Inc()
	run.Pause(ctx, rand.N(time.Second))
	return ctx.Err()
}

func main() {
	tracked := engine.InProgress(inProgress.With("/"), handleRequest)
	run.Work(engine.Default(), func(ctx context.Context) {
		var clients sync.WaitGroup
		for range 3 { // each has a request in progress about half of the time
			clients.Go(func() {
				for tracked(ctx) == nil && run.Pause(ctx, rand.N(time.Second)) {
				}
			})
		}
		clients.Wait()
	})
}
