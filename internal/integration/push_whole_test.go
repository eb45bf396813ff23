// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/engine/collect"
	"github.com/quipu-metrics/quipu/export/push"
	"github.com/quipu-metrics/quipu/histogram"
	"github.com/quipu-metrics/quipu/internal/testkit"
	"github.com/quipu-metrics/quipu/internal/textpage"
)

// awkwardLengths are lengths at which a varint or the room for one grows, and usual lengths of
// values.
var awkwardLengths = []int{0, 1, 31, 31, 31, 31, 31, 31, 62, 120, 126, 127, 128, 129, 255, 256, 1000}

// everyKind defines a metric of every kind with this many series, with label values and help texts
// of awkward lengths.
func everyKind(t *testing.T, series int) *engine.Registry {
	t.Helper()
	reg := engine.NewRegistry(engine.WithMaxSeries(series),
		engine.WithConstLabels(engine.Labels{"zone": strings.Repeat("z", 40)}))
	rnd := rand.New(rand.NewPCG(1, 2))
	help := func(n int) string { return strings.Repeat("é\"\\\n.", n/6) + strings.Repeat(".", n%6) }
	value := func(n int) string { return strings.Repeat(`é\"`, n/4) + strings.Repeat(".", n%4) }
	labels := []string{"row", "text"}
	counters, err := reg.NewCounterVec("rows_total", help(127), labels)
	require.NoError(t, err)
	gauges, err := reg.NewGaugeVec("level", help(16<<10), labels)
	require.NoError(t, err)
	classic, err := reg.NewHistogramVec("classic_seconds", help(70_000), labels, engine.WithBuckets(0.1, 1))
	require.NoError(t, err)
	native, err := reg.NewHistogramVec("native_seconds", help(300), labels,
		engine.WithNative(histogram.NativeDefaults()))
	require.NoError(t, err)
	both, err := reg.NewHistogramVec("both_seconds", "", labels, engine.WithBuckets(1),
		engine.WithNative(histogram.NativeDefaults()))
	require.NoError(t, err)
	summaries, err := reg.NewSummaryVec("summary_seconds", help(200), labels,
		engine.WithObjectives(map[float64]float64{0.5: 0.1}))
	require.NoError(t, err)
	for i := range series {
		row, text := fmt.Sprint(i), value(awkwardLengths[rnd.IntN(len(awkwardLengths))])
		counters.With(row, text).AddWithExemplar(float64(i), engine.Labels{"trace": row})
		gauges.With(row, text).Set(rnd.NormFloat64())
		summaries.With(row, text).Observe(float64(i))
		for _, vec := range []*engine.HistogramVec{classic, native, both} {
			h := vec.With(row, text)
			h.Observe(rnd.ExpFloat64())
			h.ObserveWithExemplar(float64(i%3), engine.Labels{"trace": row})
		}
	}
	_, err = reg.NewGaugeFunc("one", "A func metric.", func() float64 { return 1.5 })
	require.NoError(t, err)
	require.NoError(t, reg.Register(&rowsCollector{rows: series}))
	return reg
}

// rowsCollector emits this many series of a counter and of a histogram.
type rowsCollector struct {
	rows             int
	count, histogram engine.Collected
}

func (c *rowsCollector) Define(d *engine.Definitions) {
	c.count = d.Counter("collected_total", "Collected.", []string{"row"})
	c.histogram = d.Histogram("collected_seconds", "Collected.", []string{"row"}, engine.WithBuckets(1))
}

func (c *rowsCollector) Collect(e *engine.Emission) {
	for i := range c.rows {
		row := strings.Repeat("r", i%200) + fmt.Sprint(i)
		e.Emit(c.count, float64(i), row)
		e.EmitHistogram(c.histogram, []uint64{uint64(i), 1}, float64(i), row)
	}
}

// exposedSamples returns the samples of the registry's text page, with the labels of a group.
func exposedSamples(t *testing.T, reg *engine.Registry, group ...string) map[string]float64 {
	t.Helper()
	var text strings.Builder
	_, err := reg.Expose(&text, engine.Exposition{NoSelf: true})
	require.NoError(t, err)
	families, err := textpage.Parse(text.String())
	require.NoError(t, err)
	samples := map[string]float64{}
	for _, f := range families {
		for _, s := range f.Samples {
			labels := slices.Clone(group)
			for name, value := range s.Labels {
				labels = append(labels, name, value)
			}
			samples[testkit.Series(s.Name, labels...)] = s.Value
		}
	}
	return samples
}

// A Pushgateway keeps the last message of each name, so only a part of a family in several messages
// used to arrive.
func TestAPushOfTenThousandSeriesOfEveryKindArrivesWhole(t *testing.T) {
	series := 10_000
	if testing.Short() {
		series = 1_000
	}
	testkit.Baseline(t)
	gateway := testkit.StartPushgateway(t)
	reg := everyKind(t, series)
	for _, format := range []encode.Format{encode.Text, encode.Protobuf} {
		t.Run(format.String(), func(t *testing.T) {
			gateway.Wipe()
			p, err := push.New(gateway.URL, "rows", push.WithRegistry(reg), push.WithFormat(format))
			require.NoError(t, err)
			require.NoError(t, p.Replace(context.Background()))

			want := exposedSamples(t, reg, "job", "rows", "instance", "")
			require.Greater(t, len(want), 30*series/2)
			got := gateway.Page().Samples
			maps.DeleteFunc(got, func(series string, _ float64) bool { return !strings.Contains(series, `job="rows"`) })
			maps.DeleteFunc(got, func(series string, _ float64) bool { return strings.HasPrefix(series, "push_") })
			requireSamples(t, want, got)
		})
	}
}

// requireSamples compares without printing two hundred thousand lines.
func requireSamples(t *testing.T, want, got map[string]float64) {
	t.Helper()
	require.Len(t, got, len(want))
	for series, value := range want {
		have, ok := got[series]
		require.True(t, ok, "%s is missing", series)
		require.Equal(t, value, have, series)
	}
}

// The gateway exposes metrics of the Go runtime itself, and refuses a name that has another type.
func TestAPushgatewayTakesTheMetricsOfTheGoRuntime(t *testing.T) {
	testkit.Baseline(t)
	gateway := testkit.StartPushgateway(t)
	reg := engine.NewRegistry()
	require.NoError(t, collect.Go(reg))
	require.NoError(t, collect.Build(reg))
	for _, format := range []encode.Format{encode.Text, encode.Protobuf} {
		gateway.Wipe()
		p, err := push.New(gateway.URL, "go", push.WithRegistry(reg), push.WithFormat(format))
		require.NoError(t, err)
		require.NoError(t, p.Add(context.Background()), format)
		labels := []string{"job", "go", "instance", ""}
		require.Positive(t, gateway.Page().Value(t, "go_memstats_alloc_bytes_total", labels...))
		require.Positive(t, gateway.Page().Value(t, "go_memstats_alloc_bytes", labels...))
		require.Equal(t, "counter", gateway.Page().Types["go_memstats_alloc_bytes_total"])
	}
}
