// SPDX-License-Identifier: Apache-2.0

// Inprogress shows how many calls of a function are under way, by wrapping it.
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
	"flag"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export"
)

var (
	inProgress = engine.NewGaugeVec("request_in_progress", "Requests in progress.", []string{"route"})
	requests   = engine.NewCounterVec("request_total", "Requests.", []string{"route"})
)

// handleRequest takes some time.
func handleRequest(ctx context.Context) error {
	requests.With("/").Inc()
	return pause(ctx, rand.N(time.Second))
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

	tracked := engine.InProgress(inProgress.With("/"), handleRequest)
	var clients sync.WaitGroup
	for range 3 { // each has a request in progress about half of the time
		clients.Go(func() {
			for tracked(ctx) == nil && pause(ctx, rand.N(time.Second)) == nil {
			}
		})
	}
	clients.Wait()
	stopping, cancel := context.WithTimeout(context.Background(), 5*time.Second) // for a scrape under way
	defer cancel()
	return service.Shutdown(stopping)
}

// pause waits for a while, and returns an error when the program is to stop.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
	return ctx.Err()
}
