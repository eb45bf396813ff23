// SPDX-License-Identifier: Apache-2.0

package metrictest_test

import (
	"context"
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

// TestFamilyOfWorker looks at all samples of a metric.
func TestFamilyOfWorker(t *testing.T) {
	reg := metrictest.NewRegistry(t)
	w, err := newWorker(reg)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for range 3 {
			w.do("mail")
		}
	}()
	mail := engine.Labels{"queue": "mail"}
	done := metrictest.WaitUntil(t, reg, "jobs_total", mail, 10*time.Second, func(v float64) bool { return v >= 2 })

	jobs := metrictest.Get(t, reg, "jobs_total")
	if jobs.Type != "counter" || jobs.Help == "" || len(jobs.Samples) != 1 {
		t.Errorf("%s is a %s (%s) with the samples %v", jobs.Name, jobs.Type, jobs.Help, jobs.Samples)
	}
	sample, ok := jobs.Find("jobs_total", mail)
	if !ok || sample.Value < done {
		t.Errorf("%v went down from %v", sample, done)
	}
	for _, s := range jobs.Samples {
		if s.Labels["queue"] == "" {
			t.Errorf("a job of no queue is counted in %s", s.Name)
		}
	}
}

// queue is a collector, and a source of the same metric.
type queue struct{ length engine.Collected }

func (q *queue) Define(d *engine.Definitions) {
	q.length = d.Gauge("queue_length", "Jobs that wait.", nil)
}

func (q *queue) Collect(e *engine.Emission) { e.Emit(q.length, 3) }

func (q *queue) Emit(_ context.Context, w *engine.Writer) error {
	w.Gauge("queue_length", "Jobs that wait.", 3)
	return nil
}

// TestQueue compares what a collector and a source emit.
func TestQueue(t *testing.T) {
	metrictest.Compare(t, metrictest.OfCollector(t, new(queue)), `queue_length 3`)
	metrictest.Compare(t, metrictest.OfSource(t, new(queue)), `queue_length 3`)
}
