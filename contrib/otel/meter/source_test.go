// SPDX-License-Identifier: Apache-2.0

package meter_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/quipu-metrics/quipu/contrib/otel/meter"
	"github.com/quipu-metrics/quipu/engine"
)

// gaugeOf creates an observable gauge with a callback.
func gaugeOf(t *testing.T, m metric.Meter, name string, f metric.Int64Callback) {
	t.Helper()
	_, err := m.Int64ObservableGauge(name, metric.WithInt64Callback(f))
	require.NoError(t, err)
}

func TestACallbackThatFailsCostsItsOwnObservationsOnly(t *testing.T) {
	reg, p := provider(t, meter.WithoutScopeInfo())
	m := p.Meter("m")
	hang := make(chan struct{})
	late := make(chan struct{})
	gaugeOf(t, m, "panics", func(_ context.Context, o metric.Int64Observer) error {
		o.Observe(1)
		panic("out of order")
	})
	gaugeOf(t, m, "exits", func(_ context.Context, o metric.Int64Observer) error {
		o.Observe(1)
		runtime.Goexit()
		return nil
	})
	gaugeOf(t, m, "hangs", func(_ context.Context, o metric.Int64Observer) error {
		o.Observe(1)
		<-hang
		o.Observe(2)
		close(late)
		return nil
	})
	gaugeOf(t, m, "fails", func(_ context.Context, o metric.Int64Observer) error {
		o.Observe(1)
		return errors.New("half of it is missing")
	})
	gaugeOf(t, m, "works", func(ctx context.Context, o metric.Int64Observer) error {
		_, ok := ctx.Deadline()
		require.True(t, ok, "a callback has a deadline")
		o.Observe(1)
		return nil
	})
	expose := func(within time.Duration) string {
		var text strings.Builder
		_, err := reg.Expose(&text, engine.Exposition{Deadline: time.Now().Add(within)})
		require.NoError(t, err)
		return text.String()
	}
	got := expose(time.Second)
	require.Contains(t, got, "\nworks 1\n")
	require.Contains(t, got, "\nfails 1\n", "as with OpenTelemetry's SDK")
	for _, name := range []string{"panics", "exits", "hangs"} {
		require.NotContains(t, got, "\n"+name+" ")
	}
	require.Contains(t, expose(time.Second), `quipu_callback_failures_total{reason="error"} 2`)
	close(hang)
	<-late
	got = expose(time.Minute)
	require.Contains(t, got, "\nworks 1\n")
}

func TestObservationsOfOneCollectionAddUpAndLeaveWithIt(t *testing.T) {
	reg, p := provider(t, meter.WithoutScopeInfo())
	m := p.Meter("m")
	c, err := m.Float64ObservableCounter("c")
	require.NoError(t, err)
	u, err := m.Int64ObservableUpDownCounter("u")
	require.NoError(t, err)
	g, err := m.Int64ObservableGauge("g")
	require.NoError(t, err)
	other, err := m.Int64ObservableGauge("other")
	require.NoError(t, err)
	round := 0
	r, err := m.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		round++
		if round > 1 {
			return nil
		}
		for _, v := range []int64{1, 2} {
			set := metric.WithAttributes(attribute.String("k", "v"))
			o.ObserveFloat64(c, float64(v)+0.5, set)
			o.ObserveInt64(u, -v, set)
			o.ObserveInt64(g, v, set)
			o.ObserveInt64(other, v) // it is not registered for this one
		}
		return nil
	}, c, u, g)
	require.NoError(t, err)
	require.Equal(t, `# TYPE c_total counter
c_total{k="v"} 4
# TYPE g gauge
g{k="v"} 2
# TYPE u gauge
u{k="v"} -3
`, page(t, reg))
	require.Empty(t, page(t, reg), "the second round observes nothing")
	require.NoError(t, r.Unregister())
	require.NoError(t, r.Unregister())
	page(t, reg)
	require.Equal(t, 2, round)
}

func TestRegisterCallbackRefusesInstrumentsThatAreNotOfItsMeter(t *testing.T) {
	_, p := provider(t)
	c, err := p.Meter("other").Int64ObservableCounter("c")
	require.NoError(t, err)
	nothing := func(context.Context, metric.Observer) error { return nil }
	r, err := p.Meter("m").RegisterCallback(nothing, c)
	require.ErrorIs(t, err, meter.ErrCallback)
	require.NoError(t, r.Unregister())
	_, err = p.Meter("m").RegisterCallback(nil)
	require.ErrorIs(t, err, meter.ErrCallback)
}

func TestAnInstrumentKeepsItsFirstCallbacks(t *testing.T) {
	reg, p := provider(t, meter.WithoutScopeInfo())
	for _, v := range []int64{1, 2} {
		gaugeOf(t, p.Meter("m"), "g", func(_ context.Context, o metric.Int64Observer) error {
			o.Observe(v)
			return nil
		})
	}
	require.Contains(t, page(t, reg), "\ng 1\n")
}

func TestObservableInstrumentsOfOneNameShareTheirSeriesWithoutScopes(t *testing.T) {
	reg, p := provider(t, meter.WithoutScopeInfo())
	for _, name := range []string{"a", "b"} {
		_, err := p.Meter(name).Int64ObservableCounter("c",
			metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
				o.Observe(2)
				return nil
			}))
		require.NoError(t, err)
	}
	require.Equal(t, "# TYPE c_total counter\nc_total 4\n", page(t, reg))
}
