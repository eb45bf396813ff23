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
	"fmt"
	"io"
	"math/rand/v2"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/examples/internal/sending"
	"github.com/quipu-metrics/quipu/export/otlp"
	"github.com/quipu-metrics/quipu/histogram"
)

func main() { sending.Program(run) }

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
		done, err = "sent the last values", sending.Until(ctx, exporter.Run, c.every, s.work)
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
