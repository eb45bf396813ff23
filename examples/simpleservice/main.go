// SPDX-License-Identifier: Apache-2.0

// Simpleservice is the least that a program needs to be scraped: one metric, and a service that exposes it. The
// metric has a constant label, which every series gets, and a label of each event.
//
//	$ go run ./examples/simpleservice
//	Serving metrics on: http://127.0.0.1:8000/metrics
//
//	$ curl -s http://127.0.0.1:8000/metrics | grep events_total
//	# HELP events_total Events.
//	# TYPE events_total counter
//	events_total{kind="timer_expiry",host="alpha"} 33
//
// The root of the service, http://127.0.0.1:8000/, is a small page that links to the metrics and costs nothing.
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
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	events := engine.NewCounterVec("events_total", "Events.", []string{"kind"},
		engine.WithConstLabels(engine.Labels{"host": host}))

	service := export.NewService(engine.Default())
	if err := service.Start(addr); err != nil {
		return err
	}
	fmt.Println("Serving metrics on:", service.MetricsURL())

	update(ctx, events)
	stopping, cancel := context.WithTimeout(context.Background(), 5*time.Second) // for a scrape under way
	defer cancel()
	return service.Shutdown(stopping)
}

// update counts an event every second, as if the program made progress.
func update(ctx context.Context, events *engine.CounterVec) {
	expiries := events.With("timer_expiry") // kept, so that counting does not look for the series each time
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		expiries.Inc()
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
