// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

func TestOptionsThatDoNotFitTheMetricAreErrors(t *testing.T) {
	objective := func(quantile, epsilon float64) engine.MetricOption {
		return engine.WithObjectives(map[float64]float64{quantile: epsilon})
	}
	nan, inf := math.NaN(), math.Inf(1)
	for name, test := range map[string]struct {
		kind   string
		option engine.MetricOption
		want   error
	}{
		"buckets of a counter":      {"counter", engine.WithBuckets(1), engine.ErrOption},
		"buckets of a gauge":        {"gauge", engine.WithBuckets(1), engine.ErrOption},
		"buckets of a summary":      {"summary", engine.WithBuckets(1), engine.ErrOption},
		"objectives of a counter":   {"counter", objective(0.5, 0.1), engine.ErrOption},
		"objectives of a histogram": {"histogram", objective(0.5, 0.1), engine.ErrOption},
		"max age of a histogram":    {"histogram", engine.WithMaxAge(time.Hour), engine.ErrOption},
		"max age of a gauge":        {"gauge", engine.WithMaxAge(0), engine.ErrOption},
		"negative max age":          {"summary", engine.WithMaxAge(-1), engine.ErrOption},
		"no series":                 {"counter", engine.WithMaxSeries(0), engine.ErrOption},
		"negative series":           {"counter", engine.WithMaxSeries(-3), engine.ErrOption},
		"unit that the name lacks":  {"counter", engine.WithUnit("bytes"), engine.ErrOption},
		"unit that is the name":     {"gauge", engine.WithUnit("x_seconds"), engine.ErrOption},
		"buckets not increasing":    {"histogram", engine.WithBuckets(1, 1), engine.ErrBuckets},
		"buckets decreasing":        {"histogram", engine.WithBuckets(2, 1), engine.ErrBuckets},
		"NaN bucket":                {"histogram", engine.WithBuckets(1, nan), engine.ErrBuckets},
		"-Inf bucket":               {"histogram", engine.WithBuckets(-inf, 1), engine.ErrBuckets},
		"+Inf before the end":       {"histogram", engine.WithBuckets(1, inf, 2), engine.ErrBuckets},
		"too many buckets":          {"histogram", engine.WithBuckets(make([]float64, 100_000)...), engine.ErrBuckets},
		"objective above 1":         {"summary", objective(99, 0.1), engine.ErrObjectives},
		"negative objective":        {"summary", objective(-.1, 0.1), engine.ErrObjectives},
		"NaN objective":             {"summary", objective(nan, 0.1), engine.ErrObjectives},
		"no error allowed":          {"summary", objective(.5, 0), engine.ErrObjectives},
		"NaN error":                 {"summary", objective(.5, nan), engine.ErrObjectives},
	} {
		r := engine.NewRegistry()
		var err error
		switch test.kind {
		case "counter":
			_, err = r.NewCounter("x_seconds", "", test.option)
		case "gauge":
			_, err = r.NewGauge("x_seconds", "", test.option)
		case "histogram":
			_, err = r.NewHistogram("x_seconds", "", test.option)
		default:
			_, err = r.NewSummary("x_seconds", "", test.option)
		}
		require.ErrorIs(t, err, test.want, name)
		require.Contains(t, err.Error(), `quipu: `+test.kind+` "x_seconds": `, name)
		_, ok := r.Lookup("x_seconds")
		require.False(t, ok, name)
	}

	r := engine.NewRegistry()
	_, err := r.NewCounterFunc("f", "", nil)
	require.ErrorIs(t, err, engine.ErrOption)
	_, err = r.NewGaugeFunc("f", "", nil)
	require.ErrorIs(t, err, engine.ErrOption)
	_, err = r.NewCounter("x_seconds_total", "", engine.WithUnit("seconds"))
	require.NoError(t, err, "_total comes after the unit")
}

func TestOptionsKeepNothingOfTheCallers(t *testing.T) {
	r := engine.NewRegistry()
	labels, consts := []string{"a", "b"}, engine.Labels{"c": "1"}
	bounds, objectives := []float64{1, 2}, map[float64]float64{0.5: 0.1}
	h, err := r.NewHistogramVec("h", "", labels, engine.WithConstLabels(consts), engine.WithBuckets(bounds...))
	require.NoError(t, err)
	s, err := r.NewSummary("s", "", engine.WithObjectives(objectives))
	require.NoError(t, err)
	labels[0], consts["c"], bounds[0] = "x", "x", 7
	clear(objectives)
	h.With("1", "2").Observe(1)
	s.Observe(1)
	require.Equal(t, map[string]string{
		`h_bucket{a="1",b="2",c="1",le="1"}`: "1", `h_bucket{a="1",b="2",c="1",le="2"}`: "1",
		`h_bucket{a="1",b="2",c="1",le="+Inf"}`: "1",
		`h_sum{a="1",b="2",c="1"}`:              "1", `h_count{a="1",b="2",c="1"}`: "1",
		`s{quantile="0.5"}`: "1", "s_sum": "1", "s_count": "1",
	}, valuesOf(t, r))
}

func TestRegistryOptionsThatCannotWorkPanic(t *testing.T) {
	for name, option := range map[string]engine.RegistryOption{
		"prefix": engine.WithPrefix("1x"), "reserved": engine.WithPrefix("__x"), "no prefix": engine.WithPrefix(""),
		"no room":       engine.WithMaxSeries(0),
		"negative room": engine.WithMaxSeries(-1), "label": engine.WithConstLabels(engine.Labels{"a-b": ""}),
		"reserved label": engine.WithConstLabels(engine.Labels{"__a": ""}), "clock": engine.WithClock(nil),
		"logger": engine.WithLogger(nil),
	} {
		require.Panics(t, func() { engine.NewRegistry(option) }, name)
	}
}

func TestTheRegistrysClockTellsCreationTimesAndCurrentTime(t *testing.T) {
	now := time.Unix(1_000_000_000, 0)
	r := engine.NewRegistry(engine.WithClock(func() time.Time { return now }))
	g, err := r.NewGauge("now_seconds", "")
	require.NoError(t, err)
	now = now.Add(1500 * time.Millisecond)
	g.SetToCurrentTime()
	require.Equal(t, 1_000_000_001.5, g.Value())

	// A creation time is the time of the clock, even if the clock has been set back or ahead, and
	// never wraps around. Far from the creation of the registry it is rounded to 16 seconds.
	for name, jump := range map[string]time.Duration{
		"back_total": -time.Hour, "ahead_total": 30 * 365 * 24 * time.Hour,
	} {
		now = time.Unix(1_000_000_000, 0).Add(jump)
		_, err = r.NewCounter(name, "")
		require.NoError(t, err)
	}
	page := string(expose(t, r, engine.Exposition{Format: openMetrics, NoSelf: true, Created: true}))
	require.Contains(t, page, "back_created 999996400\n")
	require.Contains(t, page, "ahead_created 1946080000\n")
}
