// SPDX-License-Identifier: Apache-2.0

// Curry fixes the label that one part of a program always has: each tenant's worker gets Vecs that
// are curried with its tenant, and does not know that there are others. When the tenant leaves, its
// series go.
//
//	$ go run ./examples/curry
//	Serving metrics on: http://127.0.0.1:8000/metrics
//
//	$ curl -s http://127.0.0.1:8000/metrics | grep jobs_total | grep -v '^#'
//	jobs_total{tenant="acme",queue="mail",result="ok"} 24
//	jobs_total{tenant="acme",queue="mail",result="error"} 6
package main

import (
	"context"
	"sync"
	"time"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/examples/internal/run"
)

// worker does the jobs of one tenant.
type worker struct {
	jobs    *engine.CounterVec   // by queue and result
	seconds *engine.HistogramVec // by queue
}

func (w *worker) do(queue string, i int) {
	defer w.seconds.With(queue).Start().Stop()
	result := "ok"
	if i%5 == 0 {
		result = "error"
	}
	w.jobs.With(queue, result).Inc()
}

func main() {
	reg := engine.NewRegistry()
	jobs := engine.Must(reg.NewCounterVec("jobs_total", "Jobs done.", []string{"tenant", "queue", "result"}))
	seconds := engine.Must(reg.NewHistogramVec("job_duration_seconds", "Time of a job.", []string{"tenant", "queue"},
		engine.WithUnit("seconds")))
	run.Work(reg, func(ctx context.Context) {
		var all sync.WaitGroup
		for _, tenant := range []string{"acme", "umbrella"} {
			labels := engine.Labels{"tenant": tenant}
			w := &worker{jobs.Curry(labels), seconds.Curry(labels)}
			all.Go(func() {
				defer w.jobs.Reset() // the series of this tenant, and no others
				defer w.seconds.Reset()
				for i := 0; run.Pause(ctx, 50*time.Millisecond); i++ {
					w.do([]string{"mail", "print"}[i%2], i)
				}
			})
		}
		all.Wait()
	})
}
