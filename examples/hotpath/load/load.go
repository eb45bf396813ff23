// SPDX-License-Identifier: Apache-2.0

// Package load sends requests to the hotpath service over real HTTP and keeps a ledger of what it sent and what came
// back. It knows nothing of metrics: the ledger is the second opinion that tests hold the service's metrics against.
package load

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// Config says how much load there is to be.
type Config struct {
	URL      string        // of the service, as in http://127.0.0.1:8000
	Workers  int           // how many requests are under way at once at most
	Rate     float64       // requests per second of all workers together; 0 is as many as they can
	Duration time.Duration // 0 is until the context is done
}

const (
	// requestTimeout is far above what the service takes, so that a request that fails is news.
	requestTimeout = 10 * time.Second

	// maxLag is how far a worker may fall behind its schedule before it gives up catching up. A short pause of the
	// machine is made good; a long one is not followed by a burst.
	maxLag = 100 * time.Millisecond
)

// Run sends requests until the duration is over or ctx is done, waits for the answers to those under way, and returns
// the ledger. Every answer is checked.
func Run(ctx context.Context, config Config) *Ledger {
	if config.Duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, config.Duration)
		defer cancel()
	}
	transport := &http.Transport{
		MaxIdleConnsPerHost: config.Workers, // all workers keep their connection
		DisableCompression:  true,           // bodies are counted as they were sent
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
	interval time.Duration // 0 is no pause
	next     time.Time
	timer    *time.Timer
}

// newPace staggers the workers, so that requests are evenly spread.
func newPace(config Config, worker int) *pace {
	p := &pace{timer: time.NewTimer(0)}
	if config.Rate > 0 {
		p.interval = time.Duration(float64(config.Workers) / config.Rate * float64(time.Second))
	}
	p.next = time.Now().Add(p.interval * time.Duration(worker) / time.Duration(config.Workers))
	return p
}

// wait returns when it is time for the next request, and false when ctx is done.
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
