// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
)

var mountClock = engine.WithClock(func() time.Time { return time.Unix(1000, 0) })

// library is a collector that emits series of every form.
type library struct {
	options                        []engine.MetricOption
	value                          float64
	gauge, total, seconds, summary engine.Collected
}

func (l *library) Define(d *engine.Definitions) {
	l.gauge = d.Gauge("collected", "Collected.", []string{"host"}, l.options...)
	l.total = d.Counter("collected_total", "Collected.", nil, l.options...)
	l.seconds = d.Histogram("collected_seconds", "Collected.", nil, append(l.options, engine.WithBuckets(1))...)
	l.summary = d.Summary("collected_bytes", "Collected.", nil, append(l.options,
		engine.WithObjectives(map[float64]float64{0.5: 0.05}))...)
}

func (l *library) Collect(e *engine.Emission) {
	e.Emit(l.gauge, l.value, "h1")
	e.Emit(l.gauge, l.value+1, "h2")
	e.Emit(l.total, l.value)
	e.EmitHistogram(l.seconds, []uint64{1, 2}, l.value)
	e.EmitSummary(l.summary, []float64{l.value}, 3, 4)
}

// fill defines metrics of every kind in a registry, all with the same options.
func fill(t testing.TB, r *engine.Registry, value float64, options ...engine.MetricOption) {
	t.Helper()
	with := func(more ...engine.MetricOption) []engine.MetricOption { return append(slices.Clone(options), more...) }
	trace := engine.Labels{"trace": "1"}
	v := must(r.NewCounterVec("conns_total", "Connections.", []string{"host", "why"}, options...))
	v.With("h1", "a\"b\\c\nd").Add(value)
	v.With("h2", "").AddWithExemplar(value, trace)
	must(r.NewCounterVec("empty_total", "Has no series.", []string{"host"}, options...))
	must(r.NewGauge("size_bytes", "Size.", with(engine.WithUnit("bytes"))...)).Set(value)
	must(r.NewGauge("depth", "Depth.", options...)).Set(value)
	must(r.NewCounter("depth_total", "Unknown in OpenMetrics.", options...)).Add(value)
	open := must(r.NewGaugeVec("open", "Open.", nil, options...))
	open.WithLabels(engine.Labels{"x": "1"}).Set(value)
	open.WithLabels(nil).Set(value)
	h := must(r.NewHistogramVec("wait_seconds", "Wait.", []string{"host"}, with(engine.WithBuckets(1, 2))...))
	h.With("h1").ObserveWithExemplar(value, trace)
	h.With("h2").Observe(value)
	n := must(r.NewHistogram("native", "Native.", with(engine.WithNative(histogram.NativeDefaults()))...))
	n.ObserveWithExemplar(value, trace)
	both := must(r.NewHistogramVec("both", "Both.", []string{"host"},
		with(engine.WithNative(histogram.NativeDefaults()), engine.WithBuckets(1))...))
	both.With("h1").ObserveWithExemplar(value, trace)
	both.With("h2").ObserveWithExemplar(value, trace)
	s := must(r.NewSummaryVec("lag_seconds", "Lag.", []string{"host"}, options...))
	s.With("h1").Observe(value)
	expiring := must(r.NewCounterVec("brief_total", "Brief.", []string{"host"}, with(engine.WithExpiry(time.Hour))...))
	expiring.With("h1").Add(value)
	must(r.NewGaugeFunc("supplied", "Function.", func() float64 { return value }, options...))
	must(r.NewCounterFunc("supplied_total", "Function.", func() float64 { return value }, options...))
	must(r.NewCounterFunc("broken_total", "Fails.", func() float64 { return -1 }, options...))
	require.NoError(t, r.Register(&library{options: options, value: value}))
}

// one is an option that adds one label.
func one(name, value string) engine.ConstLabelsOption {
	return engine.WithConstLabels(engine.Labels{name: value})
}

// formats are the expositions in which pages are compared.
var formats = []engine.Exposition{
	{}, {Format: openMetrics}, {Format: openMetrics, Created: true}, {Format: protobuf},
	{Format: protobuf, WholeFamilies: true}, {Names: []string{"lib_conns_total", "lib_open", "lib_supplied", "depth"}},
	{Format: openMetrics, Names: []string{"lib_depth_total"}},
}

// requireSame compares all that two registries show.
func requireSame(t *testing.T, want, got *engine.Registry) {
	t.Helper()
	for range 2 {
		for _, e := range formats {
			page := exposed(t, want, e)
			require.Greater(t, len(page), 50)
			require.Equal(t, page, exposed(t, got, e), "%+v", e)
		}
		o := engine.ReadOptions{NoSelf: true}
		require.Equal(t, linesOf(want, o), linesOf(got, o))
	}
}

// linesOf reads a registry.
func linesOf(r *engine.Registry, o engine.ReadOptions) (lines []string) {
	for f := range r.Read(o) {
		lines = append(lines, fmt.Sprint("# ", f.Name(), " ", f.Type(), " ", f.Unit(), " ", f.Help()))
		for s := range f.Samples() {
			lines = append(lines, lineOf(f.Name(), s))
		}
	}
	return lines
}

func TestAMountedRegistryIsShownAsIfItsMetricsWereDefinedThere(t *testing.T) {
	labels := func(pool string) engine.ConstLabelsOption {
		return engine.WithConstLabels(engine.Labels{"pool": pool, "zz": "\"\\\n"})
	}
	inner := engine.WithConstLabels(engine.Labels{"shard": "1"})
	direct := engine.NewRegistry(mountClock, engine.WithPrefix("lib_"))
	root := engine.NewRegistry(mountClock, engine.WithPrefix("not_mounted_"),
		engine.WithConstLabels(engine.Labels{"not": "mounted"}))
	for i, pool := range []string{"b", "a", "c"} {
		fill(t, direct, float64(i)+0.5, inner, labels(pool))
		lib := engine.NewRegistry(mountClock, engine.WithConstLabels(engine.Labels{"shard": "1"}))
		if pool == "a" {
			fill(t, lib, float64(i)+0.5)
		}
		require.NoError(t, root.Mount(lib, engine.WithPrefix("lib_"), labels(pool)))
		if pool != "a" { // definitions may come after the mount
			fill(t, lib, float64(i)+0.5)
		}
	}
	requireSame(t, direct, root)
}

func TestMountsOfMountsAddUp(t *testing.T) {
	options := engine.WithConstLabels(engine.Labels{"b": "inner", "c": "middle", "d": "outer"})
	direct := engine.NewRegistry(mountClock, engine.WithPrefix("lib_"))
	fill(t, direct, 3, options)
	innermost, middle, outer := engine.NewRegistry(mountClock), engine.NewRegistry(), engine.NewRegistry()
	fill(t, innermost, 3)
	require.NoError(t, outer.Mount(middle, engine.WithPrefix("l"), one("d", "outer"), one("c", "x")))
	require.NoError(t, middle.Mount(innermost, engine.WithPrefix("ib_"), one("c", "middle"), one("b", "inner")))
	requireSame(t, direct, outer)
	require.Contains(t, exposed(t, middle, engine.Exposition{}), `ib_depth{b="inner",c="middle"} 3`)
	require.Contains(t, exposed(t, innermost, engine.Exposition{}), "\ndepth 3\n")
}

func TestARegistryIsMountedInSeveralPlaces(t *testing.T) {
	calls := 0
	lib := engine.NewRegistry(mountClock)
	must(lib.NewCounter("hits_total", "Hits.")).Inc()
	must(lib.NewGaugeFunc("calls", "Calls.", func() float64 { calls++; return float64(calls) }))
	require.NoError(t, lib.Register(&library{value: 1}))
	first, two := engine.NewRegistry(), engine.NewRegistry()
	require.NoError(t, first.Mount(lib, engine.WithPrefix("a_")))
	require.NoError(t, first.Mount(lib, engine.WithPrefix("b_")))
	require.NoError(t, first.Mount(lib, one("x", "1")))
	require.NoError(t, first.Mount(lib, one("x", "2")))
	require.NoError(t, two.Mount(lib))
	page := exposed(t, first, engine.Exposition{})
	for _, series := range []string{"a_hits_total", "b_hits_total", `hits_total{x="1"}`, `hits_total{x="2"}`} {
		require.Contains(t, page, "\n"+series+" 1\n")
	}
	for _, series := range []string{"a_calls", "b_calls", `calls{x="1"}`, `calls{x="2"}`} {
		require.Contains(t, page, "\n"+series+" 1\n", "one call for the whole page")
	}
	require.Equal(t, exposed(t, lib, engine.Exposition{Names: []string{"hits_total"}}),
		exposed(t, two, engine.Exposition{Names: []string{"hits_total"}}))

	require.True(t, first.Unmount(lib))
	require.False(t, first.Unmount(lib), "all mounts have ended")
	require.Empty(t, exposed(t, first, engine.Exposition{}))
	require.NotEmpty(t, exposed(t, two, engine.Exposition{}))
	must(lib.NewCounter("hits_total", "Hits.")).Inc()
	require.NoError(t, first.Mount(lib))
	require.Contains(t, exposed(t, first, engine.Exposition{}), "\nhits_total 2\n", "it has counted on")
}

// Two libraries use a third one and mount its registry; the program mounts both.
func TestARegistryThatComesByTwoWaysIsShownOnce(t *testing.T) {
	shared := engine.NewRegistry()
	must(shared.NewCounter("shared_total", "")).Inc()
	must(shared.NewGaugeFunc("shared_level", "", func() float64 { return 2 }))
	require.NoError(t, shared.Attach(writing(func(w *engine.Writer) { w.Gauge("found", "", 3) })))
	a, b, root := engine.NewRegistry(), engine.NewRegistry(), engine.NewRegistry()
	for _, m := range [][2]*engine.Registry{{a, shared}, {b, shared}, {root, a}, {root, b}, {root, shared}} {
		require.NoError(t, m[0].Mount(m[1]))
	}
	want := map[string]string{"shared_total": "1", "shared_level": "2", "found": "3"}
	require.Equal(t, want, valuesOf(t, root))
	require.NotContains(t, string(exposed(t, root, engine.Exposition{})), "drops_total{", "nothing clashes")

	require.True(t, root.Unmount(a))
	require.True(t, root.Unmount(shared))
	require.Equal(t, want, valuesOf(t, root), "it still comes by one way")
	require.NoError(t, root.Mount(shared, one("way", "2")))
	require.Len(t, valuesOf(t, root), 6, "that is another place")
}

func TestAMountThatCannotWorkChangesNothing(t *testing.T) {
	lib := func(options ...engine.MetricOption) *engine.Registry {
		r := engine.NewRegistry()
		must(r.NewGauge("a_free", "", options...))
		must(r.NewGauge("depth", "Depth.", options...))
		return r
	}
	self := engine.NewRegistry()
	around := engine.NewRegistry()
	require.NoError(t, around.Mount(self))
	further := engine.NewRegistry()
	require.NoError(t, further.Mount(around))
	series := engine.NewRegistry()
	must(series.NewGauge("series", ""))
	sum := engine.NewRegistry()
	must(sum.NewSummary("depth_x", ""))
	histograms := engine.NewRegistry()
	must(histograms.NewHistogram("depth_x_sum", ""))
	both := engine.NewRegistry()
	must(both.NewGauge("x", "", one("pool", "a")))
	must(both.NewGauge("x", ""))
	twice := lib()
	prefix := func(text string) []engine.MountOption { return []engine.MountOption{engine.WithPrefix(text)} }
	for _, test := range []struct {
		name    string
		other   *engine.Registry
		options []engine.MountOption
		err     error
		text    []string
	}{
		{name: "nil", err: engine.ErrOption},
		{name: "itself", other: self, err: engine.ErrOption, text: []string{"contain itself"}},
		{name: "one that contains it", other: around, err: engine.ErrOption, text: []string{"contain itself"}},
		{name: "one that contains it further down", other: further, err: engine.ErrOption},
		{name: "a nil option", other: lib(), options: []engine.MountOption{nil}, err: engine.ErrOption},
		{name: "a bad prefix", other: lib(), options: prefix("a b"), err: engine.ErrName},
		{name: "an empty prefix", other: lib(), options: prefix(""), err: engine.ErrName},
		{name: "a reserved prefix", other: lib(), options: prefix("__x"), err: engine.ErrName},
		{name: "a bad label", other: lib(), err: engine.ErrLabel,
			options: []engine.MountOption{one("a-b", "")}},
		{name: "a reserved label", other: lib(), err: engine.ErrLabel,
			options: []engine.MountOption{one("__a", "")}},
		{name: "two values of a label", other: lib(), err: engine.ErrLabel, options: []engine.MountOption{
			one("a", "1"), one("a", "2")}},
		{name: "a name that is there", other: lib(), err: engine.ErrTaken, text: []string{"gauge depth, defined at ",
			", and gauge depth, defined at ", "mount_test.go:", "a label set may belong to both"}},
		{name: "another type", other: func() *engine.Registry {
			r := engine.NewRegistry()
			must(r.NewCounterVec("depth", "Depth.", []string{"a"}))
			return r
		}(), err: engine.ErrTaken, options: []engine.MountOption{one("x", "1")},
			text: []string{"counter depth with labels a", "type is counter in one and gauge in the other"}},
		{name: "another help text", other: func() *engine.Registry {
			r := engine.NewRegistry()
			must(r.NewGauge("depth", "Width."))
			return r
		}(), err: engine.ErrTaken, options: []engine.MountOption{one("x", "1")},
			text: []string{`help is "Width." in one and "Depth." in the other`}},
		{name: "a label that the metric has as variable", other: func() *engine.Registry {
			r := engine.NewRegistry()
			must(r.NewGaugeVec("depth", "Depth.", []string{"x"}))
			return r
		}(), err: engine.ErrTaken, options: []engine.MountOption{one("x", "1")}},
		{name: "a series of another metric", other: sum, err: engine.ErrTaken, text: []string{"series depth_x_sum"}},
		{name: "a metric that is called as a series", other: histograms, err: engine.ErrTaken,
			options: prefix("s_"), text: []string{"s_depth_x_sum"}},
		{name: "a name of the registry itself", other: series, err: engine.ErrTaken,
			options: prefix("quipu_"), text: []string{"the registry itself has the gauge quipu_series"}},
		{name: "labels that make two of its metrics one", other: both, err: engine.ErrTaken,
			options: []engine.MountOption{one("pool", "a")}, text: []string{"gauge x, defined"}},
		{name: "the same place again", other: twice, err: engine.ErrTaken, options: prefix("twice_")},
	} {
		r := self
		must(r.NewGauge("depth", "Depth."))
		must(r.NewGauge("depth_x_sum", ""))
		must(r.NewSummary("s_depth_x", ""))
		if !slices.Contains([]*engine.Registry{self, around, further, nil}, test.other) {
			r = engine.NewRegistry()
			must(r.NewGauge("depth", "Depth.")).Set(1)
			must(r.NewGauge("depth_x_sum", ""))
			must(r.NewSummary("s_depth_x", ""))
			require.NoError(t, r.Mount(twice, engine.WithPrefix("twice_")))
		}
		for range 2 {
			before := exposed(t, r, engine.Exposition{})
			err := r.Mount(test.other, test.options...)
			require.ErrorIs(t, err, test.err, test.name)
			require.True(t, strings.HasPrefix(err.Error(), "quipu: Mount: "), err)
			for _, text := range test.text {
				require.Contains(t, err.Error(), text, test.name)
			}
			require.Equal(t, before, exposed(t, r, engine.Exposition{}), test.name)
			require.False(t, test.other != twice && r.Unmount(test.other))
		}
		free := fmt.Sprintf("free_%d_%d_", len(test.name), test.name[0])
		require.NoError(t, r.Mount(lib(), engine.WithPrefix(free)), "%s: the names are free as before", test.name)
		r.Unmount(twice)
		require.Contains(t, exposed(t, r, engine.Exposition{}), "a_free 0")
	}
	var none *engine.Registry
	require.ErrorIs(t, none.Mount(self), engine.ErrOption)
	require.False(t, none.Unmount(self))
}

// The names that a mount has taken before it meets the one that it cannot have are free again: for
// other mounts, and in the index of many definitions of one name.
func TestTheNamesOfAMountThatFailsAreFree(t *testing.T) {
	r := engine.NewRegistry()
	must(r.NewGauge("taken", ""))
	library := func(names ...string) *engine.Registry {
		lib := engine.NewRegistry()
		for _, name := range names {
			must(lib.NewGauge(name, ""))
		}
		return lib
	}
	require.NoError(t, r.Mount(library("before")))
	for i := range 20 { // each with a constant label of its own
		failing := library("free", "taken")
		pool := one("pool", fmt.Sprint(i))
		must(failing.NewGauge("free_too", "", pool))
		must(failing.NewCounter("counts_total", "", pool))
		require.ErrorIs(t, r.Mount(failing), engine.ErrTaken)
		also := engine.NewRegistry()
		must(also.NewGauge("free_too", "Of others.", pool))
		require.NoError(t, r.Mount(also))
		require.True(t, r.Unmount(also))
		counts := engine.NewRegistry()
		must(counts.NewCounter("counts_total", "", pool))
		require.NoError(t, r.Mount(counts))
	}
	require.NoError(t, r.Mount(library("free")))
	page := exposed(t, r, engine.Exposition{})
	require.Contains(t, page, "\nfree 0\n")
	require.NotContains(t, page, "free_too")
	require.Equal(t, 20, strings.Count(page, "\ncounts_total{"))
}

func TestALaterDefinitionThatClashesIsLeftOutCountedAndLoggedOnce(t *testing.T) {
	root, log := logged()
	lib, other := engine.NewRegistry(), engine.NewRegistry()
	require.NoError(t, root.Mount(lib))
	require.NoError(t, root.Mount(other, engine.WithPrefix("o_")))
	must(lib.NewGauge("depth", "Of the library.")).Set(1)
	require.Contains(t, exposed(t, root, engine.Exposition{}), "\ndepth 1\n")
	require.Empty(t, warnings(log))

	own, err := root.NewGauge("depth", "Of the program.")
	require.NoError(t, err, "a definition never fails because of a mount")
	own.Set(2)
	_, err = lib.NewGauge("o_size", "Size.")
	require.NoError(t, err)
	must(other.NewGauge("size", "Size.")).Set(3)
	for i := range 3 {
		page := exposed(t, root, engine.Exposition{})
		require.Contains(t, page, "\ndepth 2\n", "own metrics come first")
		require.NotContains(t, page, "depth 1")
		require.Contains(t, page, "\no_size 0\n", "then those that were mounted first, whichever was defined first")
		require.NotContains(t, page, "o_size 3")
		require.EqualValues(t, i+1, scrapeNamed(t, root, "quipu_mount_drops_total", "depth", "clash"))
	}
	require.Equal(t, exposed(t, lib, engine.Exposition{Names: []string{"depth"}}),
		"# HELP depth Of the library.\n# TYPE depth gauge\ndepth 1\n", "its own page shows it")
	lines := warnings(log)
	require.Len(t, lines, 2)
	require.Contains(t, lines[0], "gauge depth")
	require.Equal(t, 2, strings.Count(lines[0], "mount_test.go:"))

	before := scrapeNamed(t, root, "quipu_mount_drops_total", "o_size", "clash")
	exposed(t, root, engine.Exposition{Names: []string{"depth"}})
	require.Equal(t, before, scrapeNamed(t, root, "quipu_mount_drops_total", "o_size", "clash"),
		"a page that would not show it does not lack it")

	require.True(t, root.Unregister("depth"))
	require.Contains(t, exposed(t, root, engine.Exposition{}), "\ndepth 1\n")
}

// scrapeNamed returns a value of a counter that has the labels metric and reason, without counting
// anything itself.
func scrapeNamed(t *testing.T, r *engine.Registry, name, metric, reason string) float64 {
	t.Helper()
	for f := range r.Read(engine.ReadOptions{Names: []string{name}}) {
		for s := range f.Samples() {
			labels := s.Labels()
			if slices.Contains(labels, label("metric", metric)) && slices.Contains(labels, label("reason", reason)) {
				return s.Value()
			}
		}
	}
	return 0
}

func TestAMetricsOwnLabelsTakeThePlaceOfThoseOfAMount(t *testing.T) {
	lib, log := logged()
	labels := engine.WithConstLabels(engine.Labels{"le": "x", "pool": "a", "quantile": "y", "overflow": "z"})
	must(lib.NewGaugeVec("a", "", []string{"pool"})).With("own").Set(1)
	must(lib.NewGauge("b", "", engine.WithConstLabels(engine.Labels{"pool": "own"}))).Set(1)
	must(lib.NewHistogram("c", "", engine.WithBuckets())).Observe(1)
	must(lib.NewSummary("d", "", engine.WithObjectives(map[float64]float64{0.5: 0.1}))).Observe(1)
	must(lib.NewGaugeVec("e", "", nil, engine.WithMaxSeries(1))).WithLabels(engine.Labels{"f": "g"}).Set(1)
	must(lib.NewGaugeVec("e", "", nil, engine.WithMaxSeries(1))).WithLabels(engine.Labels{"h": "i"}).Set(2)
	root := engine.NewRegistry()
	require.NoError(t, root.Mount(lib, labels))
	for range 2 {
		page := exposed(t, root, engine.Exposition{})
		for _, line := range []string{
			`a{pool="own",le="x",overflow="z",quantile="y"} 1`,
			`b{le="x",overflow="z",pool="own",quantile="y"} 1`,
			`c_bucket{overflow="z",pool="a",quantile="y",le="+Inf"} 1`,
			`d{le="x",overflow="z",pool="a",quantile="0.5"} 1`,
			`e{f="g",le="x",pool="a",quantile="y"} 1`,
			`e{overflow="__overflow__",le="x",pool="a",quantile="y"} 2`,
		} {
			require.Contains(t, page, line+"\n")
		}
	}
	must(lib.NewGaugeVec("later", "", []string{"pool"})).With("own").Set(1)
	require.Contains(t, exposed(t, root, engine.Exposition{}), `later{pool="own",le="x",overflow="z",quantile="y"} 1`)
	var displaced []string
	for _, line := range warnings(log) {
		if strings.Contains(line, "labels of a mount") {
			displaced = append(displaced, line)
		}
	}
	require.Len(t, displaced, 6, "once for each metric")
}

func TestASeriesOfAnOpenLabelSetThatHasALabelOfAMountIsLeftOut(t *testing.T) {
	root, log := logged()
	lib := engine.NewRegistry()
	v := must(lib.NewGaugeVec("open", "", nil))
	v.WithLabels(engine.Labels{"a": "1", "pool": "x"}).Set(1)
	require.NoError(t, root.Mount(lib, one("pool", "x")))
	require.Empty(t, exposed(t, root, engine.Exposition{}), "a family without series is not shown")
	require.Empty(t, linesOf(root, engine.ReadOptions{NoSelf: true}))
	v.WithLabels(engine.Labels{"a": "1"}).Set(2)
	before := scrapeNamed(t, root, "quipu_mount_drops_total", "open", "labels")
	require.Positive(t, before)
	require.Equal(t, "# TYPE open gauge\nopen{a=\"1\",pool=\"x\"} 2\n", exposed(t, root, engine.Exposition{}))
	require.Equal(t, before+1, scrapeNamed(t, root, "quipu_mount_drops_total", "open", "labels"))
	require.Len(t, warnings(log), 1)
	require.Contains(t, exposed(t, lib, engine.Exposition{}), `open{a="1",pool="x"} 1`)
}

func TestThousandRegistriesWithTheSameMetricsAreMountedSideBySide(t *testing.T) {
	root := engine.NewRegistry()
	const n = 1000
	var libs []*engine.Registry
	for i := range n {
		lib := engine.NewRegistry()
		for j := range 5 {
			must(lib.NewGauge(fmt.Sprint("g", j), "")).Set(float64(i))
		}
		require.NoError(t, root.Mount(lib, one("pool", fmt.Sprint(i)), one("zone", "z")))
		libs = append(libs, lib)
	}
	count := func() int { return strings.Count(exposed(t, root, engine.Exposition{}), `zone="z"`) }
	require.Equal(t, 5*n, count())
	require.ErrorIs(t, root.Mount(libs[0], one("pool", "7"), one("zone", "z")), engine.ErrTaken)
	require.NoError(t, root.Mount(libs[0]), "an absent label sets it apart")
	require.ErrorIs(t, root.Mount(libs[1]), engine.ErrTaken)
	for _, lib := range libs[100:] {
		require.True(t, root.Unmount(lib))
	}
	require.Equal(t, 500, count())
	require.NoError(t, root.Mount(libs[500], one("pool", "700")))
	must(libs[3].NewGauge("late", ""))
	require.Equal(t, 501, count())
	require.Contains(t, exposed(t, root, engine.Exposition{Format: encode.Text}), `late{pool="3",zone="z"} 0`)
}
