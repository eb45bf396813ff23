// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
)

// goldenRegistries are the registries whose pages TestPagesAreTheGoldenOnes keeps.
var goldenRegistries = []struct {
	name  string
	build func(t testing.TB) (r *engine.Registry, done func()) // done ends what build has started
	self  bool                                                 // pages with quipu_... are kept whole, too
	large bool                                                 // takes long
}{
	{name: "empty", build: goldenEmpty, self: true},
	{name: "counters", build: goldenCounters},
	{name: "unknown", build: goldenUnknown},
	{name: "gauges", build: goldenGauges},
	{name: "histograms", build: goldenHistograms},
	{name: "native", build: goldenNative},
	{name: "summaries", build: goldenSummaries},
	{name: "labels", build: goldenLabels},
	{name: "typed", build: goldenTyped},
	{name: "names", build: goldenSameNames},
	{name: "hostile", build: goldenHostile},
	{name: "overflow", build: goldenOverflow, self: true},
	{name: "funcs", build: goldenFuncs, self: true},
	{name: "collectors", build: goldenCollectors, self: true},
	{name: "exemplars", build: goldenExemplars},
	{name: "times", build: goldenTimes},
	{name: "timers", build: goldenTimers},
	{name: "long", build: goldenLong, large: true},
	{name: "large", build: goldenLarge, large: true},
}

func nothing() {}

// goldenLabelled returns an empty registry with a prefix and constant labels.
func goldenLabelled() (*engine.Registry, *goldenClock) {
	return goldenRegistry(engine.WithPrefix("shop_"),
		engine.WithConstLabels(engine.Labels{"zone": "eu-1", "app": "shop"}))
}

func goldenEmpty(testing.TB) (*engine.Registry, func()) {
	r, _ := goldenRegistry(engine.WithPrefix("not_for_self_"),
		engine.WithConstLabels(engine.Labels{"zone": "eu-1", "reason": "left out where it is a label"}))
	return r, nothing
}

func goldenCounters(t testing.TB) (*engine.Registry, func()) {
	r, _ := goldenRegistry()
	for _, c := range []struct {
		name string
		adds []float64
	}{
		{"none_total", nil},
		{"whole_total", []float64{1, 2, 1e6}},
		{"fraction_total", []float64{0.25, 1, 0.5}},
		{"tenth_total", []float64{0.1}},
		{"denormal_total", []float64{denormal, denormal}},
		{"past_2_53_total", []float64{1 << 53, 1, 1, 1}},
		{"past_2_53_fraction_total", []float64{1 << 53, 1, 0.5, 0.25}},
		{"up_to_2_63_total", []float64{1 << 61, 1 << 61, 1 << 61, 1<<61 - 1024, 1023}},
		{"beyond_2_64_total", []float64{1 << 70}},
		{"infinite_total", []float64{1, inf, 1}},
		{"too_large_total", []float64{math.MaxFloat64, math.MaxFloat64}},
		{"dropped_total", []float64{3, nan, -1}},
		{"time_seconds_total", []float64{1.5}},
	} {
		var options []engine.MetricOption
		if strings.Contains(c.name, "seconds") {
			options = append(options, engine.WithUnit("seconds"))
		}
		counter, err := r.NewCounter(c.name, "Counts "+strings.ReplaceAll(c.name, "_", " ")+".", options...)
		goldenCheck(t, err)
		for _, v := range c.adds {
			counter.Add(v)
		}
	}
	v, err := r.NewCounterVec("no_help_total", "", []string{"a"})
	goldenCheck(t, err)
	v.With("1").Inc()
	v.With("2").Add(2.5)
	v.With("3")
	return r, nothing
}

// goldenUnknown has counters that OpenMetrics does not know as such: those without _total, and
// x_total beside a family x.
func goldenUnknown(t testing.TB) (*engine.Registry, func()) {
	r, _ := goldenRegistry(engine.WithConstLabels(engine.Labels{"app": "x"}))
	define := func(name string, options ...engine.MetricOption) {
		c, err := r.NewCounter(name, "Without the suffix, or with a family in its way.", options...)
		goldenCheck(t, err)
		c.AddWithExemplar(2, engine.Labels{"trace_id": name})
	}
	define("steps")
	define("plain_seconds", engine.WithUnit("seconds"))
	define("jobs_total")
	jobs, err := r.NewGauge("jobs", "Jobs that there are.")
	goldenCheck(t, err)
	jobs.Set(3)
	define("free_total")
	_, err = r.NewGaugeVec("free", "Without series, and yet in the way.", []string{"a"})
	goldenCheck(t, err)
	return r, nothing
}

func goldenGauges(t testing.TB) (*engine.Registry, func()) {
	r, _ := goldenRegistry()
	v, err := r.NewGaugeVec("values", "Values of all kinds.", []string{"of"})
	goldenCheck(t, err)
	for i, value := range []float64{
		0, minusZero, 1, -1, 0.1, denormal, -denormal, 1 << 53, 1<<53 - 1, -1 << 63, math.MaxFloat64, -math.MaxFloat64,
		inf, -inf, nan, math.Float64frombits(1<<63 | 0x7FF8<<48 | 1), math.Pi, 1e308, 5e-310,
		123456789.125, 1e15, 1e16, 1e21, 1e-7, 2.2250738585072014e-308,
	} {
		v.With(fmt.Sprint(i)).Set(value)
	}
	pi, err := r.NewGauge("pi", "Math.")
	goldenCheck(t, err)
	pi.Set(math.Pi)
	steps, err := r.NewGauge("steps", "Up and down.")
	goldenCheck(t, err)
	steps.Inc()
	steps.Add(3)
	steps.Sub(0.5)
	steps.Dec()
	steps.Add(nan)
	clock, err := r.NewGauge("clock_seconds", "When it is.", engine.WithUnit("seconds"))
	goldenCheck(t, err)
	clock.SetToCurrentTime()
	_, err = r.NewGauge("untouched", "")
	goldenCheck(t, err)
	_, err = r.NewGaugeVec("without_series", "", []string{"a"})
	goldenCheck(t, err)
	return r, nothing
}

func goldenHistograms(t testing.TB) (*engine.Registry, func()) {
	r, _ := goldenRegistry()
	_, err := r.NewHistogram("unused_seconds", "With the buckets of a histogram that says nothing.")
	goldenCheck(t, err)
	for name, bounds := range map[string][]float64{
		"linear": {-10, -5, 0, 5, 10}, "one": {1}, "none": {}, "with_inf": {1, inf},
		"tiny": {denormal, 1e-300, 1e300, math.MaxFloat64}, "around_zero": {-0.5, 0, 0.5},
		"fine": {0.1, 0.2, 0.30000000000000004, 1e6, 1e21},
	} {
		v, err := r.NewHistogramVec(name, "Buckets: "+name+".", []string{"seen"}, engine.WithBuckets(bounds...))
		goldenCheck(t, err)
		for _, s := range []struct {
			seen   string
			values []float64
		}{
			{"nothing", nil},
			{"zeros", []float64{0, minusZero}},
			{"some", []float64{-0.5, 0.25, 0.5, 1, 1.5, 8}},
			{"large", []float64{1 << 53, 2, 1 << 70}},
			{"NaN", []float64{nan, 2, nan}},
			{"+Inf", []float64{inf, 2}},
			{"-Inf", []float64{-inf, 2}},
			{"both infinities", []float64{-inf, inf}},
		} {
			h := v.With(s.seen)
			for _, value := range s.values {
				h.Observe(value)
			}
		}
	}
	sized, err := r.NewHistogram("size_bytes", "", engine.WithUnit("bytes"), engine.WithBuckets(1<<10, 1<<20, 1<<30))
	goldenCheck(t, err)
	for i := range 40 {
		sized.Observe(float64(uint64(1) << i))
	}
	return r, nothing
}

func goldenNative(t testing.TB) (*engine.Registry, func()) {
	r, _ := goldenRegistry(engine.WithConstLabels(engine.Labels{"app": "x"}))
	observe := func(h *engine.Histogram, values ...float64) {
		for _, v := range values {
			h.Observe(v)
		}
	}
	define := func(name string, options ...engine.MetricOption) *engine.HistogramVec {
		v, err := r.NewHistogramVec(name, "Native: "+name+".", []string{"seen"}, options...)
		goldenCheck(t, err)
		return v
	}
	coarse := histogram.NativeOptions{Schema: -4, ZeroThreshold: 0.5, MaxBuckets: 272}
	fine := histogram.NativeOptions{Schema: 8, ZeroThreshold: 1e-300, MaxBuckets: 272}
	for _, v := range []*engine.HistogramVec{
		define("native_seconds", engine.WithUnit("seconds"), engine.WithNative(histogram.NativeDefaults())),
		define("both", engine.WithNative(histogram.NativeDefaults()), engine.WithBuckets(0, 1, 2)),
		define("coarse", engine.WithNative(coarse)),
		define("fine", engine.WithNative(fine)),
		define("fine_both", engine.WithBuckets(1), engine.WithNative(fine)),
	} {
		v.With("nothing")
		observe(v.With("zeros"), 0, minusZero, denormal, -denormal)
		observe(v.With("some"), 0.25, 0.5, 0.5, 1, 1.5, 8, 1024, -2, -0.25)
		observe(v.With("infinities"), inf, 1, inf)
		observe(v.With("both infinities"), inf, -inf)
		observe(v.With("NaN"), nan, 4)
		for i := -40; i <= 40; i++ { // lowers the resolution of all but the coarse one
			observe(v.With("wide"), math.Ldexp(1, i), -math.Ldexp(1, -i))
		}
	}
	only, err := r.NewHistogram("only", "Without labels of its own.", engine.WithNative(histogram.NativeDefaults()))
	goldenCheck(t, err)
	observe(only, 2, 3, 4)
	return r, nothing
}

func goldenSummaries(t testing.TB) (*engine.Registry, func()) {
	r, clock := goldenRegistry()
	define := func(name string, options ...engine.MetricOption) *engine.SummaryVec {
		v, err := r.NewSummaryVec(name, "Summary: "+name+".", []string{"seen"}, options...)
		goldenCheck(t, err)
		return v
	}
	quartiles := engine.WithObjectives(map[float64]float64{0.25: 0.01, 0.75: 0.01, 0: 0.01, 1: 0.001})
	summaries := []*engine.SummaryVec{
		define("usual"),
		define("in_seconds", quartiles, engine.WithUnit("seconds")),
		define("without_objectives", engine.WithObjectives(map[float64]float64{})),
		define("nil_objectives", engine.WithObjectives(nil)),
		define("whole_life", quartiles, engine.WithMaxAge(0)),
		define("a_minute", quartiles, engine.WithMaxAge(time.Minute)),
	}
	observe := func(seen string, values ...float64) {
		for _, v := range summaries {
			s := v.With(seen)
			for _, value := range values {
				s.Observe(value)
			}
		}
	}
	// Few values, or equal ones: any estimate that is right is the same.
	observe("old", 1, 2, 4, 8)
	observe("old and new", 1, 1, 1, 1)
	for _, v := range summaries {
		v.With("old").Snapshot() // dates what has been observed
	}
	clock.add(2 * time.Minute)
	observe("nothing")
	observe("one", 3)
	observe("four", 2, 8, 1, 4)
	observe("minus zero", minusZero, minusZero, denormal, denormal)
	observe("NaN alone", nan)
	observe("NaN", nan, 2, nan)
	observe("+Inf", 1, 1, inf, inf)
	observe("both infinities", -inf, -inf, inf, inf)
	observe("old and new", 16, 16, 16, 16)
	for range 1500 {
		observe("many", 512)
	}
	return r, nothing
}

func goldenLabels(t testing.TB) (*engine.Registry, func()) {
	r, _ := goldenLabelled()
	orders, err := r.NewCounterVec("orders_total", "Orders taken.", []string{"method", "code"})
	goldenCheck(t, err)
	orders.With("POST", "201").Add(7)
	orders.With("GET", "200").Add(2.5)
	orders.WithLabels(engine.Labels{"code": "404", "method": "GET"}).Inc()
	orders.With("", "").Inc()
	orders.With("too", "many", "values").Inc() // dropped
	for n := range 9 {
		var names, values []string
		for i := range n {
			names, values = append(names, fmt.Sprint("l", 9-i)), append(values, fmt.Sprint("v", i))
		}
		v, err := r.NewGaugeVec(fmt.Sprint("labels_", n), "", append([]string{}, names...))
		goldenCheck(t, err)
		v.With(values...).Set(float64(n))
	}
	own, err := r.NewHistogramVec("wait_seconds", "", []string{"queue", "zone"},
		engine.WithBuckets(0.5, 1, 2.5), engine.WithUnit("seconds"),
		engine.WithConstLabels(engine.Labels{"host": "a", "z": ""}))
	goldenCheck(t, err)
	own.With("in", "a zone of its own").Observe(0.75)
	between, err := r.NewSummaryVec("between", "Labels on both sides of quantile.", []string{"a", "z", "R"})
	goldenCheck(t, err)
	between.With("1", "2", "3").Observe(5)
	events, err := r.NewGaugeVec("events", "Open label sets.", nil)
	goldenCheck(t, err)
	events.WithLabels(engine.Labels{"b": "2", "a": "1"}).Set(1e21)
	events.WithLabels(engine.Labels{"b": "", "a": "2"}).Set(4)
	events.WithLabels(nil).Set(inf)
	events.WithLabels(engine.Labels{"not-a-label": "x"}).Set(1) // dropped
	opened, err := r.NewHistogramVec("opened", "Open label sets.", nil, engine.WithBuckets(1))
	goldenCheck(t, err)
	opened.WithLabels(engine.Labels{"kk": "k", "m": "m"}).Observe(1)
	deleted, err := r.NewCounterVec("deleted_total", "Series that come and go.", []string{"a"})
	goldenCheck(t, err)
	for i := range 5 {
		deleted.With(fmt.Sprint(i)).Add(float64(i))
	}
	require.True(t, deleted.Delete("1"))
	require.True(t, deleted.DeleteLabels(engine.Labels{"a": "3"}))
	deleted.With("1").Add(100)
	reset, err := r.NewCounterVec("reset_total", "", []string{"a"})
	goldenCheck(t, err)
	reset.With("1").Inc()
	reset.Reset()
	_, err = r.NewGauge("removed", "")
	goldenCheck(t, err)
	require.True(t, r.Unregister("removed"))
	return r, nothing
}

func goldenTyped(t testing.TB) (*engine.Registry, func()) {
	r, _ := goldenLabelled()
	type code uint16
	type labels struct {
		Method     string `label:"verb"`
		StatusCode code
		Cached     bool
		Shard      int64
		Offset     int8
		Size       uint64
	}
	all := []labels{{}, {"GET", 200, true, -1, -128, math.MaxUint64}, {"\"\\\n", 65535, false, math.MinInt64, 127, 1}}
	c, err := engine.RegisterCounterOf[labels](r, "typed_total", "Typed.")
	goldenCheck(t, err)
	g, err := engine.RegisterGaugeOf[labels](r, "typed", "Typed.")
	goldenCheck(t, err)
	h, err := engine.RegisterHistogramOf[labels](r, "typed_seconds", "Typed.", engine.WithBuckets(1))
	goldenCheck(t, err)
	s, err := engine.RegisterSummaryOf[labels](r, "typed_bytes", "Typed.",
		engine.WithObjectives(map[float64]float64{0.5: 0.1}))
	goldenCheck(t, err)
	for i, l := range all {
		c.With(l).Add(float64(i))
		g.With(l).Set(float64(-i))
		h.With(l).Observe(float64(i))
		s.With(l).Observe(float64(i))
	}
	return r, nothing
}

func goldenSameNames(t testing.TB) (*engine.Registry, func()) {
	r, _ := goldenLabelled()
	pool := func(name string) engine.Option { return engine.WithConstLabels(engine.Labels{"pool": name}) }
	b, err := r.NewCounter("conns_total", "Connections.", pool("b"))
	goldenCheck(t, err)
	b.AddWithExemplar(2, engine.Labels{"trace_id": "b"})
	a, err := r.NewCounterVec("conns_total", "Connections.", []string{"host"}, pool("a"))
	goldenCheck(t, err)
	a.With("h2").Add(3)
	a.With("h1").Inc()
	_, err = r.NewCounterFunc("conns_total", "Connections.", func() float64 { return 7 })
	goldenCheck(t, err)
	_, err = r.NewCounterVec("conns_total", "Connections.", nil, pool("none yet"))
	goldenCheck(t, err)
	for i, bounds := range [][]float64{{1, 2}, {4}, {}} {
		h, err := r.NewHistogram("sizes", "Sizes, in other buckets each.", pool(fmt.Sprint(i)),
			engine.WithBuckets(bounds...))
		goldenCheck(t, err)
		h.Observe(3)
	}
	native, err := r.NewHistogram("sizes", "Sizes, in other buckets each.", pool("native"),
		engine.WithNative(histogram.NativeDefaults()))
	goldenCheck(t, err)
	native.Observe(3)
	for _, q := range []float64{0.5, 0.75} {
		s, err := r.NewSummary("ages", "", pool(fmt.Sprint(q)), engine.WithObjectives(map[float64]float64{q: 0.01}))
		goldenCheck(t, err)
		s.Observe(3)
	}
	return r, nothing
}

// goldenTexts are label values and help texts that have broken other libraries.
var goldenTexts = []string{
	"", " ", "\n", "\\", `"`, "\\n", `\"`, "\\\n\"", `ends in \`, "\t", "\r\n", "\x00", "a\x00b", "\x7f", "é",
	"\U0001d11e", "\u2028", "\ufeff", "\ufffd", "} 1\n# EOF", `"} 1` + "\n" + `hostile{a="2`, "# TYPE x counter",
	"+Inf", "{{.}}", "a,b=c{d}", "\xff", "\xc3\x28", "\xed\xa0\x80", "ok\xf0\x9f\x98", "\xff\xff\xff", "a\xffb\xfec",
	"\x80",
}

func goldenHostile(t testing.TB) (*engine.Registry, func()) {
	r, _ := goldenRegistry(engine.WithConstLabels(engine.Labels{"const": strings.Join(goldenTexts, "|")}))
	v, err := r.NewGaugeVec("hostile", strings.Join(goldenTexts, "|"), []string{"a"})
	goldenCheck(t, err)
	for i, text := range goldenTexts {
		v.With(text).Set(float64(i))
	}
	open, err := r.NewCounterVec("hostile_total", `"quoted" back\slash`+"\nnew line", nil)
	goldenCheck(t, err)
	h, err := r.NewHistogramVec("hostile_seconds", `\n`, []string{"a"}, engine.WithBuckets(1))
	goldenCheck(t, err)
	for _, text := range goldenTexts[:10] {
		open.WithLabels(engine.Labels{"x": text, "const2": text}).AddWithExemplar(1, engine.Labels{"trace_id": text})
		h.With(text).ObserveWithExemplar(1, engine.Labels{"trace_id": text})
	}
	return r, nothing
}

func goldenLong(t testing.TB) (*engine.Registry, func()) {
	r, _ := goldenRegistry()
	v, err := r.NewCounterVec("long_total", strings.Repeat("long \n", 20_000), []string{"a", "b"})
	goldenCheck(t, err)
	for i, text := range []string{"x", "é", `"`, "\xff", "a\xff", "\xc3"} {
		for past := range 3 {
			n := engine.MaxLabelValue/len(text) + past - 1
			v.With(strings.Repeat(text, n), fmt.Sprint(i, past)).Inc()
		}
	}
	return r, nothing
}

func goldenOverflow(t testing.TB) (*engine.Registry, func()) {
	r, _ := goldenRegistry(engine.WithMaxSeries(3), engine.WithConstLabels(engine.Labels{"app": "x"}))
	c, err := r.NewCounterVec("full_total", "Full.", []string{"a", "b"})
	goldenCheck(t, err)
	g, err := r.NewGaugeVec("full", "Full, with open label sets.", nil, engine.WithMaxSeries(1))
	goldenCheck(t, err)
	h, err := r.NewHistogramVec("full_seconds", "", []string{"a"}, engine.WithMaxSeries(2), engine.WithBuckets(1))
	goldenCheck(t, err)
	s, err := r.NewSummaryVec("full_bytes", "", []string{"a"}, engine.WithObjectives(map[float64]float64{0.5: 0.01}))
	goldenCheck(t, err)
	for i := range 6 {
		a := fmt.Sprint(i)
		c.With(a, "x").Inc()
		g.WithLabels(engine.Labels{"a": a}).Set(float64(i))
		h.With(a).Observe(1)
		s.With(a).Observe(1)
	}
	// Each of these is misuse that the registry counts.
	c.With("1", "x").Add(-1)
	c.With("1", "x").Add(nan)
	c.With("one value").Inc()
	c.With("1", "x").AddWithExemplar(1, engine.Labels{"trace-id": "not a label name"})
	c.With("\xff", strings.Repeat("x", engine.MaxLabelValue+1)).Inc()
	g.WithLabels(engine.Labels{"a": "0"}).Add(nan)
	return r, nothing
}
