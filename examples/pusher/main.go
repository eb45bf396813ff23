// SPDX-License-Identifier: Apache-2.0

// Pusher is a job that pushes its metrics to a Pushgateway, or with -path to VictoriaMetrics.
//
//	prometheus-pushgateway &
//	go run ./examples/pusher                  # does its work, pushes once, ends
//	go run ./examples/pusher -every 5s        # works and pushes until Ctrl-C, and once more then
//	go run ./examples/pusher -delete          # deletes what it has pushed
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
	"strings"
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
		os.Exit(2) // package flag has said why
	default:
		fmt.Fprintln(os.Stderr, "pusher:", err)
		os.Exit(1)
	}
}

var errUsage = errors.New("wrong usage")

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("pusher", flag.ContinueOnError)
	flags.SetOutput(stderr)
	addr := flags.String("addr", "127.0.0.1:9091", "`address` of the server, or its URL")
	job := flags.String("job", "my-job", "`name` of the job")
	instance := flags.String("instance", "127.0.0.1:1234", "`value` of the grouping label instance")
	path := flags.String("path", "", "push to this `path`, of a server that is no Pushgateway")
	every := flags.Duration("every", 0, "push again after this `time`, until Ctrl-C; 0 is once only")
	remove := flags.Bool("delete", false, "delete the group, push nothing")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return errUsage
	}

	reg := engine.NewRegistry()
	requests, err := reg.NewCounterVec("requests_total", "Total requests.", []string{"url"})
	if err != nil {
		return err
	}

	url := *addr
	if !strings.Contains(url, "://") {
		url = "http://" + url
	}
	opts := []push.Option{push.From(reg), push.Grouping("instance", *instance)}
	if *path != "" {
		opts = append(opts, push.Path(*path))
	}
	pusher, err := push.New(url, *job, opts...)
	if err != nil {
		return err
	}

	switch {
	case *remove:
		if err := pusher.Delete(ctx); err != nil {
			return err
		}
		fmt.Fprintln(stdout, "deleted")
	case *every > 0:
		return workAndPush(ctx, pusher, requests, *every, stdout)
	default:
		work(requests)
		if err := pusher.Replace(ctx); err != nil {
			return err
		}
		fmt.Fprintln(stdout, "pushed")
	}
	return nil
}

// workAndPush works until ctx ends. The pusher has a goroutine of its own, and the program waits for it: the last push comes
// after the last of the work.
func workAndPush(ctx context.Context, p *push.Pusher, requests *engine.CounterVec, every time.Duration, stdout io.Writer) error {
	pushing, stop := context.WithCancel(context.Background()) // outlives ctx by the work's last step
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
	fmt.Fprintln(stdout, "pushed the last values")
	return nil
}

// work stands for what the job does.
func work(requests *engine.CounterVec) {
	requests.With("/p/user").Inc()
	requests.With("/p/group").Add(2)
}
