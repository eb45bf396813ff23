// SPDX-License-Identifier: Apache-2.0

package meter

import (
	"context"

	"github.com/prometheus/otlptranslator"
	"go.opentelemetry.io/otel/trace"

	"github.com/quipu-metrics/quipu/engine"
)

// sampled reports whether a measurement belongs to a span that is recorded, and may be an exemplar.
func sampled(ctx context.Context) bool {
	return trace.SpanContextFromContext(ctx).IsSampled()
}

// exemplar returns the labels of an exemplar.
func exemplar(ctx context.Context) engine.Labels {
	span := trace.SpanContextFromContext(ctx)
	return engine.Labels{
		otlptranslator.ExemplarTraceIDKey: span.TraceID().String(),
		otlptranslator.ExemplarSpanIDKey:  span.SpanID().String(),
	}
}
