// SPDX-License-Identifier: Apache-2.0

// Remote is a service that sends its metrics by remote write, to Prometheus, VictoriaMetrics,
// Mimir, Thanos or Grafana Cloud. README.md has the configuration of the receivers.
//
//	go run ./examples/remote                  # works, and sends every 5 seconds until Ctrl-C
//	go run ./examples/remote -every 0         # works, sends once, and ends
//	go run ./examples/remote -url http://127.0.0.1:8428/api/v1/write             # VictoriaMetrics
//	go run ./examples/remote -url http://127.0.0.1:9009/api/v1/push -tenant me   # Mimir
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export/remote"
	"github.com/quipu-metrics/quipu/histogram"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second signal is not caught and ends the process at once
	switch err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr); {
	case err == nil, errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errUsage):
		os.Exit(2) // package flag has printed the reason
	default:
		fmt.Fprintln(os.Stderr, "remote:", err)
		os.Exit(1)
	}
}

// run is the program. Tests call it too.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	c, err := parse(args, getenv, stderr)
	if err != nil {
		return err
	}
	s, err := newShop()
	if err != nil {
		return err
	}
	opts := []remote.Option{
		remote.WithRegistry(s.reg), remote.WithLabels(engine.Labels{"job": c.job, "instance": c.instance}),
	}
	if c.tenant != "" {
		opts = append(opts, remote.WithHeader("X-Scope-OrgID", c.tenant))
	}
	if c.user != "" {
		opts = append(opts, remote.WithBasicAuth(c.user, c.password))
	}
	writer, err := remote.New(c.url, opts...)
	if err != nil {
		return err
	}
	done := "sent"
	if c.every > 0 {
		fmt.Fprintln(stdout, "sending every", c.every)
		done, err = "sent the last values", s.workAndSend(ctx, writer, c.every)
	} else {
		s.work()
		err = writer.Send(ctx)
	}
	if err == nil {
		fmt.Fprintln(stdout, done)
	}
	return err
}

// shop is the service.
type shop struct {
	reg      *engine.Registry
	orders   *engine.CounterVec
	duration *engine.Histogram
}

func newShop() (*shop, error) {
	s := &shop{reg: engine.NewRegistry()}
	var err error
	if s.orders, err = s.reg.NewCounterVec("orders_total", "Orders.", []string{"product"}); err != nil {
		return nil, err
	}
	s.duration, err = s.reg.NewHistogram("order_duration_seconds", "Time that an order takes.",
		engine.WithUnit("seconds"), engine.WithNative(histogram.NativeDefaults()))
	return s, err
}

// work stands for the work of the service. A tracer would supply the id of the trace.
func (s *shop) work() {
	s.orders.With("tea").Inc()
	trace := fmt.Sprintf("%016x%016x", rand.Uint64(), rand.Uint64())
	s.duration.ObserveWithExemplar(rand.ExpFloat64()/50, engine.Labels{"trace_id": trace})
}

// workAndSend works until ctx ends, while the writer sends on another goroutine. It stops the
// writer after the last piece of work. The writer then sends once more and ends all series.
func (s *shop) workAndSend(ctx context.Context, w *remote.Writer, every time.Duration) error {
	sending, stop := context.WithCancel(context.Background())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- w.Run(sending, every) }()
	for ctx.Err() == nil {
		s.work()
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
