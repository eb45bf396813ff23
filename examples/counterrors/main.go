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
	select {
	case <-time.After(duration):
	case <-ctx.Done():
	}
	return nil
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

	counted := engine.CountErrors(exceptions.With("/"), handleRequest)
	for ctx.Err() == nil {
		_ = counted(ctx) // it has been counted; the next request is another matter
	}
	stopping, cancel := context.WithTimeout(context.Background(), 5*time.Second) // for a scrape under way
	defer cancel()
	return service.Shutdown(stopping)
}
