// SPDX-License-Identifier: Apache-2.0

package meter

import (
	"context"
	"math/rand/v2"
	"sync/atomic"

	"github.com/prometheus/otlptranslator"
	"go.opentelemetry.io/otel/trace"

	"github.com/quipu-metrics/quipu/engine"
)

// spans knows whether the program has spans that are recorded. Looking for one in a context costs
// as much as finding the series, or several times that in a deep context. So a program that has had
// none looks in one of 16 measurements only, and in all of them once it has found one. That may
// miss the exemplars of the first few measurements.
type spans struct{ found atomic.Bool }

const lookOdds = 16

// sampled reports whether a measurement belongs to a span that is recorded, and may be an exemplar.
func (s *spans) sampled(ctx context.Context) bool {
	found := s.found.Load()
	if !found && rand.Uint32()%lookOdds != 0 || !trace.SpanContextFromContext(ctx).IsSampled() {
		return false
	}
	if !found {
		s.found.Store(true)
	}
	return true
}

// exemplar returns the labels of an exemplar.
func exemplar(ctx context.Context) engine.Labels {
	span := trace.SpanContextFromContext(ctx)
	return engine.Labels{
		otlptranslator.ExemplarTraceIDKey: span.TraceID().String(),
		otlptranslator.ExemplarSpanIDKey:  span.SpanID().String(),
	}
}
