// SPDX-License-Identifier: Apache-2.0

// Typed has metrics whose labels are the fields of a struct, so the compiler finds a label that is
// missing, misspelt or in the wrong place.
//
//	$ go run ./examples/typed
//	Serving metrics on: http://127.0.0.1:8000/metrics
//
//	$ curl -s http://127.0.0.1:8000/metrics | grep orders_total
//	# HELP orders_total Orders taken.
//	# TYPE orders_total counter
//	orders_total{product="tea",express="false",code="200"} 9
//	orders_total{product="coffee",express="true",code="503"} 1
package main

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/examples/internal/run"
)

// order is a label set. Its fields may be strings, integers, bools, and named types of these kinds.
type order struct {
	Product product `label:"product"`
	Express bool    `label:"express"`
	Code    int     `label:"code"`
}

type product string

const (
	tea    product = "tea"
	coffee product = "coffee"
)

var (
	orders   = engine.NewCounterOf[order]("orders_total", "Orders taken.")
	duration = engine.NewHistogramOf[order]("order_duration_seconds", "Time to take an order.",
		engine.WithBuckets(0.05, 0.1, 0.2))
)

// take takes an order and returns it with the code of its result.
func take(p product, express bool) order {
	time.Sleep(rand.N(200 * time.Millisecond))
	if rand.N(10) == 0 {
		return order{p, express, 503}
	}
	return order{p, express, 200}
}

func main() {
	run.Work(engine.Default(), func(ctx context.Context) {
		for ctx.Err() == nil {
			p := tea
			if rand.N(2) == 0 {
				p = coffee
			}
			begin := time.Now()
			taken := take(p, rand.N(4) == 0)
			orders.With(taken).Inc()
			duration.With(taken).Observe(time.Since(begin).Seconds())
		}
	})
}
