// SPDX-License-Identifier: Apache-2.0

// Package load sends requests to the hotpath service over HTTP and keeps a ledger of requests and
// answers. It does not read metrics, so tests can compare the metrics of the service with the
// ledger.
package load

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// Config describes the load.
type Config struct {
	URL      string        // of the service, as in http://127.0.0.1:8000
	Workers  int           // the greatest number of requests in progress
	Rate     float64       // requests per second of all workers together; 0 is as many as they can
	Duration time.Duration // 0 is until the context is done
}

const (
	// requestTimeout is far longer than the service needs, so a timeout means a fault.
	requestTimeout = 10 * time.Second

	// maxLag is how far a worker may fall behind its schedule and still catch up. A worker catches
	// up after a short pause of the machine; after a long one it does not send a burst.
	maxLag = 100 * time.Millisecond
)

// Run sends requests until the duration is over or ctx is done, waits for the last answers, and
// returns the ledger. It checks every answer.
func Run(ctx context.Context, config Config) *Ledger {
	if config.Duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, config.Duration)
		defer cancel()
	}
	transport := &http.Transport{
		MaxIdleConnsPerHost: config.Workers, // so that every worker keeps its connection
		DisableCompression:  true,           // so that bodies are counted as they are sent
	}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: requestTimeout}

	ledgers := make([]*Ledger, config.Workers)
	var workers sync.WaitGroup
	for i := range config.Workers {
		workers.Go(func() {
			ledgers[i] = newWorker(i, client, config.URL).run(ctx, newPace(config, i))
		})
	}
	total := newLedger()
	workers.Wait()
	for _, l := range ledgers {
		total.merge(l)
	}
	return total
}

// pace is a worker's schedule.
type pace struct {
	interval time.Duration // between two requests; 0 means that there is no pause
	next     time.Time
	timer    *time.Timer
}

// newPace returns the schedule of a worker. Workers begin at different times, so that requests are
// evenly spread.
func newPace(config Config, worker int) *pace {
	p := &pace{timer: time.NewTimer(0)}
	if config.Rate > 0 {
		p.interval = time.Duration(float64(config.Workers) / config.Rate * float64(time.Second))
	}
	p.next = time.Now().Add(p.interval * time.Duration(worker) / time.Duration(config.Workers))
	return p
}

// wait waits until it is time for the next request. It returns false if ctx is done.
func (p *pace) wait(ctx context.Context) bool {
	if p.interval == 0 {
		return ctx.Err() == nil
	}
	now := time.Now()
	if now.Sub(p.next) > maxLag {
		p.next = now
	}
	p.timer.Reset(p.next.Sub(now))
	p.next = p.next.Add(p.interval)
	select {
	case <-ctx.Done():
		return false
	case <-p.timer.C:
		return ctx.Err() == nil
	}
}
