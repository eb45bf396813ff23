// SPDX-License-Identifier: Apache-2.0

// Collector exposes numbers that another package counts: the statistics of a connection pool, which
// database/sql keeps. A scrape reads them once, so all metrics of the pool on one page belong to
// the same moment. This is the way for metrics and labels of your own; collect.DB has the usual
// ones.
//
//	$ go run ./examples/collector
//	Serving metrics on: http://127.0.0.1:8000/metrics
//
//	$ curl -s http://127.0.0.1:8000/metrics | grep db_ | grep -v '^#'
//	db_connections{state="idle"} 1
//	db_connections{state="in_use"} 3
//	db_waits_total 17
//	db_wait_seconds_total 0.431
package main

import (
	"context"
	"database/sql"
	"log"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/examples/internal/run"
)

// poolCollector exposes the statistics of a pool. It implements engine.Collector.
type poolCollector struct {
	db                           *sql.DB
	connections, waits, waitTime engine.Collected
}

// Define is called once, by Register.
func (c *poolCollector) Define(d *engine.Definitions) {
	c.connections = d.Gauge("db_connections", "Connections of the pool.", []string{"state"})
	c.waits = d.Counter("db_waits_total", "Waits for a connection.", nil)
	c.waitTime = d.Counter("db_wait_seconds_total", "Time spent in waits for a connection.", nil)
}

// Collect is called by every scrape.
func (c *poolCollector) Collect(e *engine.Emission) {
	stats := c.db.Stats()
	e.Emit(c.connections, float64(stats.Idle), "idle")
	e.Emit(c.connections, float64(stats.InUse), "in_use")
	e.Emit(c.waits, float64(stats.WaitCount))
	e.Emit(c.waitTime, stats.WaitDuration.Seconds())
}

func main() {
	db := sql.OpenDB(connector{})
	db.SetMaxOpenConns(4)

	reg := engine.NewRegistry()
	if err := reg.Register(&poolCollector{db: db}); err != nil {
		log.Fatal(err)
	}
	run.Work(reg, func(ctx context.Context) {
		var clients sync.WaitGroup
		for range 6 { // more clients than connections, so that some wait
			clients.Go(func() {
				for run.Pause(ctx, rand.N(50*time.Millisecond)) {
					query(ctx, db)
				}
			})
		}
		clients.Wait()
	})
}

// query uses a connection for a while.
func query(ctx context.Context, db *sql.DB) {
	connection, err := db.Conn(ctx)
	if err != nil {
		return
	}
	run.Pause(ctx, rand.N(100*time.Millisecond))
	_ = connection.Close() // returns it to the pool
}
