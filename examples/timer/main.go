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
	"flag"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export"
)

var (
	requestTime = engine.NewSummary("request_processing_seconds", "Time spent processing a request.")
	requests    = engine.NewCounterVec("request_total", "Requests.", []string{"route"})
)

// handleRequest takes some time. Functions of any other shape are timed from within:
//
//	defer requestTime.Start().Stop()
func handleRequest(ctx context.Context) error {
	requests.With("/").Inc()
	select {
	case <-time.After(rand.N(time.Second)):
	case <-ctx.Done():
	}
	return ctx.Err()
}

func main() {
	addr := flag.String("addr", "127.0.0.1:8000", "`address` to serve the metrics on; with port 0 the system chooses one")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *addr)
	stop()
	if err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, addr string) error {
	service := export.NewService(engine.Default())
	if err := service.Start(addr); err != nil {
		return err
	}
	fmt.Println("Serving metrics on:", service.MetricsURL())

	timed := engine.Timed(requestTime, handleRequest) // wrapped once: a call of timed allocates nothing more
	for timed(ctx) == nil {
	}
	stopping, cancel := context.WithTimeout(context.Background(), 5*time.Second) // for a scrape under way
	defer cancel()
	return service.Shutdown(stopping)
}
