// SPDX-License-Identifier: Apache-2.0

package main

import "github.com/quipu-metrics/quipu/engine"

// Pool is a pool of workers that do jobs. It would be in another package, that of a library. Each
// pool has a registry of its own, so two of them never take names from each other, and the program
// decides whether and how their metrics are shown.
type Pool struct {
	metrics *engine.Registry
	jobs    *engine.Counter
	full    *engine.Counter
	busy    *engine.Gauge
	slots   chan struct{}
}

// NewPool returns a pool of so many workers.
func NewPool(workers int) *Pool {
	reg := engine.NewRegistry()
	return &Pool{
		metrics: reg,
		jobs:    engine.Must(reg.NewCounter("pool_jobs_total", "Jobs that a worker has taken.")),
		full:    engine.Must(reg.NewCounter("pool_full_total", "Jobs that were refused because all workers had one.")),
		busy:    engine.Must(reg.NewGauge("pool_busy", "Workers with a job.")),
		slots:   make(chan struct{}, workers),
	}
}

// Metrics returns the registry that holds the pool's metrics. Mount it to show them.
func (p *Pool) Metrics() *engine.Registry { return p.metrics }

// Do lets a worker do a job, or refuses it if all of them are busy.
func (p *Pool) Do(job func()) {
	select {
	case p.slots <- struct{}{}:
	default:
		p.full.Inc()
		return
	}
	p.jobs.Inc()
	p.busy.Inc()
	go func() {
		defer func() { p.busy.Dec(); <-p.slots }()
		job()
	}()
}
