// SPDX-License-Identifier: Apache-2.0

// Package exemplars takes exemplars from the spans of OpenTelemetry, so that a number on a page
// leads to a trace. It needs OpenTelemetry's API for traces only, not its SDK, and no metric of
// OpenTelemetry:
//
//	middleware := export.Middleware(reg, export.WithExemplars(exemplars.FromContext))
//	handler := otelhttp.NewHandler(middleware(mux), "server")
//
// The span must be in the context when the metric is updated. So otelhttp stands around
// [export.Middleware], as above. A round tripper of package export inside of otelhttp.NewTransport
// has the span of the client's request, and one outside of it that of the caller. Single metrics
// have [engine.WithExemplars], and are updated with their methods AddContext and ObserveContext.
//
// Pages in OpenMetrics and in protobuf show exemplars. [export/otlp] sends them with the ids in the
// fields that OTLP has for them.
//
// [export/otlp]: https://pkg.go.dev/github.com/quipu-metrics/quipu/export/otlp
package exemplars

import (
	"context"

	"go.opentelemetry.io/otel/trace"

	"github.com/quipu-metrics/quipu/engine"
)

// The labels of exemplars, as OpenTelemetry's specification names them for Prometheus.
const (
	traceID = "trace_id"
	spanID  = "span_id"
)

// FromContext returns the labels of an exemplar that points to the span in ctx: trace_id and
// span_id, in hexadecimal digits. It returns nil if there is no span, if one of its ids is zero, or
// if it is not sampled, because then no server has its trace. A span of another process counts as
// well, as trace.ContextWithRemoteSpanContext puts it there.
//
// FromContext may be called concurrently. It allocates nothing if it returns nil
// (BenchmarkFromContext).
func FromContext(ctx context.Context) engine.Labels {
	span := trace.SpanContextFromContext(ctx)
	if !span.IsSampled() || !span.IsValid() {
		return nil
	}
	return engine.Labels{traceID: span.TraceID().String(), spanID: span.SpanID().String()}
}
