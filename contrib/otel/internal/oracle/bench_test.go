// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"context"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	exporter "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/metric"
	sdk "go.opentelemetry.io/otel/sdk/metric"

	"github.com/quipu-metrics/quipu/contrib/otel/meter"
	"github.com/quipu-metrics/quipu/engine"
)

// attributes are those of a request as otelhttp has them.
func attributes() []attribute.KeyValue {
	return []attribute.KeyValue{
		attribute.String("http.request.method", "GET"),
		attribute.Int("http.response.status_code", 200),
		attribute.String("http.route", "/users/{id}"),
	}
}

// race runs a benchmark with the SDK and with quipu, with two goroutines.
func race(b *testing.B, measure func(b *testing.B, m metric.Meter) func()) {
	run := func(name string, p metric.MeterProvider) {
		b.Run(name, func(b *testing.B) {
			once := measure(b, p.Meter("bench"))
			b.ReportAllocs()
			b.SetParallelism(1)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					once()
				}
			})
		})
	}
	e, err := exporter.New(exporter.WithRegisterer(prometheus.NewRegistry()))
	require.NoError(b, err)
	run("sdk", sdk.NewMeterProvider(sdk.WithReader(e)))
	p, err := meter.NewProvider(engine.NewRegistry())
	require.NoError(b, err)
	run("quipu", p)
}

var background = context.Background()

func BenchmarkCounterInc(b *testing.B) {
	b.Run("set", func(b *testing.B) {
		race(b, func(b *testing.B, m metric.Meter) func() {
			c, err := m.Int64Counter("c")
			require.NoError(b, err)
			set := metric.WithAttributeSet(attribute.NewSet(attributes()...))
			return func() { c.Add(background, 1, set) }
		})
	})
	b.Run("attributes", func(b *testing.B) {
		race(b, func(b *testing.B, m metric.Meter) func() {
			c, err := m.Int64Counter("c")
			require.NoError(b, err)
			return func() { c.Add(background, 1, metric.WithAttributes(attributes()...)) }
		})
	})
}

func BenchmarkHistogramRecord(b *testing.B) {
	b.Run("set", func(b *testing.B) {
		race(b, func(b *testing.B, m metric.Meter) func() {
			h, err := m.Float64Histogram("h")
			require.NoError(b, err)
			set := metric.WithAttributeSet(attribute.NewSet(attributes()...))
			return func() { h.Record(background, 42, set) }
		})
	})
	b.Run("attributes", func(b *testing.B) {
		race(b, func(b *testing.B, m metric.Meter) func() {
			h, err := m.Float64Histogram("h")
			require.NoError(b, err)
			return func() { h.Record(background, 42, metric.WithAttributes(attributes()...)) }
		})
	})
}
