// SPDX-License-Identifier: Apache-2.0

// Sessions counts what each user does. Users come and go, and nobody knows how many there will be:
// their series leave two seconds after the last update, so the metric shows who is there. Limits
// bound what a flood of users costs.
//
//	$ go run ./examples/sessions
//	Serving metrics on: http://127.0.0.1:8000/metrics
//
//	$ curl -s http://127.0.0.1:8000/metrics | grep -e ^clicks_total -e ^quipu_expired -e ^quipu_overflowed
//	clicks_total{tenant="acme",user="u31"} 4
//	clicks_total{tenant="acme",user="u32"} 2
//	clicks_total{tenant="acme",user="__overflow__"} 57
//	quipu_expired_series_total{metric="clicks_total"} 29
//	quipu_overflowed_lookups_total{metric="clicks_total"} 57
package main

import (
	"context"
	"log/slog"
	"strconv"
	"time"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/examples/internal/run"
)

func main() {
	reg := engine.NewRegistry(
		engine.WithSeriesBudget(10_000),                  // all metrics together
		engine.WithLogger(slog.New(slog.DiscardHandler))) // it would be told of the first user too many
	clicks := engine.Must(reg.NewCounterVec("clicks_total", "Clicks.", []string{"tenant", "user"},
		engine.WithExpiry(2*time.Second),
		engine.WithLabelLimit("user", 8))) // further users of a tenant share one series
	run.Work(reg, func(ctx context.Context) {
		for i := 0; run.Pause(ctx, 20*time.Millisecond); i++ {
			user := "u" + strconv.Itoa(i/20+i%4) // four at a time, others after a while
			clicks.With("acme", user).Inc()
			if i%10 == 0 {
				clicks.With("acme", "visitor-"+strconv.Itoa(i)).Inc() // seen once
			}
		}
	})
}
