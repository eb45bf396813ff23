// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
)

// sourceOf is a source that a function makes.
type sourceOf struct {
	emit func(ctx context.Context, w *engine.Writer) error
}

func (s *sourceOf) Emit(ctx context.Context, w *engine.Writer) error { return s.emit(ctx, w) }

func writing(emit func(w *engine.Writer)) *sourceOf {
	return &sourceOf{func(_ context.Context, w *engine.Writer) error { emit(w); return nil }}
}

func pageIn(t *testing.T, r *engine.Registry, e engine.Exposition) string {
	t.Helper()
	var page strings.Builder
	e.NoSelf = true
	_, err := r.Expose(&page, e)
	require.NoError(t, err)
	return page.String()
}

func label(name, value string) engine.Label { return engine.Label{Name: name, Value: value} }

func TestASourceWritesEveryType(t *testing.T) {
	created := time.Unix(500, 0)
	native := engine.NewRegistry()
	n := must(native.NewHistogram("n", "", engine.WithNative(histogram.NativeDefaults())))
	n.Observe(1)
	snapshot := n.Snapshot()
	s := writing(func(w *engine.Writer) {
		w.Counter("a_total", "Counts.", 3, label("x", "1"))
		w.Gauge("b", "Gauge.", -1.5, label("y", "a\"b\\c\nd"), label("x", "\xff"))
		w.Counter("a_total", "Counts.", 4, label("z", "other labels"))
		w.Untyped("c", "", math.NaN())
		w.Histogram("d", "Classic.", engine.HistogramSnapshot{
			Bounds: []float64{1, 2}, Counts: []uint64{1, 0, 2}, Sum: 9,
		})
		w.Histogram("d", "Classic.",
			engine.HistogramSnapshot{Bounds: []float64{5}, Counts: []uint64{1, 0}, Sum: 2}, label("other", "bounds"))
		w.Histogram("e", "Native.", snapshot)
		w.Summary("f", "", engine.SummarySample{
			Estimates: []engine.Estimate{{Quantile: 0.5, Error: 0.1, Value: 7}}, Count: 8, Sum: 9,
		})
		w.Info("g", "Build.", label("version", "1"))
		w.StateSet("h", "", map[string]bool{"up": true, "down": false}, label("x", "1"))
		w.Write(engine.Point{
			Name: "i_total", Type: encode.Counter, Value: 2, Created: created,
			Exemplars: []engine.Exemplar{
				{Labels: []engine.Label{label("trace_id", "7f")}, Value: 1, Time: time.Unix(600, 0)},
			},
		})
		w.Write(engine.Point{
			Name: "j_bytes", Unit: "bytes", Type: encode.Gauge, Value: 2, Labels: []engine.Label{label("q", " } 5 \"")},
			Time: time.UnixMilli(1500),
		})
	})
	r := engine.NewRegistry(engine.WithConstLabels(engine.Labels{"zone": "z"}))
	require.NoError(t, r.Attach(s))
	must(r.NewCounter("c_first_total", "")).Inc()
	require.Equal(t, `# HELP a_total Counts.
# TYPE a_total counter
a_total{x="1",zone="z"} 3
a_total{z="other labels",zone="z"} 4
# HELP b Gauge.
# TYPE b gauge
b{y="a\"b\\c\nd",x="`+"\uFFFD"+`",zone="z"} -1.5
# TYPE c untyped
c{zone="z"} NaN
# TYPE c_first_total counter
c_first_total{zone="z"} 1
# HELP d Classic.
# TYPE d histogram
d_bucket{zone="z",le="1"} 1
d_bucket{zone="z",le="2"} 1
d_bucket{zone="z",le="+Inf"} 3
d_sum{zone="z"} 9
d_count{zone="z"} 3
d_bucket{other="bounds",zone="z",le="5"} 1
d_bucket{other="bounds",zone="z",le="+Inf"} 1
d_sum{other="bounds",zone="z"} 2
d_count{other="bounds",zone="z"} 1
# HELP e Native.
# TYPE e histogram
e_bucket{zone="z",le="+Inf"} 1
e_sum{zone="z"} 1
e_count{zone="z"} 1
# TYPE f summary
f{zone="z",quantile="0.5"} 7
f_sum{zone="z"} 9
f_count{zone="z"} 8
# HELP g_info Build.
# TYPE g_info gauge
g_info{version="1",zone="z"} 1
# TYPE h gauge
h{x="1",h="down",zone="z"} 0
h{x="1",h="up",zone="z"} 1
# TYPE i_total counter
i_total{zone="z"} 2
# TYPE j_bytes gauge
j_bytes{q=" } 5 \"",zone="z"} 2 1500
`, pageIn(t, r, engine.Exposition{}))

	page := pageIn(t, r, engine.Exposition{Format: encode.OpenMetrics, Created: true})
	require.Contains(t, page, "i_total{zone=\"z\"} 2 # {trace_id=\"7f\"} 1 600\ni_created{zone=\"z\"} 500\n")
	require.Contains(t, page, "j_bytes{q=\" } 5 \\\"\",zone=\"z\"} 2 1.5\n")
	require.Contains(t, page, "# TYPE g info\n")
	require.Contains(t, page, "# TYPE h stateset\n")

	var lines []string
	for f := range r.Read(engine.ReadOptions{NoSelf: true, Names: []string{"d", "e", "f", "i_total", "j_bytes"}}) {
		for s := range f.Samples() {
			lines = append(lines, fmt.Sprint(f.Type(), " ", lineOf(f.Name(), s.Clone()), " ", s.Time().UnixMilli()))
		}
	}
	zero := fmt.Sprint(time.Time{}.UnixMilli())
	require.Equal(t, []string{
		"histogram d [{zone z}] bounds=[1 2] counts=[1 0 2] count=3 sum=9 " + zero,
		"histogram d [{other bounds} {zone z}] bounds=[5] counts=[1 0] count=1 sum=2 " + zero,
		"histogram e [{zone z}] bounds=[] counts=[] count=1 sum=1 native=1 {[{0 1}] [1]} " + zero,
		"summary f [{zone z}] estimates=[{0.5 0.1 7}] count=8 sum=9 " + zero,
		"counter i_total [{zone z}] int=2 value=2 exemplar=[{trace_id 7f}] 1 bucket=0 time=600 created=500 " + zero,
		"gauge j_bytes [{q  } 5 \"} {zone z}] value=2 1500",
	}, lines)
}

// OpenMetrics wants the name of the family, prefix included, as the label of a state.
func TestTheLabelOfAStateHasTheRegistrysPrefix(t *testing.T) {
	r := engine.NewRegistry(engine.WithPrefix("lib_"), engine.WithConstLabels(engine.Labels{"lib_mode": "x"}))
	require.NoError(t, r.Attach(writing(func(w *engine.Writer) {
		w.StateSet("mode", "", map[string]bool{"on": true, "off": false}, label("a", "b"))
		w.StateSet("mode", "", map[string]bool{"on": true}, label("lib_mode", "b"))
	})))
	require.Equal(t, `# TYPE lib_mode stateset
lib_mode{a="b",lib_mode="off"} 0
lib_mode{a="b",lib_mode="on"} 1
# EOF
`, pageIn(t, r, engine.Exposition{Format: encode.OpenMetrics}))
	require.Contains(t, drops(t, r), `{metric="lib_mode",reason="labels",lib_mode="x"}`)
}

// The exemplars of a source lie in a buffer that later calls overwrite. A clone shared them.
func TestAClonedSampleOfASourceKeepsItsExemplars(t *testing.T) {
	r := engine.NewRegistry()
	calls := 0
	require.NoError(t, r.Attach(writing(func(w *engine.Writer) {
		calls++
		w.Write(engine.Point{Name: "a_total", Type: encode.Counter, Value: 1, Exemplars: []engine.Exemplar{
			{Labels: []engine.Label{label("call", strconv.Itoa(calls))}, Value: float64(calls)},
		}})
	})))
	var clones []*engine.Sample
	for range 5 {
		for f := range r.Read(engine.ReadOptions{NoSelf: true}) {
			for s := range f.Samples() {
				clones = append(clones, s.Clone())
			}
		}
	}
	require.Len(t, clones, 5)
	for i, clone := range clones {
		require.Equal(t, []engine.Exemplar{
			{Labels: []engine.Label{label("call", strconv.Itoa(i+1))}, Value: float64(i + 1)},
		}, clone.Exemplars())
	}
}

// drops returns the series of sources that a registry has dropped, by metric and reason.
func drops(t *testing.T, r *engine.Registry) map[string]string {
	t.Helper()
	var page strings.Builder
	_, err := r.Expose(&page, engine.Exposition{Names: []string{"quipu_source_drops_total"}})
	require.NoError(t, err)
	counts := map[string]string{}
	for line := range strings.Lines(page.String()) {
		if rest, ok := strings.CutPrefix(line, "quipu_source_drops_total"); ok {
			end := strings.LastIndexByte(rest, ' ')
			counts[rest[:end]] = strings.TrimSpace(rest[end:])
		}
	}
	return counts
}

func TestASeriesThatCannotBeShownCostsItselfAndIsCountedByName(t *testing.T) {
	good := func(w *engine.Writer, name string) { w.Gauge(name, "", 1) }
	for name, test := range map[string]struct {
		write  func(w *engine.Writer)
		metric string
		reason string
	}{
		"invalid name": {func(w *engine.Writer) { good(w, "a:b/c") }, "a:b/c", "name"},
		"hostile name": {func(w *engine.Writer) { good(w, "a\n\xff") }, `a\n` + "\uFFFD", "name"},
		"another type": {func(w *engine.Writer) { good(w, "x"); w.Counter("x", "", 1) }, "x", "header"},
		"another help": {func(w *engine.Writer) {
			good(w, "x")
			w.Gauge("x", "other", 1, label("a", "b"))
		}, "x", "header"},
		"no type":        {func(w *engine.Writer) { w.Write(engine.Point{Name: "x", Type: 99}) }, "x", "header"},
		"labels twice":   {func(w *engine.Writer) { good(w, "x"); good(w, "x") }, "x", "labels"},
		"invalid label":  {func(w *engine.Writer) { w.Gauge("x", "", 1, label("a b", "")) }, "x", "labels"},
		"reserved label": {func(w *engine.Writer) { w.Gauge("x", "", 1, label("__a", "")) }, "x", "labels"},
		"label twice": {func(w *engine.Writer) {
			w.Gauge("x", "", 1, label("a", "1"), label("a", "2"))
		}, "x", "labels"},
		"negative counter": {func(w *engine.Writer) { w.Counter("x_total", "", -1) }, "x_total", "negative"},
		"NaN counter":      {func(w *engine.Writer) { w.Counter("x_total", "", math.NaN()) }, "x_total", "negative"},
		"no histogram": {func(w *engine.Writer) {
			w.Write(engine.Point{Name: "x", Type: encode.Histogram})
		}, "x", "state"},
		"no summary": {func(w *engine.Writer) {
			w.Write(engine.Point{Name: "x", Type: encode.Summary})
		}, "x", "state"},
		"label le": {func(w *engine.Writer) {
			w.Histogram("x", "", engine.HistogramSnapshot{Counts: []uint64{1}}, label("le", "1"))
		}, "x", "labels"},
		"too few counts": {func(w *engine.Writer) {
			w.Histogram("x", "", engine.HistogramSnapshot{Bounds: []float64{1}, Counts: []uint64{1}})
		}, "x", "state"},
		"bounds that fall": {func(w *engine.Writer) {
			w.Histogram("x", "", engine.HistogramSnapshot{Bounds: []float64{2, 1}, Counts: []uint64{1, 1, 1}})
		}, "x", "state"},
		"native counts that do not add up": {func(w *engine.Writer) {
			w.Histogram("x", "", engine.HistogramSnapshot{Native: &histogram.NativeSnapshot{Count: 2, ZeroCount: 1}})
		}, "x", "state"},
		"native buckets without spans": {func(w *engine.Writer) {
			n := histogram.NativeSnapshot{Count: 1, Positive: histogram.NativeBuckets{Deltas: []int64{1}}}
			w.Histogram("x", "", engine.HistogramSnapshot{Native: &n})
		}, "x", "state"},
		"quantiles that fall": {func(w *engine.Writer) {
			w.Summary("x", "", engine.SummarySample{Estimates: []engine.Estimate{{Quantile: 0.9}, {Quantile: 0.5}}})
		}, "x", "state"},
		"an information that is not 1": {func(w *engine.Writer) {
			w.Write(engine.Point{Name: "x", Type: encode.Info, Value: 2})
		}, "x_info", "state"},
		"a state that is neither 0 nor 1": {func(w *engine.Writer) {
			w.Write(engine.Point{
				Name: "x", Type: encode.StateSet, Value: 0.5, Labels: []engine.Label{label("x", "up")},
			})
		}, "x", "state"},
		"a state without its label": {func(w *engine.Writer) {
			w.Write(engine.Point{Name: "x", Type: encode.StateSet, Labels: []engine.Label{label("y", "up")}})
		}, "x", "labels"},
		"a state that is empty": {func(w *engine.Writer) {
			w.StateSet("x", "", map[string]bool{"": true})
		}, "x", "labels"},
		"a name that a metric has":    {func(w *engine.Writer) { good(w, "own") }, "own", "clash"},
		"a name of a metric's sample": {func(w *engine.Writer) { good(w, "hist_sum") }, "hist_sum", "clash"},
		"a sample with a metric's name": {func(w *engine.Writer) {
			w.Summary("sized", "", engine.SummarySample{})
		}, "sized", "clash"},
		"a name of the registry's": {func(w *engine.Writer) { good(w, "quipu_series") }, "quipu_series", "clash"},
		"a sample with another source's": {func(w *engine.Writer) {
			w.Summary("b", "", engine.SummarySample{})
			good(w, "b_sum")
		}, "b_sum", "clash"},
	} {
		t.Run(name, func(t *testing.T) {
			r, log := logged()
			must(r.NewGauge("own", "")).Set(1)
			must(r.NewHistogram("hist", "")).Observe(1)
			must(r.NewGauge("sized_count", "")).Set(1)
			require.NoError(t, r.Attach(writing(func(w *engine.Writer) {
				w.Gauge("healthy", "", 1)
				test.write(w)
			})))
			page := pageIn(t, r, engine.Exposition{})
			require.Contains(t, page, "healthy 1\n")
			require.Contains(t, page, "own 1\n")
			key := fmt.Sprintf(`{metric="%s",reason="%s"}`, test.metric, test.reason)
			require.Contains(t, drops(t, r), key)
			require.Contains(t, log.String(), "dropped a series of a source")
			require.Equal(t, 1, strings.Count(log.String(), "dropped a series"), "once")
		})
	}
}

func TestASourceThatFailsCostsNothingElse(t *testing.T) {
	for name, test := range map[string]struct {
		emit   func(ctx context.Context, w *engine.Writer) error
		reason string
		shown  bool
	}{
		"an error": {func(context.Context, *engine.Writer) error {
			return errors.New("half of it")
		}, "error", true},
		"a panic": {func(context.Context, *engine.Writer) error { panic("no") }, "panic", false},
		"a hang": {func(context.Context, *engine.Writer) error {
			time.Sleep(time.Second)
			return nil
		}, "timeout", false},
		"a source that ends with its context": {func(ctx context.Context, _ *engine.Writer) error {
			<-ctx.Done()
			return ctx.Err()
		}, "error", true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, log := logged()
				must(r.NewGauge("own", "")).Set(1)
				require.NoError(t, r.Attach(&sourceOf{func(ctx context.Context, w *engine.Writer) error {
					w.Gauge("before", "", 1)
					return test.emit(ctx, w)
				}}, engine.WithTimeout(200*time.Millisecond)))
				require.NoError(t, r.Attach(writing(func(w *engine.Writer) { w.Gauge("other", "", 1) })))
				page := pageIn(t, r, engine.Exposition{})
				require.Contains(t, page, "own 1\n")
				require.Contains(t, page, "other 1\n")
				require.Equal(t, test.shown, strings.Contains(page, "before 1\n"))
				require.Contains(t, log.String(), "reason="+test.reason)
				time.Sleep(time.Second) // the hang ends
			})
		})
	}
}

func TestSourcesShareAFamilyAndTheEarlierOneWins(t *testing.T) {
	r := engine.NewRegistry()
	pool := func(name, help string) *sourceOf {
		return writing(func(w *engine.Writer) {
			w.Gauge("conns", help, 1, label("pool", name))
			w.Gauge("conns", help, 2, label("all", "same"))
		})
	}
	require.NoError(t, r.Attach(pool("b", "Help.")))
	require.NoError(t, r.Attach(pool("a", "Help.")))
	require.NoError(t, r.Attach(pool("c", "Another.")))
	want := `# HELP conns Help.
# TYPE conns gauge
conns{pool="b"} 1
conns{all="same"} 2
conns{pool="a"} 1
`
	require.Equal(t, want, pageIn(t, r, engine.Exposition{}))
	require.Equal(t,
		map[string]string{`{metric="conns",reason="header"}`: "1", `{metric="conns",reason="labels"}`: "1"},
		drops(t, r))
	families := 0
	var labels []string
	for f := range r.Read(engine.ReadOptions{NoSelf: true}) {
		families++
		for s := range f.Samples() {
			labels = append(labels, s.Labels()[0].Value)
		}
	}
	require.Equal(t, 1, families)
	require.Equal(t, []string{"b", "same", "a"}, labels)
}

func TestACounterOfASourceIsUnknownWhereItsNameIsTaken(t *testing.T) {
	r := engine.NewRegistry()
	must(r.NewGauge("jobs", "")).Set(1)
	must(r.NewCounter("runs_total", "")).Inc()
	require.NoError(t, r.Attach(writing(func(w *engine.Writer) {
		w.Counter("jobs_total", "", 2)
		w.Gauge("runs", "", 3)
	})))
	require.Equal(t, `# TYPE jobs gauge
jobs 1
# TYPE jobs_total unknown
jobs_total 2
# TYPE runs gauge
runs 3
# TYPE runs_total unknown
runs_total 1
# EOF
`, pageIn(t, r, engine.Exposition{Format: encode.OpenMetrics}))
}

func TestAttachRefusesWhatItCannotCall(t *testing.T) {
	r := engine.NewRegistry()
	s := writing(func(*engine.Writer) {})
	require.NoError(t, r.Attach(s))
	require.ErrorIs(t, r.Attach(s), engine.ErrTaken)
	require.ErrorIs(t, r.Attach(nil), engine.ErrOption)
	require.ErrorIs(t, r.Attach((*sourceOf)(nil)), engine.ErrOption)
	require.ErrorIs(t, r.Attach(incomparableSource{}), engine.ErrOption)
	require.ErrorIs(t, r.Attach(writing(nil), nil), engine.ErrOption)
	require.ErrorIs(t, r.Attach(writing(nil), engine.WithTimeout(0)), engine.ErrOption)
	require.ErrorIs(t, (*engine.Registry)(nil).Attach(writing(nil)), engine.ErrOption)
	require.True(t, r.Detach(s))
	require.False(t, r.Detach(s))
	require.False(t, r.Detach(incomparableSource{}))
	require.False(t, r.Detach(nil))
	require.NoError(t, r.Attach(s))
	r.Clear()
	require.False(t, r.Detach(s), "Clear detaches it")
}

type incomparableSource struct{ _ []int }

func (incomparableSource) Emit(context.Context, *engine.Writer) error { return nil }

func TestWhatIsWrittenAfterEmitHasReturnedIsDropped(t *testing.T) {
	r := engine.NewRegistry()
	var kept *engine.Writer
	require.NoError(t, r.Attach(writing(func(w *engine.Writer) { kept = w })))
	pageIn(t, r, engine.Exposition{})
	kept.Gauge("late", "", 1)
	require.Equal(t, map[string]string{`{metric="late",reason="late"}`: "1"}, drops(t, r))
}

func TestOverlappingPagesShareTheCallOfASource(t *testing.T) {
	r := engine.NewRegistry()
	calls := make(chan int, 100)
	release := make(chan bool)
	require.NoError(t, r.Attach(writing(func(w *engine.Writer) {
		calls <- 1
		<-release
		w.Gauge("x", "", 1)
	})))
	pages := make(chan string)
	for range 4 {
		go func() { pages <- pageIn(t, r, engine.Exposition{}) }()
	}
	<-calls
	time.Sleep(20 * time.Millisecond) // the other pages come in
	close(release)
	for range 4 {
		require.Contains(t, <-pages, "x 1\n")
	}
	require.Less(t, len(calls), 3)
}

func TestPagesOfAHugeSourceComeInChunks(t *testing.T) {
	r := engine.NewRegistry()
	require.NoError(t, r.Attach(writing(func(w *engine.Writer) {
		for i := range 5000 {
			w.Gauge(fmt.Sprint("family_", i%50), "", float64(i), label("i", fmt.Sprint(i)))
		}
	})))
	for _, format := range []encode.Format{encode.Text, encode.OpenMetrics, encode.Protobuf} {
		var most counting
		_, err := r.Expose(&most, engine.Exposition{Format: format, NoSelf: true})
		require.NoError(t, err)
		require.Less(t, int(most), 80<<10)
	}
}

// counting remembers the longest Write.
type counting int

func (c *counting) Write(p []byte) (int, error) {
	*c = max(*c, counting(len(p)))
	return len(p), nil
}
