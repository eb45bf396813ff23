// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/otel/propagation"
	tracing "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	"github.com/quipu-metrics/quipu/contrib/otel/exemplars"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

// labelsOf is exemplars.FromContext for the provider.
func labelsOf(ctx context.Context) prometheus.Labels {
	return prometheus.Labels(exemplars.FromContext(ctx))
}

// spansOn returns the spans of the exemplars that a page shows of a metric, by the method.
func spansOn(t *testing.T, page http.Handler, metric string) map[string]string {
	spans := map[string]string{}
	for _, s := range samplesOf(t, page, "application/openmetrics-text; version=1.0.0") {
		for _, e := range s.Exemplars {
			if strings.HasPrefix(s.Name, metric) {
				at := s.Labels["grpc_method"] + " " + s.Labels["grpc_code"]
				spans[at] = e.Labels["trace_id"] + " " + e.Labels["span_id"]
			}
		}
	}
	return spans
}

// otelgrpc puts the span of the server into the context before the interceptors run, and that of
// the client after them. So the exemplars of a server are its spans, those of a client are those of
// the caller.
func TestExemplarsAreTheSpansOfOtelgrpcOnBothSides(t *testing.T) {
	testkit.Baseline(t)
	spans := tracetest.NewSpanRecorder()
	tracers := tracing.NewTracerProvider(tracing.WithSpanProcessor(spans),
		tracing.WithSampler(tracing.ParentBased(tracing.NeverSample())))
	options := []otelgrpc.Option{
		otelgrpc.WithTracerProvider(tracers), otelgrpc.WithPropagators(propagation.TraceContext{}),
	}
	w := newWorld(t, setting{bounds: []float64{100}, exemplars: true, dial: []grpc.DialOption{
		grpc.WithStatsHandler(otelgrpc.NewClientHandler(options...)),
	}}, grpc.StatsHandler(otelgrpc.NewServerHandler(options...)))

	caller := trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{0xca, 0x11}, SpanID: trace.SpanID{0xe4}, TraceFlags: trace.FlagsSampled,
	})
	sampled := trace.ContextWithSpanContext(context.Background(), caller)
	for _, m := range []method{unary, clientStream, serverStream, bidi} {
		for _, code := range []codes.Code{codes.OK, codes.NotFound} {
			_ = w.makeIn(sampled, call{method: m, context: lives, script: script{End: ending{byStatus, uint32(code)}}})
		}
		_ = w.make(call{method: m, context: lives, script: script{End: ending{byStatus, uint32(codes.Aborted)}}})
	}
	w.stop()
	served := map[string]bool{}
	for _, span := range spans.Ended() {
		if span.SpanKind() == trace.SpanKindServer {
			served[span.SpanContext().TraceID().String()+" "+span.SpanContext().SpanID().String()] = true
		}
	}
	require.Len(t, served, 8)
	onServer := spansOn(t, w.quipu, "grpc_server_handled_total")
	require.Len(t, onServer, 8, "those of the calls that are sampled")
	require.Equal(t, spansOn(t, w.other, "grpc_server_handled_total"), onServer)
	for at, span := range onServer {
		require.True(t, served[span], at)
	}
	onClient := spansOn(t, w.quipu, "grpc_client_handled_total")
	require.Len(t, onClient, 8)
	require.Equal(t, spansOn(t, w.other, "grpc_client_handled_total"), onClient)
	for at, span := range onClient {
		require.Equal(t, caller.TraceID().String()+" "+caller.SpanID().String(), span, at)
	}
	for _, side := range []string{"server", "client"} {
		times := spansOn(t, w.quipu, "grpc_"+side+"_handling_seconds")
		require.Len(t, times, 4, "one bucket of each method")
	}
}
