// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"io"
	"log"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
	"github.com/quipu-metrics/quipu/internal/textpage"
)

func TestInfoTellsBucketsAndObjectives(t *testing.T) {
	r := engine.NewRegistry()
	engine.Must(r.NewHistogram("native", "", engine.WithNative(histogram.NativeDefaults())))
	engine.Must(r.NewHistogram("both", "", engine.WithNative(histogram.NativeDefaults()), engine.WithBuckets(1, 2)))
	engine.Must(r.NewSummary("s", "", engine.WithObjectives(map[float64]float64{0.5: 0.05, 0.9: 0.01})))
	engine.Must(r.NewGauge("g", ""))
	about := map[string][]any{}
	for info := range r.All() {
		about[info.Name] = []any{info.Bounds, info.Native, info.Objectives}
	}
	none := map[float64]float64(nil)
	require.Equal(t, map[string][]any{
		"native": {[]float64(nil), true, none},
		"both":   {[]float64{1, 2}, true, none},
		"s":      {[]float64(nil), false, map[float64]float64{0.5: 0.05, 0.9: 0.01}},
		"g":      {[]float64(nil), false, none},
	}, about)
}

func TestLookupAndAllDescribeMetricsWithTheirPrefix(t *testing.T) {
	r := engine.NewRegistry(engine.WithPrefix("app_"), engine.WithConstLabels(engine.Labels{"zone": "a"}))
	v, err := r.NewHistogramVec("wait_seconds", "Wait.", []string{"queue"}, engine.WithUnit("seconds"),
		engine.WithConstLabels(engine.Labels{"host": "b"}))
	require.NoError(t, err)
	_, err = r.NewGauge("depth", "")
	require.NoError(t, err)
	v.With("x")
	v.With("y")

	info, ok := r.Lookup("wait_seconds")
	require.True(t, ok)
	require.Equal(t, engine.Info{
		Name: "app_wait_seconds", Help: "Wait.", Type: "histogram", Unit: "seconds", Labels: []string{"queue"},
		Const: engine.Labels{"zone": "a", "host": "b"}, Series: 2, Metric: v,
		Bounds: histogram.Default(),
	}, info)
	info.Labels[0], info.Const["zone"], info.Bounds[0] = "changed", "changed", -1
	again, _ := r.Lookup("wait_seconds")
	require.Equal(t, "queue", again.Labels[0], "what Lookup returns is a copy")
	require.Equal(t, "a", again.Const["zone"])
	require.Equal(t, histogram.Default(), again.Bounds)

	var names []string
	for info := range r.All() {
		names = append(names, info.Name)
	}
	require.Equal(t, []string{"app_depth", "app_wait_seconds"}, names)
	for range r.All() {
		break // the loop may end early
	}

	for _, unknown := range []string{"app_depth", "", "quipu_scrapes_total", "wait"} {
		_, ok = r.Lookup(unknown)
		require.False(t, ok, unknown)
		require.False(t, r.Unregister(unknown), unknown)
	}
	require.True(t, r.Unregister("depth"))
	_, ok = r.Lookup("depth")
	require.False(t, ok)
	r.Clear()
	require.Empty(t, slices.Collect(r.All()))
	require.NotEmpty(t, expose(t, r, engine.Exposition{}), "the registry's own metrics stay")
}

func TestHandlesGoOnWorkingAfterTheirMetricIsRemoved(t *testing.T) {
	r := engine.NewRegistry()
	old, err := r.NewCounter("a_total", "")
	require.NoError(t, err)
	old.Inc()
	require.True(t, r.Unregister("a_total"))
	old.Inc()
	require.EqualValues(t, 2, old.Value())
	h, err := r.NewHistogram("a_total", "another type may have the name now")
	require.NoError(t, err)
	h.Observe(1)
	old.Inc()
	require.Equal(t, "1", valuesOf(t, r)["a_total_count"])
	require.NotContains(t, valuesOf(t, r), "a_total")
}

func TestStrictMakesASecondDefinitionAnError(t *testing.T) {
	r := engine.NewRegistry(engine.WithStrict())
	type set struct{ A string }
	for name, define := range kinds {
		name = strings.ReplaceAll(name, " ", "_")
		require.NoError(t, define(r, name))
		err := define(r, name)
		require.ErrorIs(t, err, engine.ErrTaken)
		require.Contains(t, err.Error(), "the registry is strict")
	}
	_, err := r.NewGaugeVec("typed", "", []string{"a"})
	require.NoError(t, err)
	_, err = engine.RegisterGaugeOf[set](r, "typed", "")
	require.ErrorIs(t, err, engine.ErrTaken)
}

func TestConstantLabelsAndPrefixAreOnEverySeries(t *testing.T) {
	r := engine.NewRegistry(engine.WithPrefix("app_"),
		engine.WithConstLabels(engine.Labels{"zone": "eu", "host": `a"b`}))
	c, err := r.NewCounter("c_total", "")
	require.NoError(t, err)
	c.Inc()
	v, err := r.NewGaugeVec("g", "", []string{"x"}, engine.WithConstLabels(engine.Labels{"kind": "k"}))
	require.NoError(t, err)
	v.With("1").Set(1)
	_, err = r.NewGaugeFunc("f", "", func() float64 { return 3 })
	require.NoError(t, err)
	require.Equal(t, map[string]string{
		`app_c_total{host="a\"b",zone="eu"}`: "1", `app_g{host="a\"b",kind="k",x="1",zone="eu"}`: "1",
		`app_f{host="a\"b",zone="eu"}`: "3",
	}, valuesOf(t, r))
	require.Contains(t, scrape(t, r).values, `quipu_scrapes_total{host="a\"b",zone="eu"}`,
		"constant labels, but no prefix")
	require.Same(t, v.With("1"), v.WithLabels(engine.Labels{"x": "1"}))
	require.True(t, v.Delete("1"))
}

// versioned is a collector whose one metric has a label version.
type versioned struct{}

func (versioned) Define(d *engine.Definitions) {
	versionedMetric = d.Gauge("collected", "", []string{"version"})
}

func (versioned) Collect(e *engine.Emission) { e.Emit(versionedMetric, 1, "collector") }

var versionedMetric engine.Collected

func TestARegistrysConstantLabelGivesWayToTheMetricsOwn(t *testing.T) {
	var log strings.Builder
	r := engine.NewRegistry(engine.WithConstLabels(engine.Labels{"version": "2", "zone": "eu", "le": "x"}),
		engine.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	v, err := r.NewGaugeVec("info", "", []string{"version"})
	require.NoError(t, err)
	v.With("1").Set(1)
	_, err = r.NewGauge("own", "", engine.WithConstLabels(engine.Labels{"zone": "us"}))
	require.NoError(t, err)
	_, err = r.NewHistogram("h", "", engine.WithBuckets())
	require.NoError(t, err)
	_, err = r.NewGauge("plain", "")
	require.NoError(t, err)
	require.NoError(t, r.Register(versioned{}))
	for range 2 {
		_, err = r.NewGaugeVec("info", "", []string{"version"})
		require.NoError(t, err, "the same definition once more")
	}
	families, err := textpage.Parse(exposed(t, r, engine.Exposition{}))
	require.NoError(t, err)
	var series []string
	for _, f := range families {
		for _, s := range f.Samples {
			series = append(series, s.Series())
		}
	}
	require.Equal(t, []string{
		`collected{le="x",version="collector",zone="eu"}`,
		`h_bucket{le="+Inf",version="2",zone="eu"}`, `h_sum{version="2",zone="eu"}`, `h_count{version="2",zone="eu"}`,
		`info{le="x",version="1",zone="eu"}`, `own{le="x",version="2",zone="us"}`,
		`plain{le="x",version="2",zone="eu"}`,
	}, series)
	require.Equal(t, 4, strings.Count(log.String(), "\n"), log.String())
	for _, want := range []string{
		"metric=info labels=[version]", "metric=own labels=[zone]", "metric=h labels=[le]",
		"metric=collected labels=[version]",
	} {
		require.Contains(t, log.String(), want)
	}
}

func TestLoggerReturnsTheOneThatWasSetOrElseTheDefaultOfTheMoment(t *testing.T) {
	own := slog.New(slog.NewTextHandler(io.Discard, nil))
	require.Same(t, own, engine.NewRegistry(engine.WithLogger(own)).Logger())

	r := engine.NewRegistry()
	before := slog.Default()
	require.Same(t, before, r.Logger())
	defer log.SetFlags(log.Flags()) // SetDefault changes package log too
	defer log.SetOutput(log.Writer())
	defer slog.SetDefault(before)
	slog.SetDefault(own)
	require.Same(t, own, r.Logger())
}

func TestUnregisterMetricRemovesOneDefinition(t *testing.T) {
	type set struct{ A string }
	consts := func(pool string) engine.MetricOption {
		return engine.WithConstLabels(engine.Labels{"pool": pool})
	}
	value := func() float64 { return 1 }
	for name, define := range map[string]func(r *engine.Registry, o engine.MetricOption) (any, error){
		"counter": func(r *engine.Registry, o engine.MetricOption) (any, error) { return r.NewCounter("x", "", o) },
		"gauge vec": func(r *engine.Registry, o engine.MetricOption) (any, error) {
			return r.NewGaugeVec("x", "", []string{"a"}, o)
		},
		"typed histogram": func(r *engine.Registry, o engine.MetricOption) (any, error) {
			return engine.RegisterHistogramOf[set](r, "x", "", o)
		},
		"summary": func(r *engine.Registry, o engine.MetricOption) (any, error) { return r.NewSummary("x", "", o) },
		"counter func": func(r *engine.Registry, o engine.MetricOption) (any, error) {
			return r.NewCounterFunc("x", "", value, o)
		},
		"gauge func": func(r *engine.Registry, o engine.MetricOption) (any, error) {
			return r.NewGaugeFunc("x", "", value, o)
		},
	} {
		t.Run(name, func(t *testing.T) {
			r, other := engine.NewRegistry(), engine.NewRegistry()
			a, b := must(define(r, consts("a"))), must(define(r, consts("b")))
			require.Len(t, slices.Collect(r.All()), 2)
			require.False(t, other.UnregisterMetric(a), "it is another registry's")
			require.True(t, r.UnregisterMetric(a))
			require.False(t, r.UnregisterMetric(a))
			info, ok := r.Lookup("x")
			require.True(t, ok)
			require.Equal(t, engine.Labels{"pool": "b"}, info.Const)
			require.True(t, r.UnregisterMetric(b))
			require.Empty(t, slices.Collect(r.All()))
			_, err := r.NewGauge("x_count", "")
			require.NoError(t, err, "the names of its series are free")
		})
	}
	r := engine.NewRegistry()
	twice := must(r.NewGauge("twice", ""))
	require.Same(t, twice, must(r.NewGauge("twice", "")))
	for info := range r.All() {
		require.True(t, r.UnregisterMetric(info.Metric))
	}
	twice.Set(3)
	require.EqualValues(t, 3, twice.Value())
	for _, none := range []any{nil, "twice", twice, new(engine.Gauge), (*engine.Gauge)(nil), (*engine.GaugeVec)(nil),
		engine.GaugeVec{}, (*engine.GaugeOf[set])(nil), (*engine.GaugeFunc)(nil), new(engine.CounterOf[set])} {
		require.False(t, r.UnregisterMetric(none))
	}
}
