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
	"fmt"
	"io"
	"math/rand/v2"
	"os"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/examples/internal/sending"
	"github.com/quipu-metrics/quipu/export/remote"
	"github.com/quipu-metrics/quipu/histogram"
)

func main() {
	sending.Program(func(ctx context.Context, args []string, stdout, stderr io.Writer) error {
		return run(ctx, args, os.Getenv, stdout, stderr)
	})
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
		done, err = "sent the last values", sending.Until(ctx, writer.Run, c.every, s.work)
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
