// SPDX-License-Identifier: Apache-2.0

// Collect exposes ready-made metrics of the Go runtime, of the process and of the build, under the
// names that existing dashboards use. A page has them only if the program registers them.
//
//	$ go run ./examples/collect
//	Serving metrics on: http://127.0.0.1:8000/metrics
//
//	$ curl -s http://127.0.0.1:8000/metrics | grep -E '^(go_goroutines|go_gc_duration_seconds_count|process_cpu)'
//	go_gc_duration_seconds_count 31
//	go_goroutines 9
//	process_cpu_seconds_total 0.04
package main

import (
	"context"
	"errors"
	"log"
	"time"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/engine/collect"
	"github.com/quipu-metrics/quipu/examples/internal/run"
)

func main() {
	reg := engine.NewRegistry()
	if err := errors.Join(collect.Go(reg), collect.Process(reg), collect.Build(reg)); err != nil {
		log.Fatal(err)
	}
	run.Work(reg, func(ctx context.Context) {
		var garbage []byte // makes the garbage collector run, so that its metrics change
		for run.Pause(ctx, 10*time.Millisecond) {
			garbage = make([]byte, 1<<20)
		}
		_ = garbage
	})
}
