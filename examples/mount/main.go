// SPDX-License-Identifier: Apache-2.0

// Mount shows the metrics of a library that is used twice. The library knows nothing of the
// program: each of its pools has a registry of its own, and the program mounts both, with a prefix
// and with a label that tells them apart. Both stand under one header on the page.
//
//	$ go run ./examples/mount
//	Serving metrics on: http://127.0.0.1:8000/metrics
//
//	$ curl -s http://127.0.0.1:8000/metrics | grep app_
//	# HELP app_pool_busy Workers with a job.
//	# TYPE app_pool_busy gauge
//	app_pool_busy{pool="mail"} 1
//	app_pool_busy{pool="print"} 2
//	...
package main

import (
	"context"
	"log"
	"time"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/examples/internal/run"
)

func main() {
	mails, prints := NewPool(1), NewPool(2)
	reg := engine.NewRegistry()
	for name, pool := range map[string]*Pool{"mail": mails, "print": prints} {
		err := reg.Mount(pool.Metrics(), engine.WithPrefix("app_"),
			engine.WithConstLabels(engine.Labels{"pool": name}))
		if err != nil {
			log.Fatal(err) // a name is taken: the error says where it is defined
		}
	}
	run.Work(reg, func(ctx context.Context) {
		for run.Pause(ctx, 10*time.Millisecond) {
			mails.Do(func() { time.Sleep(20 * time.Millisecond) })
			prints.Do(func() { time.Sleep(time.Millisecond) })
		}
	})
}
