// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

func TestIdenticalDefinitionsReturnTheSameMetric(t *testing.T) {
	r := engine.NewRegistry()
	options := func() []engine.MetricOption {
		return []engine.MetricOption{
			engine.WithConstLabels(engine.Labels{"a": "1", "b": "2"}), engine.WithUnit("seconds"),
		}
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
		require.Contains(t, err.Error(), "names_test.go:", name)
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

		// OpenMetrics would call the family of a counter x_total x. In these cases it shows the
		// counter as unknown under its whole name.
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
					// The second round defines them in the other order.
					test.kind, test.name, other, test.other = other, test.other, test.kind, test.name
				}
			})
		}
	}
}

func TestDefinitionsOfOneNameWithOtherConstantLabelsStandUnderOneHeader(t *testing.T) {
	r := engine.NewRegistry()
	pool := func(name string) engine.Option { return engine.WithConstLabels(engine.Labels{"pool": name}) }
	b, err := r.NewCounter("conns_total", "Connections.", pool("b"))
	require.NoError(t, err)
	a, err := r.NewCounterVec("conns_total", "Connections.", []string{"host"}, pool("a"))
	require.NoError(t, err)
	none, err := r.NewCounterFunc("conns_total", "Connections.", func() float64 { return 7 })
	require.NoError(t, err)
	again, err := r.NewCounter("conns_total", "Connections.", pool("b"))
	require.NoError(t, err)
	require.Same(t, b, again)
	_, err = r.NewCounterVec("conns_total", "Connections.", nil, pool("empty"))
	require.NoError(t, err)
	b.Inc()
	a.With("x").Add(2)
	a.With("y").Add(3)

	body := "conns_total 7\nconns_total{host=\"x\",pool=\"a\"} 2\n" +
		"conns_total{host=\"y\",pool=\"a\"} 3\nconns_total{pool=\"b\"} 1\n"
	require.Equal(t, "# HELP conns_total Connections.\n# TYPE conns_total counter\n"+body,
		exposed(t, r, engine.Exposition{}))
	require.Equal(t, "# HELP conns Connections.\n# TYPE conns counter\n"+body+"# EOF\n",
		exposed(t, r, engine.Exposition{Format: encode.OpenMetrics}))
	require.Equal(t, map[string]testkit.Pieces{"conns_total": {Messages: 1, Metrics: 4}},
		testkit.ReadProtobuf(t, expose(t, r, engine.Exposition{Format: protobuf, NoSelf: true})))

	info, ok := r.Lookup("conns_total")
	require.True(t, ok)
	require.Same(t, none, info.Metric, "the first one of the page")
	var consts []engine.Labels
	for info := range r.All() {
		require.Equal(t, "conns_total", info.Name)
		consts = append(consts, info.Const)
	}
	require.Equal(t, []engine.Labels{{}, {"pool": "a"}, {"pool": "b"}, {"pool": "empty"}}, consts)

	require.True(t, r.Unregister("conns_total"))
	require.Empty(t, exposed(t, r, engine.Exposition{}), "all of the name are gone")
	require.False(t, r.Unregister("conns_total"))
	_, err = r.NewHistogram("conns_total", "Another type.", pool("b"))
	require.NoError(t, err, "and the name is free")
}

func second[T any](_ T, err error) error { return err }

// Among many definitions of one name, which are told apart by one constant label, a new one is also
// compared with those that do not have that label as a constant.
func TestADefinitionClashesAlsoWithThoseThatLackTheConstantOfTheOthers(t *testing.T) {
	r := engine.NewRegistry()
	define := func(zone, pool string) error {
		if pool == "" {
			_, err := r.NewGaugeVec("g", "", []string{"pool"}, engine.WithConstLabels(engine.Labels{"zone": zone}))
			return err
		}
		_, err := r.NewGauge("g", "", engine.WithConstLabels(engine.Labels{"zone": zone, "pool": pool}))
		return err
	}
	require.NoError(t, define("b", ""), "any pool of zone b")
	for i := range 40 {
		require.NoError(t, define("a", fmt.Sprint(i)))
	}
	require.ErrorIs(t, define("b", "40"), engine.ErrTaken)
	require.ErrorIs(t, define("b", "7"), engine.ErrTaken, "a value that others have")
	require.ErrorIs(t, define("a", ""), engine.ErrTaken)
	require.NoError(t, define("c", ""))
	require.ErrorIs(t, define("c", "41"), engine.ErrTaken)
}

func TestASecondDefinitionSaysWhatDiffersAndWhereTheFirstWasMade(t *testing.T) {
	r := engine.NewRegistry()
	must := func(_ any, err error) { t.Helper(); require.NoError(t, err) }
	must(r.NewCounter("twice_total", "One."))
	must(r.NewGauge("gauge_bytes", "", engine.WithUnit("bytes")))
	must(r.NewGaugeVec("vec", "", []string{"a", "b"}, engine.WithConstLabels(engine.Labels{"zone": "1"})))
	must(r.NewHistogram("hist", "", engine.WithBuckets(1, 2)))
	must(r.NewSummary("sum", ""))
	for _, test := range []struct {
		err  error
		want string
	}{
		{second(r.NewCounter("twice_total", "Two.")),
			`counter twice_total: name is taken: help differs: "Two.", but "One." in the first`},
		{second(r.NewCounter("twice_total", "Two.", engine.WithConstLabels(engine.Labels{"x": "1"}))),
			`help differs: "Two.", but "One."`},
		{second(r.NewGauge("twice_total", "One.")), "type differs: gauge, but counter in"},
		{second(r.NewGauge("gauge_bytes", "")), `unit differs: "", but "bytes" in`},
		{second(r.NewGaugeVec("vec", "", []string{"b", "a"}, engine.WithConstLabels(engine.Labels{"zone": "1"}))),
			"label names differ: (b, a), but (a, b) in"},
		{second(r.NewGaugeVec("vec", "", nil, engine.WithConstLabels(engine.Labels{"zone": "1"}))),
			"label names differ: any, but (a, b) in"},
		{second(r.NewGaugeVec("vec", "", []string{"zone"})),
			"label names differ: (zone), but (a, b) in the first definition; " +
				"constant labels differ: map[], but map[zone:1] in"},
		{second(r.NewHistogram("hist", "", engine.WithBuckets(1, 3))), "buckets differ: [1 3], but [1 2] in"},
		{second(r.NewHistogram("hist", "", engine.WithBuckets(1, 2), engine.WithNative(histogram.NativeDefaults()))),
			"native buckets differ: {"},
		{second(r.NewSummary("sum", "", engine.WithMaxAge(0))), "maximum age differs: 0s, but 10m0s in"},
		{second(r.NewCounterFunc("twice_total", "One.", func() float64 { return 0 })),
			"origin differs: a function, but the program in"},
		{second(r.NewGauge("hist_count", "")), "its series hist_count would collide with histogram hist, defined at "},
	} {
		require.ErrorIs(t, test.err, engine.ErrTaken)
		require.Contains(t, test.err.Error(), test.want)
		require.Regexp(t, `at \S*names_test\.go:\d+$`, test.err.Error())
	}
}

func TestOtherLimitsReturnTheExistingMetricAndAreLoggedOnce(t *testing.T) {
	var log strings.Builder
	r := engine.NewRegistry(engine.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	one, err := r.NewGaugeVec("g", "", []string{"a"}, engine.WithMaxSeries(5))
	require.NoError(t, err)
	for range 3 {
		two, err := r.NewGaugeVec("g", "", []string{"a"}, engine.WithMaxSeries(7))
		require.NoError(t, err)
		require.Same(t, one, two)
	}
	require.Equal(t, 1, strings.Count(log.String(), "\n"), log.String())
	require.Contains(t, log.String(), "metric=g")
	require.Contains(t, log.String(), "series limit differs: 7, but 5 in the first definition, at ")
}

func TestACounterBesideItsUnsuffixedNameIsUnknownInOpenMetrics(t *testing.T) {
	alone := "# TYPE x counter\nx_total 1 # {id=\"a\"} 1 1700000000\n# EOF\n"
	both := "# TYPE x gauge\nx 5\n# TYPE x_total unknown\nx_total 1\n# EOF\n"
	om := func(r *engine.Registry) string {
		return strings.ReplaceAll(exposed(t, r, engine.Exposition{Format: encode.OpenMetrics}), "1.7e+09", "1700000000")
	}
	counter := func(r *engine.Registry) {
		c, err := r.NewCounter("x_total", "")
		require.NoError(t, err)
		c.AddWithExemplar(1, engine.Labels{"id": "a"})
	}
	gauge := func(r *engine.Registry) {
		g, err := r.NewGauge("x", "")
		require.NoError(t, err)
		g.Set(5)
	}
	for _, define := range [][]func(*engine.Registry){{counter, gauge}, {gauge, counter}} {
		r := engine.NewRegistry(engine.WithClock(fixedClock))
		for _, f := range define {
			f(r)
		}
		require.Equal(t, both, om(r))
		require.Equal(t, "# TYPE x gauge\nx 5\n# TYPE x_total counter\nx_total 1\n", exposed(t, r, engine.Exposition{}))
		require.Equal(t, "# TYPE x_total unknown\nx_total 1\n# EOF\n",
			exposed(t, r, engine.Exposition{Format: openMetrics, Names: []string{"x_total"}}),
			"the type does not depend on the choice")
		require.True(t, r.Unregister("x"))
		require.Equal(t, alone, om(r))
		gauge(r)
		require.Equal(t, both, om(r))
		require.True(t, r.Unregister("x_total"))
		require.Equal(t, "# TYPE x gauge\nx 5\n# EOF\n", om(r))
	}

	r := engine.NewRegistry()
	for _, name := range []string{"h_count_total", "y_total", "y_created_total"} {
		_, err := r.NewCounter(name, "")
		require.NoError(t, err)
	}
	require.Contains(t, om(r), "# TYPE h_count counter\n")
	require.Contains(t, om(r), "# TYPE y counter\n")
	require.Contains(t, om(r), "# TYPE y_created_total unknown\n", "y_total may show y_created")
	_, err := r.NewHistogram("h", "")
	require.NoError(t, err)
	require.Contains(t, om(r), "# TYPE h_count_total unknown\nh_count_total 0\n", "samples of others count too")
	require.True(t, r.Unregister("y_total"))
	require.Contains(t, om(r), "# TYPE y_created counter\n")
}

func fixedClock() time.Time { return time.Unix(1_700_000_000, 0) }

func TestJoinNameLeavesOutEmptyParts(t *testing.T) {
	for want, parts := range map[string][3]string{
		"db_pool_waits_total": {"db", "pool", "waits_total"},
		"db_waits_total":      {"db", "", "waits_total"},
		"pool_waits_total":    {"", "pool", "waits_total"},
		"waits_total":         {"", "", "waits_total"},
		"":                    {"db", "pool", ""},
	} {
		require.Equal(t, want, engine.JoinName(parts[0], parts[1], parts[2]))
	}
}

func TestEveryMetricKnowsItsName(t *testing.T) {
	type labels struct{ A string }
	r := engine.NewRegistry(engine.WithPrefix("app_"))
	labelled := []string{"a"}
	zero := func() float64 { return 0 }
	for want, metric := range map[string]interface{ Name() string }{
		"app_a_total": must(r.NewCounter("a_total", "")),
		"app_b":       must(r.NewGauge("b", "")),
		"app_c":       must(r.NewHistogram("c", "")),
		"app_d":       must(r.NewSummary("d", "")),
		"app_e_total": must(r.NewCounterVec("e_total", "", labelled)),
		"app_f":       must(r.NewGaugeVec("f", "", labelled)),
		"app_g":       must(r.NewHistogramVec("g", "", labelled)),
		"app_h":       must(r.NewSummaryVec("h", "", labelled)),
		"app_i_total": must(engine.RegisterCounterOf[labels](r, "i_total", "")),
		"app_j":       must(engine.RegisterGaugeOf[labels](r, "j", "")),
		"app_k":       must(engine.RegisterHistogramOf[labels](r, "k", "")),
		"app_l":       must(engine.RegisterSummaryOf[labels](r, "l", "")),
		"app_m_total": must(r.NewCounterFunc("m_total", "", zero)),
		"app_n":       must(r.NewGaugeFunc("n", "", zero)),
		"app_o":       must(r.NewGaugeVec("o", "", labelled)).With("x"),
	} {
		require.Equal(t, want, metric.Name())
	}
}
