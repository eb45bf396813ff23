// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/histogram"
	"github.com/quipu-metrics/quipu/internal/textpage"
)

func TestDefinitionsAreApartWhenNoLabelSetCanBelongToBoth(t *testing.T) {
	def := func(consts Labels, labels ...string) definition {
		return definition{vec: true, consts: consts, labels: labels}
	}
	open := func(consts Labels) definition { return definition{vec: true, open: true, consts: consts} }
	for _, test := range []struct {
		name  string
		a, b  definition
		apart bool
	}{
		{"no labels at all", def(nil), def(nil), false},
		{"constants of two values", def(Labels{"pool": "a"}), def(Labels{"pool": "b"}), true},
		{"constants of one value", def(Labels{"pool": "a"}), def(Labels{"pool": "a"}), false},
		{"a constant that the other lacks", def(Labels{"pool": "a"}), def(nil), true},
		{"a constant that is variable in the other", def(Labels{"pool": "a"}), def(nil, "pool"), false},
		{"a constant that may come up in an open set", def(Labels{"pool": "a"}), open(nil), false},
		{"constants of two values, one of them open", def(Labels{"pool": "a"}), open(Labels{"pool": "b"}), true},
		{"open sets with constants of two values", open(Labels{"pool": "a"}), open(Labels{"pool": "b"}), true},
		{"an open set's constant that the other lacks", open(Labels{"pool": "a"}), def(nil, "x"), true},
		{"an empty constant counts as absent", def(Labels{"pool": ""}), def(nil), false},
		{"an empty constant against a value", def(Labels{"pool": ""}), def(Labels{"pool": "a"}), true},
		{"an empty constant against a variable label", def(Labels{"pool": ""}), def(nil, "pool"), false},
		{"one of two constants", def(Labels{"pool": "a", "zone": "1"}), def(Labels{"pool": "a", "zone": "2"}), true},
		{"one constant variable, another absent", def(Labels{"pool": "a", "zone": "1"}), def(nil, "pool"), true},
		{"variable labels alone set nothing apart: they may be empty", def(nil, "a"), def(nil, "b"), false},
		{"other label names beside constants", def(Labels{"pool": "a"}, "x"), def(Labels{"pool": "b"}, "y", "z"), true},
	} {
		require.Equal(t, test.apart, test.a.apart(&test.b), test.name)
		require.Equal(t, test.apart, test.b.apart(&test.a), "%s, the other way round", test.name)
	}
}

// exposed returns the registry's page.
func exposed(t *testing.T, r *Registry, e Exposition) string {
	t.Helper()
	var b strings.Builder
	e.NoSelf = true
	_, err := r.Expose(&b, e)
	require.NoError(t, err)
	return b.String()
}

func TestDefinitionsOfOneNameWithOtherConstantLabelsStandUnderOneHeader(t *testing.T) {
	r := NewRegistry()
	pool := func(name string) Option { return WithConstLabels(Labels{"pool": name}) }
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

	body := "conns_total 7\nconns_total{host=\"x\",pool=\"a\"} 2\nconns_total{host=\"y\",pool=\"a\"} 3\nconns_total{pool=\"b\"} 1\n"
	require.Equal(t, "# HELP conns_total Connections.\n# TYPE conns_total counter\n"+body, exposed(t, r, Exposition{}))
	require.Equal(t, "# HELP conns Connections.\n# TYPE conns counter\n"+body+"# EOF\n",
		exposed(t, r, Exposition{Format: encode.OpenMetrics}))
	require.Equal(t, map[string]int{"conns_total": 1}, messages(t, []byte(exposed(t, r, Exposition{Format: encode.Protobuf}))))

	info, ok := r.Lookup("conns_total")
	require.True(t, ok)
	require.Same(t, none, info.Metric, "the first one of the page")
	var consts []Labels
	for info := range r.All() {
		require.Equal(t, "conns_total", info.Name)
		consts = append(consts, info.Const)
	}
	require.Equal(t, []Labels{{}, {"pool": "a"}, {"pool": "b"}, {"pool": "empty"}}, consts)

	require.True(t, r.Unregister("conns_total"))
	require.Empty(t, exposed(t, r, Exposition{}), "all of the name are gone")
	require.False(t, r.Unregister("conns_total"))
	_, err = r.NewHistogram("conns_total", "Another type.", pool("b"))
	require.NoError(t, err, "and the name is free")
}

func TestLargeFamiliesOfSeveralDefinitionsAreWholeInEveryFormat(t *testing.T) {
	r := NewRegistry()
	const parts, rows = 5, 700
	for i := range parts {
		options := []MetricOption{WithConstLabels(Labels{"part": fmt.Sprint(i)}), WithBuckets(float64(i), 100)}
		if i%2 == 1 {
			options = append(options, WithNative(histogram.NativeDefaults()))
		}
		v, err := r.NewHistogramVec("h_seconds", "H.", []string{"row"}, options...)
		require.NoError(t, err)
		for row := range rows {
			v.With(fmt.Sprint(row)).ObserveWithExemplar(1, Labels{"id": "1"})
		}
	}
	families, err := textpage.Parse(exposed(t, r, Exposition{}))
	require.NoError(t, err)
	require.Len(t, families, 1)
	require.Len(t, families[0].Samples, parts*rows*5, "three buckets, sum and count of each")
	require.Equal(t, 1, strings.Count(exposed(t, r, Exposition{Format: encode.OpenMetrics}), "# TYPE"))
	require.Equal(t, map[string]int{"h_seconds": 1},
		messages(t, []byte(exposed(t, r, Exposition{Format: encode.Protobuf, WholeFamilies: true}))))
	require.Greater(t, messages(t, []byte(exposed(t, r, Exposition{Format: encode.Protobuf})))["h_seconds"], 1)
}

func TestASecondDefinitionSaysWhatDiffersAndWhereTheFirstWasMade(t *testing.T) {
	r := NewRegistry()
	must := func(_ any, err error) { t.Helper(); require.NoError(t, err) }
	must(r.NewCounter("twice_total", "One."))
	must(r.NewGauge("gauge_bytes", "", WithUnit("bytes")))
	must(r.NewGaugeVec("vec", "", []string{"a", "b"}, WithConstLabels(Labels{"zone": "1"})))
	must(r.NewHistogram("hist", "", WithBuckets(1, 2)))
	must(r.NewSummary("sum", ""))
	for _, test := range []struct {
		err  error
		want string
	}{
		{second(r.NewCounter("twice_total", "Two.")), `counter twice_total: name is taken: help differs: "Two.", but "One." in the first`},
		{second(r.NewCounter("twice_total", "Two.", WithConstLabels(Labels{"x": "1"}))), `help differs: "Two.", but "One."`},
		{second(r.NewGauge("twice_total", "One.")), "type differs: gauge, but counter in"},
		{second(r.NewGauge("gauge_bytes", "")), `unit differs: "", but "bytes" in`},
		{second(r.NewGaugeVec("vec", "", []string{"b", "a"}, WithConstLabels(Labels{"zone": "1"}))),
			"label names differ: (b, a), but (a, b) in"},
		{second(r.NewGaugeVec("vec", "", nil, WithConstLabels(Labels{"zone": "1"}))), "label names differ: any, but (a, b) in"},
		{second(r.NewGaugeVec("vec", "", []string{"zone"})),
			"label names differ: (zone), but (a, b) in the first definition; constant labels differ: map[], but map[zone:1] in"},
		{second(r.NewHistogram("hist", "", WithBuckets(1, 3))), "buckets differ: [1 3], but [1 2] in"},
		{second(r.NewHistogram("hist", "", WithBuckets(1, 2), WithNative(histogram.NativeDefaults()))), "native buckets differ: {"},
		{second(r.NewSummary("sum", "", WithMaxAge(0))), "maximum age differs: 0s, but 10m0s in"},
		{second(r.NewCounterFunc("twice_total", "One.", func() float64 { return 0 })), "origin differs: a function, but the program in"},
		{second(r.NewGauge("hist_count", "")), "its series hist_count would collide with histogram hist, defined at "},
	} {
		require.ErrorIs(t, test.err, ErrTaken)
		require.Contains(t, test.err.Error(), test.want)
		require.Regexp(t, `at \S*names_test\.go:\d+$`, test.err.Error())
	}
}

func second[T any](_ T, err error) error { return err }

func TestOtherLimitsReturnTheExistingMetricAndAreLoggedOnce(t *testing.T) {
	var log strings.Builder
	r := NewRegistry(WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	one, err := r.NewGaugeVec("g", "", []string{"a"}, WithMaxSeries(5))
	require.NoError(t, err)
	for range 3 {
		two, err := r.NewGaugeVec("g", "", []string{"a"}, WithMaxSeries(7))
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
	om := func(r *Registry) string {
		return strings.ReplaceAll(exposed(t, r, Exposition{Format: encode.OpenMetrics}), "1.7e+09", "1700000000")
	}
	counter := func(r *Registry) {
		c, err := r.NewCounter("x_total", "")
		require.NoError(t, err)
		c.AddWithExemplar(1, Labels{"id": "a"})
	}
	gauge := func(r *Registry) {
		g, err := r.NewGauge("x", "")
		require.NoError(t, err)
		g.Set(5)
	}
	for _, define := range [][]func(*Registry){{counter, gauge}, {gauge, counter}} {
		r := NewRegistry(WithClock(fixedClock))
		for _, f := range define {
			f(r)
		}
		require.Equal(t, both, om(r))
		require.Equal(t, "# TYPE x gauge\nx 5\n# TYPE x_total counter\nx_total 1\n", exposed(t, r, Exposition{}))
		require.Equal(t, "# TYPE x_total unknown\nx_total 1\n# EOF\n",
			exposed(t, r, Exposition{Format: encode.OpenMetrics, Names: []string{"x_total"}}), "the type does not depend on the choice")
		require.True(t, r.Unregister("x"))
		require.Equal(t, alone, om(r))
		gauge(r)
		require.Equal(t, both, om(r))
		require.True(t, r.Unregister("x_total"))
		require.Equal(t, "# TYPE x gauge\nx 5\n# EOF\n", om(r))
	}

	r := NewRegistry()
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

// hasName must agree with the names that definitions claim.
func TestLookingUpNamesAgreesWithTheirClaims(t *testing.T) {
	r := NewRegistry()
	for i, name := range []string{"a", "a_total", "b_total", "bb_total", "c", "cc", "c_sum_x", "d_count", "d", "z_created"} {
		var err error
		switch i % 4 {
		case 0:
			_, err = r.NewHistogram("h_"+name, "")
		case 1:
			_, err = r.NewSummary("s_"+name, "")
		case 2:
			_, err = r.NewCounter("c_"+name, "")
		default:
			_, err = r.NewGauge("g_"+name, "")
		}
		require.NoError(t, err)
		_, err = r.NewCounter(name, "")
		require.NoError(t, err)
	}
	families := slices.Collect(func(yield func(*family) bool) {
		for _, f := range *r.sorted.Load() {
			if !f.isSelf && !yield(f) {
				return
			}
		}
	})
	claims := map[string]bool{}
	for _, f := range families {
		for _, name := range f.def.series() {
			claims[name] = true
		}
	}
	for name := range claims {
		require.True(t, hasName(families, name), name)
		for _, suffix := range []string{"_count", "_sum", "_bucket", "_created", "_total", "x"} {
			require.Equal(t, claims[name+suffix], hasName(families, name+suffix), name+suffix)
			cut := strings.TrimSuffix(name, suffix)
			require.Equal(t, claims[cut], hasName(families, cut), cut)
		}
	}
	require.Zero(t, testing.AllocsPerRun(100, func() { hasName(families, "h_a_bucket_created") }))
}

func TestARegistrysConstantLabelGivesWayToTheMetricsOwn(t *testing.T) {
	var log strings.Builder
	r := NewRegistry(WithConstLabels(Labels{"version": "2", "zone": "eu", "le": "x"}),
		WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	v, err := r.NewGaugeVec("info", "", []string{"version"})
	require.NoError(t, err)
	v.With("1").Set(1)
	_, err = r.NewGauge("own", "", WithConstLabels(Labels{"zone": "us"}))
	require.NoError(t, err)
	_, err = r.NewHistogram("h", "", WithBuckets())
	require.NoError(t, err)
	_, err = r.NewGauge("plain", "")
	require.NoError(t, err)
	require.NoError(t, r.Register(versioned{}))
	for range 2 {
		_, err = r.NewGaugeVec("info", "", []string{"version"})
		require.NoError(t, err, "the same definition once more")
	}
	families, err := textpage.Parse(exposed(t, r, Exposition{}))
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
		`info{le="x",version="1",zone="eu"}`, `own{le="x",version="2",zone="us"}`, `plain{le="x",version="2",zone="eu"}`,
	}, series)
	require.Equal(t, 4, strings.Count(log.String(), "\n"), log.String())
	for _, want := range []string{"metric=info labels=[version]", "metric=own labels=[zone]", "metric=h labels=[le]", "metric=collected labels=[version]"} {
		require.Contains(t, log.String(), want)
	}
}

// versioned is a collector whose one metric has a label version.
type versioned struct{}

var versionedMetric Collected

func (versioned) Define(d *Definitions) {
	versionedMetric = d.Gauge("collected", "", []string{"version"})
}
func (versioned) Collect(e *Emission) { e.Emit(versionedMetric, 1, "collector") }

func TestCollectorsWithOtherConstantLabelsStandSideBySide(t *testing.T) {
	r := NewRegistry()
	require.NoError(t, r.Register(&pooled{pool: "a"}))
	require.NoError(t, r.Register(&pooled{pool: "b"}))
	err := r.Register(&pooled{pool: "b"})
	require.ErrorIs(t, err, ErrTaken)
	require.Contains(t, err.Error(), "origin differs: a collector, but another collector in the first definition, at ")
	require.Equal(t, "# TYPE size gauge\nsize{pool=\"a\"} 1\nsize{pool=\"b\"} 1\n", exposed(t, r, Exposition{}))
}

type pooled struct {
	pool string
	size Collected
}

func (p *pooled) Define(d *Definitions) {
	p.size = d.Gauge("size", "", nil, WithConstLabels(Labels{"pool": p.pool}))
}
func (p *pooled) Collect(e *Emission) { e.Emit(p.size, 1) }

func TestNativeOptionsThatAreAllZeroSayWhereToStart(t *testing.T) {
	_, err := NewRegistry().NewHistogram("h", "", WithNative(histogram.NativeOptions{}))
	require.ErrorIs(t, err, ErrBuckets)
	require.Contains(t, err.Error(), "start from histogram.NativeDefaults()")
}

func fixedClock() time.Time { return time.Unix(1_700_000_000, 0) }
