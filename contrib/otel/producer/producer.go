// SPDX-License-Identifier: Apache-2.0

package producer

import (
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/send"
)

// scopeName is the instrumentation scope of all metrics.
const scopeName = "github.com/quipu-metrics/quipu"

// Producer is a [metric.Producer] that reads a registry. Its methods may be called concurrently.
type Producer struct {
	reg              *engine.Registry
	withoutSummaries bool
}

var _ metric.Producer = (*Producer)(nil)

// Option configures a [Producer].
type Option func(*Producer)

// WithoutSummaries leaves summaries out, for exporters that cannot show them: that for Prometheus,
// v0.69.0, answers with an error instead of the whole page.
func WithoutSummaries() Option { return func(p *Producer) { p.withoutSummaries = true } }

// New returns a Producer of everything that the registry shows, its own metrics included. It panics
// if the registry or an option is nil.
func New(reg *engine.Registry, opts ...Option) *Producer {
	if reg == nil {
		panic("quipu: producer.New needs a registry: pass engine.Default() or one of your own")
	}
	p := &Producer{reg: reg}
	for i, opt := range opts {
		if opt == nil {
			panic(fmt.Sprintf("quipu: producer.New: option %d of %d is nil", i+1, len(opts)))
		}
		opt(p)
	}
	return p
}

// Produce returns the metrics of the registry as they are now. They belong to the caller. A quarter
// of the time that the context leaves, at most 2 seconds, remains for the exporter: functions,
// collectors and sources have the rest. Those that fail are missing, and the registry counts them
// (quipu_callback_failures_total). They are no error, because a reader of the SDK exports nothing
// after one. Produce returns an error only if the context is done.
func (p *Producer) Produce(ctx context.Context) ([]metricdata.ScopeMetrics, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	b := builder{now: time.Now(), names: map[string]string{}}
	for f := range p.reg.Read(engine.ReadOptions{Deadline: send.GatherUntil(ctx)}) {
		if p.withoutSummaries && f.Type() == encode.Summary {
			continue
		}
		b.begin(f)
		for s := range f.Samples() {
			b.add(s)
		}
		b.end()
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return []metricdata.ScopeMetrics{{Scope: instrumentation.Scope{Name: scopeName}, Metrics: b.metrics}}, nil
}
