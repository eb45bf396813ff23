// SPDX-License-Identifier: Apache-2.0

// Otlp is a service that sends its metrics by the OpenTelemetry protocol, to a collector or to
// Prometheus. README.md has the configuration of both.
//
//	go run ./examples/otlp                    # works, and sends every 5 seconds until Ctrl-C
//	go run ./examples/otlp -every 0           # works, sends once, and ends
//	go run ./examples/otlp -delta             # sends what was counted since the send before
//	go run ./examples/otlp -url http://127.0.0.1:9090/api/v1/otlp/v1/metrics   # to Prometheus
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
	"github.com/quipu-metrics/quipu/export/otlp"
	"github.com/quipu-metrics/quipu/histogram"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second signal is not caught and ends the process at once
	switch err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); {
	case err == nil, errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errUsage):
		os.Exit(2) // package flag has printed the reason
	default:
		fmt.Fprintln(os.Stderr, "otlp:", err)
		os.Exit(1)
	}
}

// run is the program. Tests call it too.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	c, err := parse(args, stderr)
	if err != nil {
		return err
	}
	s, err := newShop()
	if err != nil {
		return err
	}
	opts := []otlp.Option{otlp.WithRegistry(s.reg), otlp.WithResource(engine.Labels{
		"service.name": c.service, "service.instance.id": c.instance,
	})}
	if c.delta {
		opts = append(opts, otlp.WithDelta())
	}
	exporter, err := otlp.New(c.url, opts...)
	if err != nil {
		return err
	}
	done := "sent"
	if c.every > 0 {
		fmt.Fprintln(stdout, "sending every", c.every)
		done, err = "sent the last values", s.workAndSend(ctx, exporter, c.every)
	} else {
		s.work()
		err = exporter.Send(ctx)
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

// workAndSend works until ctx ends, while the exporter sends on another goroutine. It stops the
// exporter after the last piece of work, and the exporter then sends once more.
func (s *shop) workAndSend(ctx context.Context, e *otlp.Exporter, every time.Duration) error {
	sending, stop := context.WithCancel(context.Background())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- e.Run(sending, every) }()
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
