// SPDX-License-Identifier: Apache-2.0

package metrictest_test

import (
	"testing"
	"time"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/engine/metrictest"
)

// worker has metrics. Its caller passes the registry, so every test can have its own.
type worker struct{ jobs *engine.CounterVec }

func (w *worker) do(queue string) { w.jobs.With(queue).Inc() }

func newWorker(reg *engine.Registry) (*worker, error) {
	jobs, err := reg.NewCounterVec("jobs_total", "Jobs done.", []string{"queue"})
	return &worker{jobs}, err
}

// TestWorker shows a test as users write it.
func TestWorker(t *testing.T) {
	reg := engine.NewRegistry(engine.WithStrict())
	w, err := newWorker(reg)
	if err != nil {
		t.Fatal(err)
	}
	go w.do("mail")
	w.do("print")
	metrictest.WaitFor(t, reg, "jobs_total", engine.Labels{"queue": "mail"}, 1, 10*time.Second)
	metrictest.Compare(t, reg, `
		# TYPE jobs_total counter
		jobs_total{queue="mail"} 1
		jobs_total{queue="print"} 1
	`)
	metrictest.Lint(t, reg)
}
