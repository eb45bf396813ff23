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
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export/push"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second signal is not caught and ends the process at once
	switch err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); {
	case err == nil, errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errUsage):
		os.Exit(2) // package flag has printed the reason
	default:
		fmt.Fprintln(os.Stderr, "pusher:", err)
		os.Exit(1)
	}
}

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
		done, err = "pushed the last values", workAndPush(ctx, pusher, requests, c.every, stdout)
	default:
		work(requests)
		err = pusher.Replace(ctx)
	}
	if err == nil {
		fmt.Fprintln(stdout, done)
	}
	return err
}

// workAndPush works until ctx ends, while the pusher pushes on another goroutine. It stops the
// pusher after the last piece of work, and the pusher then pushes once more.
func workAndPush(ctx context.Context, p *push.Pusher, requests *engine.CounterVec, every time.Duration,
	stdout io.Writer) error {
	pushing, stop := context.WithCancel(context.Background())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- p.Run(pushing, every) }()

	fmt.Fprintln(stdout, "pushing every", every)
	for ctx.Err() == nil {
		work(requests)
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
		}
	}
	stop()
	if err := <-ended; err != nil {
		return fmt.Errorf("the last values have not arrived: %w", err)
	}
	return nil
}

// work stands for the work of the job.
func work(requests *engine.CounterVec) {
	requests.With("/p/user").Inc()
	requests.With("/p/group").Add(2)
}
