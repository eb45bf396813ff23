// SPDX-License-Identifier: Apache-2.0

// Package queue is a small package with metrics and a test of them. Its caller passes the registry,
// so each test has its own:
//
//	$ go test -v ./examples/metrictest
package queue

import (
	"errors"

	"github.com/quipu-metrics/quipu/engine"
)

// ErrFull is the error of Put when the queue has no room.
var ErrFull = errors.New("the queue is full")

// result is the label set of a call of Put.
type result struct {
	Accepted bool `label:"accepted"`
}

// Queue holds jobs until they are taken. Its methods may be called concurrently.
type Queue struct {
	jobs chan string
	puts *engine.CounterOf[result]
}

// New returns a queue for up to size jobs and defines its metrics in reg. It returns an error if
// reg already has other metrics under these names.
func New(reg *engine.Registry, size int) (*Queue, error) {
	q := &Queue{jobs: make(chan string, size)}
	puts, err := engine.RegisterCounterOf[result](reg, "queue_puts_total", "Calls of Put.")
	if err != nil {
		return nil, err
	}
	q.puts = puts
	_, err = reg.NewGaugeFunc("queue_jobs", "Jobs in the queue.", func() float64 { return float64(len(q.jobs)) })
	return q, err
}

// Put appends a job. It returns ErrFull if there is no room.
func (q *Queue) Put(job string) error {
	select {
	case q.jobs <- job:
		q.puts.With(result{Accepted: true}).Inc()
		return nil
	default:
		q.puts.With(result{Accepted: false}).Inc()
		return ErrFull
	}
}

// Take removes the oldest job and returns it. It waits while there is none.
func (q *Queue) Take() string { return <-q.jobs }
