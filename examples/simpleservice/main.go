// SPDX-License-Identifier: Apache-2.0

// Simpleservice is the smallest program that Prometheus can scrape: one metric, and a service that
// exposes it. The metric has a constant label, which all its series have, and a label that differs
// from event to event.
//
//	$ go run ./examples/simpleservice
//	Serving metrics on: http://127.0.0.1:8000/metrics
//
//	$ curl -s http://127.0.0.1:8000/metrics | grep events_total
//	# HELP events_total Events.
//	# TYPE events_total counter
//	events_total{kind="timer_expiry",host="alpha"} 33
//
// The root of the service, http://127.0.0.1:8000/, is a small page that links to the metrics.
//
// This example contains its own start and shutdown. The others use examples/internal/run for that.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8000",
		"`address` to serve the metrics on; with port 0 the system chooses one")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	host, err := os.Hostname()
	exitOn(err)
	events := engine.NewCounterVec("events_total", "Events.", []string{"kind"},
		engine.WithConstLabels(engine.Labels{"host": host}))

	service := export.NewService(engine.Default())
	exitOn(service.Start(*addr))
	fmt.Println("Serving metrics on:", service.MetricsURL())

	expiries := events.With("timer_expiry") // kept, so an update does not look the series up again
	for ctx.Err() == nil {
		expiries.Inc()
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
		}
	}
	stopping, cancel := context.WithTimeout(context.Background(), 5*time.Second) // for a scrape in progress
	defer cancel()
	exitOn(service.Shutdown(stopping))
}

func exitOn(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
