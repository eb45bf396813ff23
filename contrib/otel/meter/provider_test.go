// SPDX-License-Identifier: Apache-2.0

package meter_test

import (
	"context"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/quipu-metrics/quipu/contrib/otel/meter"
	"github.com/quipu-metrics/quipu/engine"
)

var ctx = context.Background()

// page returns the text page of a registry, without the registry's own metrics.
func page(t testing.TB, reg *engine.Registry) string {
	t.Helper()
	var text strings.Builder
	_, err := reg.Expose(&text, engine.Exposition{NoSelf: true})
	require.NoError(t, err)
	return text.String()
}

func provider(t testing.TB, options ...meter.Option) (*engine.Registry, *meter.Provider) {
	t.Helper()
	reg := engine.NewRegistry()
	p, err := meter.NewProvider(reg, options...)
	require.NoError(t, err)
	return reg, p
}

func TestAllInstrumentsStandOnThePage(t *testing.T) {
	reg, p := provider(t, meter.WithResource(attribute.String("service.name", "shop")))
	m := p.Meter("shop", metric.WithInstrumentationVersion("1"), metric.WithSchemaURL("http://s"),
		metric.WithInstrumentationAttributes(attribute.String("team", "a")))
	attrs := metric.WithAttributes(attribute.String("http.method", "GET"), attribute.Int("code", 200))
	c, err := m.Int64Counter("requests", metric.WithDescription("Requests."), metric.WithUnit("{request}"))
	require.NoError(t, err)
	c.Add(ctx, 2, attrs)
	c.Add(ctx, 1)
	f, err := m.Float64Counter("cpu.time", metric.WithUnit("s"))
	require.NoError(t, err)
	f.Add(ctx, 0.5)
	u, err := m.Int64UpDownCounter("active")
	require.NoError(t, err)
	u.Add(ctx, 3)
	u.Add(ctx, -1)
	g, err := m.Float64Gauge("used", metric.WithUnit("1"))
	require.NoError(t, err)
	g.Record(ctx, 0.25)
	h, err := m.Float64Histogram("latency", metric.WithUnit("s"), metric.WithExplicitBucketBoundaries(1, 2))
	require.NoError(t, err)
	h.Record(ctx, 1.5)
	gaugeOf(t, m, "depth", func(_ context.Context, o metric.Int64Observer) error {
		o.Observe(7, metric.WithAttributes(attribute.String("queue", "mail")))
		return nil
	})
	const scope = `otel_scope_team="a",otel_scope_name="shop",otel_scope_schema_url="http://s",otel_scope_version="1"`
	got := page(t, reg)
	for _, line := range []string{
		`# HELP requests_total Requests.`,
		`requests_total{code="200",http_method="GET",` + scope + `} 2`,
		`requests_total{` + scope + `} 1`,
		`cpu_time_seconds_total{` + scope + `} 0.5`,
		`active{` + scope + `} 2`,
		`used_ratio{` + scope + `} 0.25`,
		`latency_seconds_bucket{` + scope + `,le="2"} 1`,
		`latency_seconds_sum{` + scope + `} 1.5`,
		`target_info{service_name="shop"} 1`,
	} {
		require.Contains(t, got, line+"\n", got)
	}
	require.Regexp(t, `depth\{.*queue="mail".*\} 7`, got)

	require.NoError(t, p.Shutdown(ctx))
	require.NotContains(t, page(t, reg), "target_info")
	require.NotContains(t, page(t, reg), "depth")
}

func TestWrongValuesAreDroppedAndCounted(t *testing.T) {
	reg, p := provider(t)
	c, err := p.Meter("m").Float64Counter("c")
	require.NoError(t, err)
	for _, v := range []float64{1, -1, math.NaN(), math.Inf(-1)} {
		c.Add(ctx, v)
	}
	require.Contains(t, page(t, reg), `c_total{otel_scope_name="m",otel_scope_schema_url="",otel_scope_version=""} 1`)
}

func TestSetsBeyondALimitShareASeries(t *testing.T) {
	reg := engine.NewRegistry(engine.WithSeriesBudget(6))
	p, err := meter.NewProvider(reg, meter.WithoutScopeInfo(), meter.WithMetricOptions(engine.WithMaxSeries(4)))
	require.NoError(t, err)
	c, err := p.Meter("m").Int64Counter("c")
	require.NoError(t, err)
	h, err := p.Meter("m").Int64Histogram("h")
	require.NoError(t, err)
	for range 2 {
		for i := range 10 {
			c.Add(ctx, 1, metric.WithAttributes(attribute.Int("i", i)))
			h.Record(ctx, 1, metric.WithAttributes(attribute.Int("i", i)))
		}
	}
	got := page(t, reg)
	require.Contains(t, got, `c_total{otel_metric_overflow="true"} `)
	require.Contains(t, got, `h_count{otel_metric_overflow="true"} `)
	require.EqualValues(t, 20, sumOf(t, reg, "c_total"), "nothing is lost")
	require.Contains(t, got, `c_total{i="0"} 2`)

	lost := sumOf(t, reg, "quipu_overflowed_lookups_total")
	require.EqualValues(t, 2*(20-6), lost, "each measurement is counted")
}

// sumOf adds up the series of a family.
func sumOf(t testing.TB, reg *engine.Registry, name string) (sum float64) {
	t.Helper()
	for f := range reg.Read(engine.ReadOptions{Names: []string{name}}) {
		for s := range f.Samples() {
			sum += s.Value()
		}
	}
	return sum
}

func TestAMeasurementWithAPreparedSetAllocatesNothing(t *testing.T) {
	_, p := provider(t)
	m := p.Meter("m")
	c, err := m.Int64Counter("c")
	require.NoError(t, err)
	u, err := m.Float64UpDownCounter("u")
	require.NoError(t, err)
	g, err := m.Float64Gauge("g")
	require.NoError(t, err)
	h, err := m.Float64Histogram("h")
	require.NoError(t, err)
	set := metric.WithAttributeSet(attribute.NewSet(attribute.String("a", "b"), attribute.Int("c", 1)))
	add, record := []metric.AddOption{set}, []metric.RecordOption{set}
	measure := func() {
		c.Add(ctx, 1, add...)
		c.Add(ctx, 1)
		u.Add(ctx, 0.5, add...)
		g.Record(ctx, 2, record...)
		h.Record(ctx, 3, record...)
	}
	measure()
	require.Zero(t, testing.AllocsPerRun(1000, measure))
}

func TestTheLedgerIsExactWhileManyMeasureAndPagesAreRead(t *testing.T) {
	reg, p := provider(t, meter.WithoutScopeInfo())
	m := p.Meter("m")
	c, err := m.Int64Counter("c")
	require.NoError(t, err)
	u, err := m.Int64UpDownCounter("u")
	require.NoError(t, err)
	h, err := m.Int64Histogram("h")
	require.NoError(t, err)
	prepared := metric.WithAttributeSet(attribute.NewSet(attribute.Int("i", 0)))
	const goroutines, each = 8, 3000
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for i := range each {
				c.Add(ctx, 2, prepared)
				c.Add(ctx, 1, metric.WithAttributes(attribute.Int("i", i%50)))
				u.Add(ctx, 1, prepared)
				u.Add(ctx, -1, metric.WithAttributes(attribute.Int("i", 0)))
				h.Record(ctx, int64(i), prepared)
			}
		})
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 20 {
			page(t, reg)
		}
	}()
	wg.Wait()
	<-done
	require.EqualValues(t, 3*goroutines*each, sumOf(t, reg, "c_total"))
	require.Zero(t, sumOf(t, reg, "u"))
	require.Contains(t, page(t, reg), fmt.Sprintf("h_count{i=%q} %d\n", "0", goroutines*each))
}
