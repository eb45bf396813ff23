// SPDX-License-Identifier: Apache-2.0

package meter_test

import (
	"strings"
	"testing"

	"github.com/prometheus/otlptranslator"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/quipu-metrics/quipu/contrib/otel/meter"
	"github.com/quipu-metrics/quipu/engine"
)

func TestTheSameInstrumentSharesItsSeries(t *testing.T) {
	reg, p := provider(t, meter.WithoutScopeInfo())
	for _, m := range []metric.Meter{p.Meter("m"), p.Meter("m"), p.Meter("n")} {
		i, err := m.Int64Counter("Jobs", metric.WithDescription("First."))
		require.NoError(t, err)
		i.Add(ctx, 1)
		f, err := m.Float64Counter("Jobs", metric.WithDescription("Second."))
		require.NoError(t, err)
		f.Add(ctx, 0.5)
	}
	f, err := p.Meter("m").Float64Counter("jobs")
	require.NoError(t, err)
	f.Add(ctx, 0.5)
	require.Equal(t, "# HELP Jobs_total First.\n# TYPE Jobs_total counter\nJobs_total 5\n", page(t, reg))
}

func TestMetersOfOneNameAreToldApart(t *testing.T) {
	reg, p := provider(t)
	for _, options := range [][]metric.MeterOption{
		nil,
		{metric.WithInstrumentationVersion("1")},
		{metric.WithInstrumentationVersion("1"), metric.WithSchemaURL("u")},
		{metric.WithInstrumentationAttributes(attribute.Int("a", 1))},
	} {
		c, err := p.Meter("m", options...).Int64Counter("c")
		require.NoError(t, err)
		c.Add(ctx, 1)
	}
	require.Equal(t, 4, strings.Count(page(t, reg), "\nc_total{"), page(t, reg))
}

func TestAConflictIsAnErrorAndTheInstrumentIsUsable(t *testing.T) {
	reg, p := provider(t, meter.WithTranslation(otlptranslator.UnderscoreEscapingWithoutSuffixes))
	m := p.Meter("m")
	c, err := m.Int64Counter("x", metric.WithUnit("s"))
	require.NoError(t, err)
	c.Add(ctx, 1)

	other, err := m.Int64Counter("x", metric.WithUnit("By"))
	require.ErrorIs(t, err, meter.ErrConflict)
	g, err := m.Int64Gauge("x")
	require.ErrorIs(t, err, meter.ErrConflict)
	_, err = m.Int64Gauge("x")
	require.ErrorIs(t, err, meter.ErrConflict, "it stays an error")
	far, err := p.Meter("n").Float64Histogram("x")
	require.ErrorIs(t, err, meter.ErrConflict)
	bad, err := m.Int64Counter("7 of 9")
	require.ErrorIs(t, err, meter.ErrInstrumentName)
	bad.Add(ctx, 1)
	require.False(t, far.Enabled(ctx))
	require.True(t, c.Enabled(ctx))
	other.Add(ctx, 1)
	g.Record(ctx, 1)
	far.Record(ctx, 1)
	require.Contains(t, page(t, reg), "\nx{")
	require.Contains(t, page(t, reg), "} 1\n")
	require.Contains(t, page(t, reg), `quipu_otel_lost_measurements_total{instrument="x"} 3`)
	require.Contains(t, page(t, reg), `7_of_9`, "a name that is not valid has a metric, as with OpenTelemetry's SDK")
}

func TestAMetricOfTheProgramIsInTheWayOfAnInstrument(t *testing.T) {
	reg, p := provider(t)
	_, err := reg.NewGauge("jobs_total", "")
	require.NoError(t, err)
	c, err := p.Meter("m").Int64Counter("jobs")
	require.ErrorIs(t, err, engine.ErrTaken)
	c.Add(ctx, 1)
}

func TestOptionsThatCannotWorkAreErrors(t *testing.T) {
	for name, o := range map[string]meter.Option{
		"nil":         nil,
		"translation": meter.WithTranslation("klingon"),
		"labels":      meter.WithResourceLabels(nil),
		"view":        meter.WithView(meter.View{Name: "x"}),
		"rename":      meter.WithView(meter.View{Instrument: "x*", Name: "x"}),
		"resource":    meter.WithResource(attribute.String("", "x")),
	} {
		_, err := meter.NewProvider(engine.NewRegistry(), o)
		require.ErrorIs(t, err, meter.ErrOption, name)
	}
	_, err := meter.NewProvider(nil)
	require.ErrorIs(t, err, meter.ErrOption)
}
