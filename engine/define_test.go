// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
)

const openMetrics, protobuf = encode.OpenMetrics, encode.Protobuf

func TestIdenticalDefinitionsReturnTheSameMetric(t *testing.T) {
	r := engine.NewRegistry()
	options := func() []engine.MetricOption {
		return []engine.MetricOption{engine.WithConstLabels(engine.Labels{"a": "1", "b": "2"}), engine.WithUnit("seconds")}
	}
	one, err := r.NewHistogram("h_seconds", "H.", append(options(), engine.WithBuckets(1, 2, math.Inf(1)))...)
	require.NoError(t, err)
	two, err := r.NewHistogram("h_seconds", "H.", append(options(), engine.WithBuckets(1, 2))...)
	require.NoError(t, err, "the +Inf bucket need not be given")
	require.Same(t, one, two)

	s1, err := r.NewSummary("s", "", engine.WithObjectives(map[float64]float64{.5: .1}), engine.WithMaxAge(time.Minute))
	require.NoError(t, err)
	s2, err := r.NewSummary("s", "", engine.WithMaxAge(time.Minute), engine.WithObjectives(map[float64]float64{.5: .1}))
	require.NoError(t, err)
	require.Same(t, s1, s2)

	v1, err := r.NewGaugeVec("v", "", []string{"x", "y"}, engine.WithMaxSeries(engine.DefaultMaxSeries))
	require.NoError(t, err)
	v2, err := r.NewGaugeVec("v", "", []string{"x", "y"})
	require.NoError(t, err, "a default may be spelled out")
	require.Same(t, v1, v2)

	type xy struct{ X, Y string }
	typed, err := engine.RegisterGaugeOf[xy](r, "v", "")
	require.NoError(t, err, "a struct of the same labels is the same metric")
	require.Same(t, v1.With("1", "2"), typed.With(xy{"1", "2"}))
}

func TestDifferentDefinitionsOfOneNameAreErrorsThatNameBoth(t *testing.T) {
	base := func(r *engine.Registry) error {
		_, err := r.NewCounterVec("n_total", "N.", []string{"a", "b"})
		return err
	}
	vec := func(help string, labels []string, options ...engine.MetricOption) func(*engine.Registry) error {
		return func(r *engine.Registry) error {
			_, err := r.NewCounterVec("n_total", help, labels, options...)
			return err
		}
	}
	for name, define := range map[string]func(*engine.Registry) error{
		"help":         vec("M.", []string{"a", "b"}),
		"label order":  vec("N.", []string{"b", "a"}),
		"fewer labels": vec("N.", []string{"a"}),
		"no labels":    vec("N.", []string{}),
		"open labels":  vec("N.", nil),
		"type": func(r *engine.Registry) error {
			_, err := r.NewGaugeVec("n_total", "N.", []string{"a", "b"})
			return err
		},
		"single": func(r *engine.Registry) error { _, err := r.NewCounter("n_total", "N."); return err },
		"function": func(r *engine.Registry) error {
			_, err := r.NewCounterFunc("n_total", "N.", func() float64 { return 0 })
			return err
		},
	} {
		r := engine.NewRegistry()
		require.NoError(t, base(r))
		err := define(r)
		require.ErrorIs(t, err, engine.ErrTaken, name)
		require.Contains(t, err.Error(), " in the first definition, at ", name)
		require.Contains(t, err.Error(), "define_test.go:", name)
		require.NoError(t, base(r), "what was there stays as it was")
	}

	r := engine.NewRegistry()
	_, err := r.NewHistogram("h", "", engine.WithBuckets(1, 2))
	require.NoError(t, err)
	_, err = r.NewHistogram("h", "", engine.WithBuckets(1, 3))
	require.ErrorIs(t, err, engine.ErrTaken)
	from := func(context.Context) engine.Labels { return nil }
	_, err = r.NewHistogram("h", "", engine.WithBuckets(1, 2), engine.WithExemplars(from))
	require.ErrorIs(t, err, engine.ErrTaken)
	_, err = r.NewHistogram("n", "", engine.WithNative(histogram.NativeDefaults()))
	require.NoError(t, err)
	_, err = r.NewHistogram("n", "", engine.WithNative(histogram.NativeDefaults()), engine.WithBuckets())
	require.ErrorIs(t, err, engine.ErrTaken)
	_, err = r.NewSummary("s", "")
	require.NoError(t, err)
	_, err = r.NewSummary("s", "", engine.WithMaxAge(0))
	require.ErrorIs(t, err, engine.ErrTaken)
	_, err = r.NewSummary("s", "", engine.WithObjectives(map[float64]float64{0.5: 0.05, 0.9: 0.01, 0.99: 0.002}))
	require.ErrorIs(t, err, engine.ErrTaken)
}

// kinds defines a metric of each type without labels.
var kinds = map[string]func(r *engine.Registry, name string) error{
	"counter":   func(r *engine.Registry, name string) error { _, err := r.NewCounter(name, ""); return err },
	"gauge":     func(r *engine.Registry, name string) error { _, err := r.NewGauge(name, ""); return err },
	"histogram": func(r *engine.Registry, name string) error { _, err := r.NewHistogram(name, ""); return err },
	"summary":   func(r *engine.Registry, name string) error { _, err := r.NewSummary(name, ""); return err },
	"counter vec": func(r *engine.Registry, name string) error {
		_, err := r.NewCounterVec(name, "", []string{"a"})
		return err
	},
	"gauge func": func(r *engine.Registry, name string) error {
		_, err := r.NewGaugeFunc(name, "", func() float64 { return 0 })
		return err
	},
}

func TestNamesThatCollideInAnySeriesOfAnyFormatAreErrorsInBothOrders(t *testing.T) {
	all := []string{"counter", "gauge", "histogram", "summary", "counter vec", "gauge func"}
	for _, test := range []struct {
		kind, name string
		others     []string
		other      string
		collide    bool
	}{
		{"histogram", "x", all, "x_bucket", true},
		{"histogram", "x", all, "x_sum", true},
		{"histogram", "x", all, "x_count", true},
		{"histogram", "x", all, "x_created", true},
		{"summary", "x", all, "x_sum", true},
		{"summary", "x", all, "x_count", true},
		{"summary", "x", all, "x_created", true},
		{"counter", "x_total", all, "x_created", true},
		// Both would have x_created.
		{"counter", "x_total", []string{"histogram", "summary"}, "x", true},
		{"histogram", "x", []string{"counter", "counter vec"}, "x_total", true},

		// OpenMetrics would call the family of a counter x_total x. It shows it as unknown under its whole name then.
		{"counter", "x_total", []string{"counter", "gauge", "counter vec", "gauge func"}, "x", false},
		{"counter vec", "x_total", []string{"counter", "gauge", "counter vec", "gauge func"}, "x", false},
		{"counter", "x_total_total", []string{"counter", "gauge", "counter vec", "gauge func"}, "x_total", false},
		{"histogram", "x", []string{"counter", "counter vec"}, "x_count_total", false},
		{"counter", "x", []string{"gauge", "histogram", "summary"}, "x_total", false},
		{"counter", "x", all, "x_created", false},
		{"summary", "x", []string{"gauge", "histogram"}, "x_bucket", false},
		{"gauge", "x", []string{"gauge", "histogram", "summary"}, "x_total", false},
		{"gauge", "x", all, "x_count", false},
		{"gauge", "x", []string{"gauge", "histogram", "summary"}, "x_created", false},
		{"histogram", "x", all, "x_min", false},
		{"counter", "x_total", all, "x_total_sum", false},
		{"counter", "x", all, "x_sum", false},
	} {
		for _, other := range test.others {
			t.Run(fmt.Sprintf("%s %s and %s %s", test.kind, test.name, other, test.other), func(t *testing.T) {
				for range 2 {
					r := engine.NewRegistry()
					require.NoError(t, kinds[test.kind](r, test.name))
					err := kinds[other](r, test.other)
					if !test.collide {
						require.NoError(t, err)
						return
					}
					require.ErrorIs(t, err, engine.ErrTaken)
					require.Contains(t, err.Error(), " "+test.name)
					require.Contains(t, err.Error(), " "+test.other)

					require.True(t, r.Unregister(test.name))
					require.NoError(t, kinds[other](r, test.other), "all names are free again")
					// And once more the other way round.
					test.kind, test.name, other, test.other = other, test.other, test.kind, test.name
				}
			})
		}
	}
}

func TestTheRegistrysOwnNamesAreTaken(t *testing.T) {
	r := engine.NewRegistry()
	for _, name := range []string{"quipu_scrapes_total", "quipu_scrapes", "quipu_scrape_duration_seconds_count", "quipu_series"} {
		_, err := r.NewGauge(name, "")
		require.ErrorIs(t, err, engine.ErrTaken, name)
		require.Contains(t, err.Error(), "the registry itself", name)
	}
	_, err := r.NewCounter("quipu_scrapes_total", "Pages written.")
	require.ErrorIs(t, err, engine.ErrTaken, "even the same definition: its numbers are the registry's")
	r.Clear()
	require.Contains(t, scrape(t, r).values, "quipu_scrapes_total")
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

func TestStrictMakesMisusePanic(t *testing.T) {
	r := engine.NewRegistry(engine.WithStrict())
	c, err := r.NewCounter("c_total", "")
	require.NoError(t, err)
	g, err := r.NewGauge("g", "")
	require.NoError(t, err)
	v, err := r.NewCounterVec("v_total", "", []string{"a"})
	require.NoError(t, err)
	open, err := r.NewCounterVec("open_total", "", nil)
	require.NoError(t, err)
	for what, misuse := range map[string]func(){
		"-1 added to a counter":                              func() { c.Add(-1) },
		"NaN added to a counter":                             func() { c.Add(math.NaN()) },
		"NaN added to a gauge":                               func() { g.Add(math.NaN()) },
		"got 2 label values, want 1 (a)":                     func() { v.With("a", "b") },
		"got 0 label values, want 1 (a)":                     func() { v.With() },
		`label "a" is missing: got 1 labels (b), want 1 (a)`: func() { v.WithLabels(engine.Labels{"b": ""}) },
		"got 2 labels (a, b), want 1 (a)":                    func() { v.WithLabels(engine.Labels{"a": "", "b": ""}) },
		`invalid label: "a-b": use letters, digits`:          func() { open.WithLabels(engine.Labels{"a-b": "1"}) },
		"use WithLabels":                                     func() { open.With("x") },
	} {
		for range 2 {
			require.PanicsWithValue(t, panicText(misuse), misuse)
			require.Contains(t, panicText(misuse), what)
			require.Regexp(t, `\(at .*/engine/define_test\.go:\d+\)$`, panicText(misuse), "the caller")
		}
	}
	v.With("fine").Inc()
	require.Equal(t, map[string]string{"c_total": "0", "g": "0", `v_total{a="fine"}`: "1"}, valuesOf(t, r))
}

func panicText(f func()) (text string) {
	defer func() { text = fmt.Sprint(recover()) }()
	f()
	return
}

func TestBadMetricNamesAreErrors(t *testing.T) {
	for _, prefix := range []string{"", "app_"} {
		r := engine.NewRegistry()
		if prefix != "" {
			r = engine.NewRegistry(engine.WithPrefix(prefix))
		}
		bad := []string{"", " ", "a b", "a-b", "a.b", "é", "a\n", "a\x00", "a{", `a"`, "\xff", "a\xff"}
		if prefix == "" {
			bad = append(bad, "1a", "__a", "__")
		}
		for _, name := range bad {
			for kind, define := range kinds {
				require.ErrorIs(t, define(r, name), engine.ErrName, "%s %q", kind, name)
			}
		}
		for _, name := range []string{"a", "A9", "_a", ":a", "a:b:c", "a__b", strings.Repeat("x", 1000)} {
			require.NoError(t, kinds["gauge"](r, name), name)
		}
	}
}

// Python's parser refuses a page with it.
func TestACounterCannotBeCalledTotalAndNothingElse(t *testing.T) {
	for _, kind := range []string{"counter", "counter vec"} {
		err := kinds[kind](engine.NewRegistry(), "_total")
		require.ErrorIs(t, err, engine.ErrName)
		require.Contains(t, err.Error(), "something before _total")
	}
	require.NoError(t, kinds["gauge"](engine.NewRegistry(), "_total"))
	require.NoError(t, kinds["counter"](engine.NewRegistry(engine.WithPrefix("app")), "_total"))
}

func TestBadLabelNamesAreErrors(t *testing.T) {
	type option = engine.MetricOption
	vec := map[string]func(*engine.Registry, []string, ...option) error{
		"counter": func(r *engine.Registry, labels []string, o ...option) error {
			_, err := r.NewCounterVec("x", "", labels, o...)
			return err
		},
		"gauge": func(r *engine.Registry, labels []string, o ...option) error {
			_, err := r.NewGaugeVec("x", "", labels, o...)
			return err
		},
		"histogram": func(r *engine.Registry, labels []string, o ...option) error {
			_, err := r.NewHistogramVec("x", "", labels, o...)
			return err
		},
		"summary": func(r *engine.Registry, labels []string, o ...option) error {
			_, err := r.NewSummaryVec("x", "", labels, o...)
			return err
		},
	}
	for kind, define := range vec {
		for _, name := range []string{"", "a b", "a-b", "a:b", "1a", "é", "a\n", `a"`, "a=", "\xff", "__x", "__name__", "__"} {
			r := engine.NewRegistry()
			err := define(r, []string{"ok", name})
			require.ErrorIs(t, err, engine.ErrLabel, "%s %q", kind, name)
			require.ErrorIs(t, define(r, []string{"ok"}, engine.WithConstLabels(engine.Labels{name: ""})), engine.ErrLabel, name)
			require.ErrorIs(t, define(r, nil, engine.WithConstLabels(engine.Labels{name: ""})), engine.ErrLabel, name)
			require.NoError(t, define(r, []string{"ok"}), "nothing was left behind")
		}
		for _, own := range []string{"le", "quantile"} {
			refused := kind == "histogram" && own == "le" || kind == "summary" && own == "quantile"
			for _, err := range []error{
				define(engine.NewRegistry(), []string{own}),
				define(engine.NewRegistry(), []string{}, engine.WithConstLabels(engine.Labels{own: "1"})),
				define(engine.NewRegistry(), nil, engine.WithConstLabels(engine.Labels{own: "1"})),
			} {
				if refused {
					require.ErrorIs(t, err, engine.ErrLabel)
				} else {
					require.NoError(t, err)
				}
			}
		}
		r := engine.NewRegistry(engine.WithConstLabels(engine.Labels{"zone": "1"}))
		require.ErrorIs(t, define(r, []string{"a", "a"}), engine.ErrLabel, "twice")
		require.ErrorIs(t, define(r, []string{"a"}, engine.WithConstLabels(engine.Labels{"a": "1"})), engine.ErrLabel)
		require.NoError(t, define(r, []string{"a"}, engine.WithConstLabels(engine.Labels{"zone": "1"})), "the same value is no clash")
		require.ErrorIs(t, define(r, nil, engine.WithConstLabels(engine.Labels{"a": "1"}), engine.WithConstLabels(engine.Labels{"a": "2"})),
			engine.ErrLabel)
		require.ErrorIs(t, define(engine.NewRegistry(), nil, engine.WithConstLabels(engine.Labels{"overflow": "1"})),
			engine.ErrLabel, "the overflow series of an open metric would have that label twice")
	}
}

func TestOptionsThatDoNotFitTheMetricAreErrors(t *testing.T) {
	objectives := engine.WithObjectives(map[float64]float64{0.5: 0.1})
	nan, inf := math.NaN(), math.Inf(1)
	for name, test := range map[string]struct {
		kind   string
		option engine.MetricOption
		want   error
	}{
		"buckets of a counter":      {"counter", engine.WithBuckets(1), engine.ErrOption},
		"buckets of a gauge":        {"gauge", engine.WithBuckets(1), engine.ErrOption},
		"buckets of a summary":      {"summary", engine.WithBuckets(1), engine.ErrOption},
		"objectives of a counter":   {"counter", objectives, engine.ErrOption},
		"objectives of a histogram": {"histogram", objectives, engine.ErrOption},
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
		"objective above 1":         {"summary", engine.WithObjectives(map[float64]float64{99: 0.1}), engine.ErrObjectives},
		"negative objective":        {"summary", engine.WithObjectives(map[float64]float64{-.1: 0.1}), engine.ErrObjectives},
		"NaN objective":             {"summary", engine.WithObjectives(map[float64]float64{nan: 0.1}), engine.ErrObjectives},
		"no error allowed":          {"summary", engine.WithObjectives(map[float64]float64{.5: 0}), engine.ErrObjectives},
		"NaN error":                 {"summary", engine.WithObjectives(map[float64]float64{.5: nan}), engine.ErrObjectives},
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
		`h_bucket{a="1",b="2",c="1",le="+Inf"}`: "1", `h_sum{a="1",b="2",c="1"}`: "1", `h_count{a="1",b="2",c="1"}`: "1",
		`s{quantile="0.5"}`: "1", "s_sum": "1", "s_count": "1",
	}, valuesOf(t, r))
}
