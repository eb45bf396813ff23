// SPDX-License-Identifier: Apache-2.0

package exemplars

import (
	"context"
	"testing"

	"github.com/prometheus/otlptranslator"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"

	"github.com/quipu-metrics/quipu/engine"
)

// span returns a span context with ids that begin with these bytes.
func span(trace1, span1 byte, flags trace.TraceFlags) trace.SpanContext {
	return trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{trace1}, SpanID: trace.SpanID{span1}, TraceFlags: flags,
	})
}

func TestOnlySampledSpansAreExemplars(t *testing.T) {
	background := context.Background()
	sampled := engine.Labels{"trace_id": "0a000000000000000000000000000000", "span_id": "0b00000000000000"}
	remote := trace.ContextWithRemoteSpanContext(background, span(10, 11, trace.FlagsSampled))
	for name, c := range map[string]struct {
		ctx  context.Context
		want engine.Labels
	}{
		"no context":         {nil, nil},
		"no span":            {background, nil},
		"sampled":            {trace.ContextWithSpanContext(background, span(10, 11, trace.FlagsSampled)), sampled},
		"sampled, and more":  {trace.ContextWithSpanContext(background, span(10, 11, 0xff)), sampled},
		"of another process": {remote, sampled},
		"not sampled":        {trace.ContextWithSpanContext(background, span(10, 11, 0)), nil},
		"other flags":        {trace.ContextWithSpanContext(background, span(10, 11, ^trace.FlagsSampled)), nil},
		"no trace":           {trace.ContextWithSpanContext(background, span(0, 11, trace.FlagsSampled)), nil},
		"no id":              {trace.ContextWithSpanContext(background, span(10, 0, trace.FlagsSampled)), nil},
		"the inner span": {trace.ContextWithSpanContext(
			trace.ContextWithSpanContext(background, span(10, 11, trace.FlagsSampled)), span(10, 12, 0)), nil},
	} {
		require.Equal(t, c.want, FromContext(c.ctx), name)
	}
}

func TestLabelsHaveTheNamesThatOpenTelemetrysExporterGivesThem(t *testing.T) {
	require.Equal(t, otlptranslator.ExemplarTraceIDKey, traceID)
	require.Equal(t, otlptranslator.ExemplarSpanIDKey, spanID)
}

func TestAContextThatIsNotSampledCostsNoAllocation(t *testing.T) {
	for name, ctx := range contexts() {
		if name == "sampled" {
			continue
		}
		require.Zero(t, testing.AllocsPerRun(100, func() { labels = FromContext(ctx) }), name)
	}
}

// labels keeps results, so that the compiler leaves nothing out.
var labels engine.Labels

// contexts are those of requests: the span lies below ten values that other middlewares have added.
func contexts() map[string]context.Context {
	deep := func(ctx context.Context) context.Context {
		type key int
		for i := range 10 {
			ctx = context.WithValue(ctx, key(i), i)
		}
		return ctx
	}
	background := context.Background()
	return map[string]context.Context{
		"no span":     deep(background),
		"not sampled": deep(trace.ContextWithSpanContext(background, span(10, 11, 0))),
		"sampled":     deep(trace.ContextWithSpanContext(background, span(10, 11, trace.FlagsSampled))),
	}
}

// BenchmarkFromContext looks for a span in contexts of ten values.
func BenchmarkFromContext(b *testing.B) {
	for name, ctx := range contexts() {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				labels = FromContext(ctx)
			}
		})
	}
}
