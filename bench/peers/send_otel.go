// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
)

// otelSending is the OpenTelemetry SDK with its exporter of OTLP over HTTP, behind the reader that
// its documentation recommends. The interval of the reader never ends; a send is a flush. As in the
// race of updates, there is no limit of attribute sets, and they are made beforehand.
type otelSending struct {
	provider *sdkmetric.MeterProvider
	meter    metric.Meter
}

func newOTelOTLP(receiver string) Sending {
	return newOTelSending(receiver, otlpmetrichttp.GzipCompression)
}

func newOTelPlainOTLP(receiver string) Sending {
	return newOTelSending(receiver, otlpmetrichttp.NoCompression)
}

func newOTelSending(receiver string, c otlpmetrichttp.Compression) Sending {
	exporter := must(otlpmetrichttp.New(context.Background(), otlpmetrichttp.WithEndpointURL(receiver+otlpPath),
		otlpmetrichttp.WithCompression(c), otlpmetrichttp.WithTimeout(sendTimeout)))
	reader := sdkmetric.NewPeriodicReader(exporter, sdkmetric.WithInterval(24*time.Hour),
		sdkmetric.WithTimeout(sendTimeout), sdkmetric.WithMaxExportBatchSize(pointsPerRequest))
	provider := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader), sdkmetric.WithCardinalityLimit(0))
	return &otelSending{provider, provider.Meter("peers")}
}

func (p *otelSending) Fill(counters, histograms int) func(int) {
	ctx := context.Background()
	with := func(host, path, code string) metric.MeasurementOption {
		return metric.WithAttributeSet(attribute.NewSet(attribute.String("host", host),
			attribute.String("path", path), attribute.String("code", code)))
	}
	if histograms > 0 {
		h := must(p.meter.Float64Histogram(sentHistogram, metric.WithDescription("Durations."),
			metric.WithExplicitBucketBoundaries(DefaultBuckets...)))
		fillHistograms(histograms, with, func(o metric.MeasurementOption, v float64) { h.Record(ctx, v, o) })
	}
	c := must(p.meter.Float64Counter(sentCounter, metric.WithDescription("Requests.")))
	return fillCounters(counters, with, func(o metric.MeasurementOption, v float64) { c.Add(ctx, v, o) })
}

func (p *otelSending) Send(ctx context.Context) error { return p.provider.ForceFlush(ctx) }

// Close leaves the exporter without its last export, which would be one more send.
func (p *otelSending) Close() {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = p.provider.Shutdown(ctx)
}
