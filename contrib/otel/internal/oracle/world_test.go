// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	exporter "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/metric"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/trace"

	"github.com/quipu-metrics/quipu/contrib/otel/meter"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export"
	"github.com/quipu-metrics/quipu/internal/parsers"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

// side is one implementation: a provider, and its page.
type side struct {
	metric.MeterProvider
	handler http.Handler
}

// world has the same providers on both sides.
type world struct{ sdk, quipu side }

// setting is how the providers of a world are configured.
type setting struct {
	resource []attribute.KeyValue
	exporter []exporter.Option
	provider []sdk.Option
	quipu    []meter.Option
	registry []engine.RegistryOption
}

func newWorld(t require.TestingT, s setting) *world {
	registry := prometheus.NewRegistry()
	e, err := exporter.New(append(s.exporter, exporter.WithRegisterer(registry))...)
	require.NoError(t, err)
	options := append(s.provider, sdk.WithReader(e), sdk.WithResource(resource.NewSchemaless(s.resource...)))
	theirs := promhttp.HandlerFor(registry, promhttp.HandlerOpts{EnableOpenMetrics: true})

	reg := engine.NewRegistry(s.registry...)
	p, err := meter.NewProvider(reg, append(s.quipu, meter.WithResource(s.resource...))...)
	require.NoError(t, err)
	return &world{side{sdk.NewMeterProvider(options...), theirs}, side{p, export.Handler(reg)}}
}

// accepted are the formats in which pages are compared.
var accepted = []string{
	"text/plain; version=1.0.0; escaping=allow-utf-8",
	"application/openmetrics-text; version=1.0.0; escaping=allow-utf-8",
}

// lines returns the samples of a page as Prometheus parses it, sorted: each with type and help.
// What a registry of quipu has about itself is left out, and so are times of creation, which the
// exporter does not show by default.
func (s side) lines(t require.TestingT, accept string) []string {
	response := testkit.Get(s.handler, "/metrics", "Accept", accept)
	require.Equal(t, http.StatusOK, response.Code, response.Body.String())
	samples, err := parsers.Parse(response.Body.Bytes(), response.Header().Get("Content-Type"))
	require.NoError(t, err, response.Body.String())
	var list []string
	for _, sample := range samples {
		if strings.HasPrefix(sample.Name, "quipu_") || strings.HasSuffix(sample.Name, "_created") {
			continue
		}
		absent := func(_, value string) bool { return value == "" }
		maps.DeleteFunc(sample.Labels, absent)
		line := fmt.Sprintf("%s %v (%s, %q)", sample.Key(), sample.Value, sample.Type, sample.Help)
		for _, e := range sample.Exemplars {
			maps.DeleteFunc(e.Labels, absent)
			line += fmt.Sprintf(" # %v %v", e.Labels, e.Value)
		}
		list = append(list, line)
	}
	slices.Sort(list)
	return list
}

// compare compares the pages of both sides.
func (w *world) compare(t require.TestingT) {
	for _, accept := range accepted {
		require.Equal(t, w.sdk.lines(t, accept), w.quipu.lines(t, accept), accept)
	}
}

func TestPagesWithNothingOnThemAreEqual(t *testing.T) {
	newWorld(t, setting{}).compare(t)
	newWorld(t, setting{resource: []attribute.KeyValue{attribute.String("service.name", "shop")}}).compare(t)
}

func TestExemplarsOfSampledSpansAreEqual(t *testing.T) {
	w := newWorld(t, setting{})
	context := func(flags trace.TraceFlags) context.Context {
		return trace.ContextWithSpanContext(background, trace.NewSpanContext(trace.SpanContextConfig{
			TraceID: trace.TraceID{1, 0xab}, SpanID: trace.SpanID{2, 0xcd}, TraceFlags: flags,
		}))
	}
	for _, s := range []side{w.sdk, w.quipu} {
		first, err := s.Meter("m").Int64UpDownCounter("first")
		require.NoError(t, err)
		warm, err := s.Meter("m").Int64Histogram("warm")
		require.NoError(t, err)
		for range 500 { // until quipu has found out that there are spans
			first.Add(context(trace.FlagsSampled), 1)
			warm.Record(context(trace.FlagsSampled), 3)
		}
		c, err := s.Meter("m").Int64Counter("c")
		require.NoError(t, err)
		c.Add(context(trace.FlagsSampled), 3)
		h, err := s.Meter("m").Float64Histogram("h")
		require.NoError(t, err)
		h.Record(context(0), 1)
		h.Record(context(trace.FlagsSampled), 42)
		h.Record(context(trace.FlagsSampled), 99_999)
	}
	w.compare(t)
	got := strings.Join(w.quipu.lines(t, accepted[1]), "\n")
	require.Equal(t, 4, strings.Count(got, " # map[span_id:02cd000000000000 trace_id:01ab"), got)
}
