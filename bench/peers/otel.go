// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"context"
	"errors"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel/attribute"
	exporter "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
)

// The OpenTelemetry SDK with its Prometheus exporter, as the documentation of metric and of the
// exporter tell. It has no handles: on a hot path the attribute set and the option that carries it
// are made beforehand. Its limit of 2000 attribute sets per instrument is lifted.
type otel struct {
	reg      *prometheus.Registry
	provider *sdkmetric.MeterProvider
	meter    metric.Meter
}

func newOTel() Registry {
	reg := prometheus.NewRegistry()
	exp := must(exporter.New(exporter.WithRegisterer(reg)))
	native := sdkmetric.NewView(sdkmetric.Instrument{Name: "native_histogram"}, sdkmetric.Stream{
		// The values of its documentation.
		Aggregation: sdkmetric.AggregationBase2ExponentialHistogram{MaxSize: 160, MaxScale: 20},
	})
	provider := sdkmetric.NewMeterProvider(sdkmetric.WithReader(exp), sdkmetric.WithCardinalityLimit(0),
		sdkmetric.WithView(native))
	return &otel{reg, provider, provider.Meter("peers")}
}

func methodCodeSet() attribute.Set {
	return attribute.NewSet(attribute.String("method", "GET"), attribute.String("code", "200"))
}

func (p *otel) CounterInc() Work {
	c := must(p.meter.Int64Counter("counter_inc", metric.WithDescription("help")))
	ctx, opts := context.Background(), []metric.AddOption{metric.WithAttributeSet(methodCodeSet())}
	return stateless(func(n int) {
		for range n {
			c.Add(ctx, 1, opts...)
		}
	})
}

func (p *otel) CounterAdd() Work {
	c := must(p.meter.Float64Counter("counter_add", metric.WithDescription("help")))
	ctx, opts := context.Background(), []metric.AddOption{metric.WithAttributeSet(methodCodeSet())}
	return stateless(func(n int) {
		for range n {
			c.Add(ctx, 0.5, opts...)
		}
	})
}

func (p *otel) GaugeIncDec() Work {
	g := must(p.meter.Int64UpDownCounter("gauge_inc_dec", metric.WithDescription("help")))
	ctx, opts := context.Background(), []metric.AddOption{metric.WithAttributeSet(methodCodeSet())}
	return stateless(func(n int) {
		for range n {
			g.Add(ctx, 1, opts...)
			g.Add(ctx, -1, opts...)
		}
	})
}

func (p *otel) GaugeSet() Work {
	g := must(p.meter.Float64Gauge("gauge_set", metric.WithDescription("help")))
	ctx, opts := context.Background(), []metric.RecordOption{metric.WithAttributeSet(methodCodeSet())}
	return stateless(func(n int) {
		for i := range n {
			g.Record(ctx, float64(i), opts...)
		}
	})
}

func (p *otel) HistogramObserve() Work {
	return observeOTel(must(p.meter.Float64Histogram("histogram_observe", metric.WithDescription("help"),
		metric.WithExplicitBucketBoundaries(DefaultBuckets...))))
}

func (p *otel) NativeHistogram() Work {
	return observeOTel(must(p.meter.Float64Histogram("native_histogram", metric.WithDescription("help"))))
}

func observeOTel(h metric.Float64Histogram) Work {
	ctx, opts := context.Background(), []metric.RecordOption{metric.WithAttributeSet(methodCodeSet())}
	values := Latencies()
	return Work{Start: func() func(int) {
		next := 0
		return func(n int) {
			end := next + n
			for pos := next; pos < end; pos++ {
				h.Record(ctx, values[pos%latencies], opts...)
			}
			next = end // here only: goroutines' variables may share a cache line
		}
	}}
}

func (p *otel) SummaryObserve() Work { return missing("no summaries") }

func (p *otel) Lookup2() Work {
	c := must(p.meter.Int64Counter("lookup2", metric.WithDescription("help")))
	ctx := context.Background()
	return stateless(func(n int) {
		for range n {
			c.Add(ctx, 1, metric.WithAttributes(attribute.String("method", "GET"), attribute.String("code", "200")))
		}
	})
}

func (p *otel) Lookup3Random() Work { return p.lookup3("lookup3", Triples()) }

func (p *otel) Lookup3Long() Work { return p.lookup3("lookup3_long", LongTriples()) }

func (p *otel) lookup3(name string, sets [][3]string) Work {
	c := must(p.meter.Int64Counter(name, metric.WithDescription("help")))
	ctx := context.Background()
	inc := func(s *[3]string) {
		c.Add(ctx, 1, metric.WithAttributes(
			attribute.String("method", s[0]), attribute.String("code", s[1]), attribute.String("path", s[2])))
	}
	for i := range sets {
		inc(&sets[i])
	}
	return Work{Start: func() func(int) {
		next := 0
		return func(n int) {
			end := next + n
			for pos := next; pos < end; pos++ {
				inc(&sets[pos%lookups])
			}
			next = end // here only: goroutines' variables may share a cache line
		}
	}}
}

func (p *otel) LookupMap() Work   { return missing("attributes are lists (see Lookup2)") }
func (p *otel) LookupTyped() Work { return missing("no typed labels") }

func (p *otel) CreateSeries() Work {
	c := must(p.meter.Int64Counter("create", metric.WithDescription("help")))
	ctx := context.Background()
	return creating(func(path string) {
		c.Add(ctx, 1, metric.WithAttributes(attribute.String("tenant", "tenant"), attribute.String("path", path)))
	})
}

func (p *otel) Fill(kind Kind, n int, handles bool) (func(int, float64), error) {
	ctx, values := context.Background(), Latencies()
	with := func(labels ...string) metric.MeasurementOption {
		return metric.WithAttributeSet(attribute.NewSet(
			attribute.String("tenant", labels[0]), attribute.String("path", labels[1])))
	}
	switch kind {
	case Counter:
		c := must(p.meter.Int64Counter("fill", metric.WithDescription("help")))
		add := func(o metric.MeasurementOption, v float64) { c.Add(ctx, int64(v), o) }
		return fill(n, handles, with, func(o metric.MeasurementOption, i int) { add(o, float64(i)) }, add), nil
	case Gauge:
		g := must(p.meter.Float64UpDownCounter("fill_gauge", metric.WithDescription("help")))
		add := func(o metric.MeasurementOption, v float64) { g.Add(ctx, v, o) }
		return fill(n, handles, with, func(o metric.MeasurementOption, i int) { add(o, float64(i)) }, add), nil
	case Histogram:
		h := must(p.meter.Float64Histogram("fill_seconds", metric.WithDescription("help"),
			metric.WithExplicitBucketBoundaries(DefaultBuckets...)))
		observe := func(o metric.MeasurementOption, v float64) { h.Record(ctx, v, o) }
		return fill(n, handles, with, func(o metric.MeasurementOption, i int) { observe(o, values[i%latencies]) },
			observe), nil
	default:
		return nil, errors.New("no summaries")
	}
}

func (p *otel) Handler() http.Handler { return promhttp.HandlerFor(p.reg, promhttp.HandlerOpts{}) }

func (p *otel) Close() { _ = p.provider.Shutdown(context.Background()) }
