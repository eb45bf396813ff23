// SPDX-License-Identifier: Apache-2.0

// Pusher is a job that pushes its metrics to a Pushgateway or, with -path, to VictoriaMetrics.
//
//	prometheus-pushgateway &
//	go run ./examples/pusher                  # works, pushes once, and ends
//	go run ./examples/pusher -every 5s        # works and pushes until Ctrl-C, then pushes once more
//	go run ./examples/pusher -delete          # deletes the group that it has pushed
//	curl http://127.0.0.1:9091/metrics
//	go run ./examples/pusher -addr 127.0.0.1:8428 -path /api/v1/import/prometheus
package main

import (
	"context"
	"fmt"
	"io"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/examples/internal/sending"
	"github.com/quipu-metrics/quipu/export/push"
)

func main() { sending.Program(run) }

// run is the program. Tests call it too.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	c, err := parse(args, stderr)
	if err != nil {
		return err
	}
	reg := engine.NewRegistry()
	requests, err := reg.NewCounterVec("requests_total", "Total requests.", []string{"url"})
	if err != nil {
		return err
	}
	opts := []push.Option{push.WithRegistry(reg), push.WithGrouping("instance", c.instance)}
	if c.path != "" {
		opts = append(opts, push.WithPath(c.path))
	}
	pusher, err := push.New(c.url, c.job, opts...)
	if err != nil {
		return err
	}

	done := "pushed"
	switch {
	case c.remove:
		done, err = "deleted", pusher.Delete(ctx)
	case c.every > 0:
		fmt.Fprintln(stdout, "pushing every", c.every)
		done, err = "pushed the last values", sending.Until(ctx, pusher.Run, c.every, func() { work(requests) })
	default:
		work(requests)
		err = pusher.Replace(ctx)
	}
	if err == nil {
		fmt.Fprintln(stdout, done)
	}
	return err
}

// work stands for the work of the job.
func work(requests *engine.CounterVec) {
	requests.With("/p/user").Inc()
	requests.With("/p/group").Add(2)
}
