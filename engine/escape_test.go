// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
)

// escapedPage returns a page without the registry's own metrics and without header lines.
func escapedPage(t testing.TB, r *engine.Registry, e engine.Exposition) string {
	var b strings.Builder
	e.NoSelf = true
	_, err := r.Expose(&b, e)
	require.NoError(t, err)
	var lines []string
	for _, line := range strings.SplitAfter(b.String(), "\n") {
		if !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

// escapingDrops returns what the registry says of metrics that its pages left out.
func escapingDrops(r *engine.Registry) map[string]float64 {
	drops := map[string]float64{}
	for f := range r.Read(engine.ReadOptions{Names: []string{"quipu_escaping_drops_total"}}) {
		for s := range f.Samples() {
			drops[s.Labels()[0].Value+" "+s.Labels()[1].Value] = s.Value()
		}
	}
	return drops
}

func TestPagesShowUTF8NamesAsTheirEscapingSays(t *testing.T) {
	r := engine.NewRegistry(engine.WithUTF8Names())
	must(r.NewCounterVec("http.requests_total", "", []string{"http.method", "code"})).With("GET", "200").Inc()
	must(r.NewGaugeVec("plain", "", nil)).WithLabels(engine.Labels{"a.b": "1"}).Set(2)
	must(r.NewGauge("z", "", engine.WithConstLabels(engine.Labels{"host.name": "h"}))).Set(3)
	for escaping, want := range map[encode.Escaping]string{
		encode.UnderscoresEscaping: "http_requests_total{http_method=\"GET\",code=\"200\"} 1\n" +
			"plain{a_b=\"1\"} 2\nz{host_name=\"h\"} 3\n",
		encode.DotsEscaping: "http_dot_requests__total{http_dot_method=\"GET\",code=\"200\"} 1\n" +
			"plain{a_dot_b=\"1\"} 2\nz{host_dot_name=\"h\"} 3\n",
		encode.ValuesEscaping: "U__http_2e_requests__total{U__http_2e_method=\"GET\",code=\"200\"} 1\n" +
			"plain{U__a_2e_b=\"1\"} 2\nz{U__host_2e_name=\"h\"} 3\n",
		encode.NoEscaping: "{\"http.requests_total\",\"http.method\"=\"GET\",code=\"200\"} 1\n" +
			"plain{\"a.b\"=\"1\"} 2\nz{\"host.name\"=\"h\"} 3\n",
	} {
		for range 2 {
			require.Equal(t, want, escapedPage(t, r, engine.Exposition{Escaping: escaping}), escaping.String())
		}
	}
	require.Contains(t, escapedPage(t, r, engine.Exposition{}), "http_requests_total", "underscores are the default")
	require.Empty(t, escapingDrops(r))

	_, err := r.Expose(new(strings.Builder), engine.Exposition{Escaping: encode.NoEscaping + 1})
	require.ErrorIs(t, err, engine.ErrOption)
}

func TestAPageCanBeLimitedToAnEscapedName(t *testing.T) {
	r := engine.NewRegistry(engine.WithUTF8Names())
	must(r.NewGauge("a.b", "")).Set(1)
	must(r.NewGauge("c.d", "")).Set(2)
	require.NoError(t, r.Attach(writing(func(w *engine.Writer) { w.Gauge("e.f", "", 3); w.Gauge("g.h", "", 4) })))
	for _, names := range [][]string{{"a.b", "e.f"}, {"a_b", "e_f"}} {
		require.Equal(t, "a_b 1\ne_f 3\n", escapedPage(t, r, engine.Exposition{Names: names}))
	}
	unescaped := engine.Exposition{Names: []string{"a.b"}, Escaping: encode.NoEscaping}
	require.Equal(t, "{\"a.b\"} 1\n", escapedPage(t, r, unescaped))
	unescaped.Names = []string{"a_b"}
	require.Empty(t, escapedPage(t, r, unescaped))
}

func TestOfNamesThatEscapeAlikeTheLaterOneIsLeftOutAndCounted(t *testing.T) {
	r, log := logged(engine.WithUTF8Names())
	must(r.NewGauge("x.y", "")).Set(1)
	must(r.NewGauge("x-y", "")).Set(2)                     // it precedes the first one on pages
	must(r.NewHistogram("h.h", "", engine.WithBuckets(1))) // has h_h_count
	must(r.NewGauge("h.h.count", "")).Set(3)               // of which this becomes one
	must(r.NewGauge("p.q", "")).Set(4)                     // and this becomes
	must(r.NewGauge("p_q", "")).Set(5)                     // that, which needs no escaping
	must(r.NewCounter("quipu.scrapes_total", "")).Add(6)   // one of the registry's own
	must(r.NewGaugeVec("v.v", "", []string{"a"}))          // has no series
	must(r.NewGaugeVec("v-v", "", []string{"a"}))          // likewise
	must(r.NewGaugeFunc("f/f", "", func() float64 { return 7 }))
	must(r.NewGaugeFunc("f.f", "", func() float64 { return 8 }))
	for n := range 2 {
		page := escapedPage(t, r, engine.Exposition{})
		require.Equal(t, "f_f 7\nh_h_bucket{le=\"1\"} 0\nh_h_bucket{le=\"+Inf\"} 0\nh_h_sum 0\nh_h_count 0\n"+
			"p_q 5\nx_y 1\n", page)
		drops := map[string]float64{}
		for _, name := range []string{"x-y", "h.h.count", "p.q", "quipu.scrapes_total", "f.f"} {
			drops[name+" name"] = float64(n + 1)
		}
		require.Equal(t, drops, escapingDrops(r))
	}
	left := map[string]float64{}
	escapedPage(t, r, engine.Exposition{LeftOut: func(metric string) { left[metric+" name"]++ }})
	require.Equal(t, map[string]float64{"x-y name": 1, "h.h.count name": 1, "p.q name": 1,
		"quipu.scrapes_total name": 1, "f.f name": 1}, left)
	require.Equal(t, 5, strings.Count(log.String(), "left a metric or a series out of a page with escaped names"), log)
	require.Contains(t, log.String(), "metric=x-y reason=name")

	all := escapedPage(t, r, engine.Exposition{Escaping: encode.ValuesEscaping})
	require.Contains(t, all, "U__x_2d_y 2\n", "this escaping keeps names apart")
	require.Contains(t, all, "U__h_2e_h_2e_count 3\n")
	require.Contains(t, all, "U__quipu_2e_scrapes__total 6\n")
	require.Contains(t, escapedPage(t, r, engine.Exposition{Escaping: encode.NoEscaping}), "{\"x-y\"} 2\n")

	require.True(t, r.Unregister("x.y"))
	require.Contains(t, escapedPage(t, r, engine.Exposition{}), "x_y 2\n", "its turn has come")
}

func TestSeriesWhoseEscapedLabelsAreThoseOfOthersAreLeftOutAndCounted(t *testing.T) {
	r, log := logged(engine.WithUTF8Names())
	open := must(r.NewGaugeVec("open", "", nil))
	open.WithLabels(engine.Labels{"a.b": "1"}).Set(1)
	open.WithLabels(engine.Labels{"a_b": "1"}).Set(2)             // becomes the first one
	open.WithLabels(engine.Labels{"a_b": "2"}).Set(3)             // does not
	open.WithLabels(engine.Labels{"a.b": "1", "a-b": "1"}).Set(4) // two of its labels become one
	open.WithLabels(engine.Labels{"b": "1", "a-b": "2"}).Set(5)
	open.WithLabels(engine.Labels{"b": "1", "a.b": "2"}).Set(6) // the order of its labels may differ
	open.WithLabels(engine.Labels{"..name..": "x"}).Set(7)      // becomes __name__
	must(r.NewGaugeVec("declared", "", []string{"c.d", "c-d"})).With("1", "2").Set(8)
	must(r.NewGauge("apart", "", engine.WithConstLabels(engine.Labels{"e.f": "1"}))).Set(9)
	must(r.NewGauge("apart", "", engine.WithConstLabels(engine.Labels{"e-f": "1"}))).Set(10)
	must(r.NewGauge("apart", "", engine.WithConstLabels(engine.Labels{"e-f": "2"}))).Set(11)
	require.NoError(t, r.Attach(writing(func(w *engine.Writer) {
		w.Gauge("src", "", 1, label("g.h", "1"))
		w.Gauge("src", "", 2, label("g_h", "1"))
		w.Gauge("src", "", 3, label("g_h", "1"), label("g-h", "1"))
	})))
	page := escapedPage(t, r, engine.Exposition{})
	require.Equal(t, "apart{e_f=\"2\"} 11\napart{e_f=\"1\"} 9\n"+
		"open{a_b=\"1\"} 1\nopen{a_b=\"2\"} 3\nopen{a_b=\"2\",b=\"1\"} 5\nsrc{g_h=\"1\"} 1\n", page)
	require.Equal(t, map[string]float64{"open labels": 4, "declared labels": 1, "apart labels": 1, "src labels": 2},
		escapingDrops(r))
	require.Equal(t, 4, strings.Count(log.String(), "left a "), log)
	left := map[string]float64{}
	escapedPage(t, r, engine.Exposition{LeftOut: func(metric string) { left[metric+" labels"]++ }})
	require.Equal(t, map[string]float64{"open labels": 4, "declared labels": 1, "apart labels": 1, "src labels": 2},
		left)

	page = escapedPage(t, r, engine.Exposition{Escaping: encode.NoEscaping})
	require.Equal(t, 14, strings.Count(page, "\n"), page)
}

func TestSourcesLeaveOutFamiliesWhoseEscapedNamesAreTaken(t *testing.T) {
	r, log := logged(engine.WithUTF8Names())
	must(r.NewGauge("a.b", "")).Set(1)
	first := func(w *engine.Writer) {
		w.Gauge("a_b", "", 2) // plain, but the metric wins
		w.Gauge("a-b", "", 3)
		w.Gauge("c.d", "", 4)
		w.Gauge("c_d", "", 5) // plain names of sources win
		w.Gauge("e.f", "", 6, label("x", "1"))
	}
	second := func(w *engine.Writer) {
		w.Gauge("e-f", "", 7)
		w.Gauge("e.f", "", 8, label("x.y", "2"))
		w.Gauge("quipu.series", "", 9)
		w.Gauge("g.h", "", 10)
	}
	require.NoError(t, r.Attach(writing(first)))
	require.NoError(t, r.Attach(writing(second)))
	require.Equal(t, "a_b 1\nc_d 5\ne_f{x=\"1\"} 6\ne_f{x_y=\"2\"} 8\ng_h 10\n", escapedPage(t, r, engine.Exposition{}))
	require.Equal(t, map[string]float64{
		"a_b name": 1, "a-b name": 1, "c.d name": 1, "e-f name": 1, "quipu.series name": 1,
	}, escapingDrops(r))
	require.Equal(t, 2, strings.Count(log.String(), "of a source out of a page"), "once for each source")
	var left []string
	escapedPage(t, r, engine.Exposition{LeftOut: func(metric string) { left = append(left, metric) }})
	require.ElementsMatch(t, []string{"a_b", "a-b", "c.d", "e-f", "quipu.series"}, left)
	require.Equal(t, 10, strings.Count(escapedPage(t, r, engine.Exposition{Escaping: encode.NoEscaping}), "\n"))
}

// In OpenMetrics the family of a counter is called as the counter is without _total.
func TestACounterIsUnknownBesideAnotherFamilyThatIsEscapedToItsName(t *testing.T) {
	for _, c := range []struct{ counter, other, page string }{
		{"a.b_total", "a_b", "# TYPE a_b gauge\na_b 1\n# TYPE a_b_total unknown\na_b_total 2\n"},
		{"a_b_total", "a.b", "# TYPE a_b gauge\na_b 1\n# TYPE a_b_total unknown\na_b_total 2\n"},
		{"a.b_total", "a-b", "# TYPE a_b gauge\na_b 1\n# TYPE a_b_total unknown\na_b_total 2\n"},
		{"a.b_total", "a-c", "# TYPE a_c gauge\na_c 1\n# TYPE a_b counter\na_b_total 2\n"},
		{"a.total", "a", "# TYPE a gauge\na 1\n# TYPE a_total unknown\na_total 2\n"},
	} {
		for _, source := range []string{"", "counter", "other", "both"} {
			r := engine.NewRegistry(engine.WithUTF8Names())
			emit := func(w *engine.Writer) {
				if source == "counter" || source == "both" {
					w.Counter(c.counter, "", 2)
				}
				if source == "other" || source == "both" {
					w.Gauge(c.other, "", 1)
				}
			}
			if source == "" || source == "other" {
				must(r.NewCounter(c.counter, "")).Add(2)
			}
			if source == "" || source == "counter" {
				must(r.NewGauge(c.other, "")).Set(1)
			}
			require.NoError(t, r.Attach(writing(emit)))
			var b strings.Builder
			_, err := r.Expose(&b, engine.Exposition{Format: encode.OpenMetrics, NoSelf: true})
			require.NoError(t, err)
			have := strings.Split(strings.TrimSuffix(b.String(), "# EOF\n"), "\n# ")
			want := strings.Split(c.page, "\n# ")
			require.ElementsMatch(t, strings.Fields(strings.Join(want, " ")), strings.Fields(strings.Join(have, " ")),
				"%v %s", c, source)
		}
	}
}

func TestNamesOfExemplarsAreEscapedToo(t *testing.T) {
	r := engine.NewRegistry(engine.WithUTF8Names())
	must(r.NewCounter("c_total", "")).AddWithExemplar(1, engine.Labels{"trace.id": "1"})
	require.NoError(t, r.Attach(writing(func(w *engine.Writer) {
		w.Write(engine.Point{Name: "s_total", Type: encode.Counter, Value: 1, Exemplars: []engine.Exemplar{
			{Labels: []engine.Label{{Name: "trace.id", Value: "2"}}, Value: 1}}})
	})))
	page := escapedPage(t, r, engine.Exposition{Format: encode.OpenMetrics})
	require.Contains(t, page, `c_total 1 # {trace_id="1"} 1`)
	require.Contains(t, page, `s_total 1 # {trace_id="2"} 1`)
	page = escapedPage(t, r, engine.Exposition{Format: encode.OpenMetrics, Escaping: encode.NoEscaping})
	require.Contains(t, page, `c_total 1 # {"trace.id"="1"} 1`)
	require.Contains(t, page, `s_total 1 # {"trace.id"="2"} 1`)
}

// An info was left out of pages with escaped names when another metric had its name without _info.
// On other pages both stand, and OpenMetrics shows the info as a gauge.
func TestAnInfoWithAnEscapedNameStandsBesideAMetricThatIsCalledAsItsBeginning(t *testing.T) {
	r := engine.NewRegistry(engine.WithUTF8Names())
	must(r.NewGauge("a_b", "")).Set(1)
	must(r.NewHistogram("c.d", "", engine.WithBuckets(1)))
	require.NoError(t, r.Attach(writing(func(w *engine.Writer) {
		w.Write(engine.Point{Name: "a.b_info", Type: encode.Info, Value: 1})
		w.Write(engine.Point{Name: "c-d.sum_info", Type: encode.Info, Value: 1})
		w.Write(engine.Point{Name: "e.f_info", Type: encode.Info, Value: 1})
	})))
	want := "a_b 1\na_b_info 1\nc_d_bucket{le=\"1\"} 0\nc_d_bucket{le=\"+Inf\"} 0\nc_d_sum 0\nc_d_count 0\n" +
		"c_d_sum_info 1\ne_f_info 1\n"
	lines := strings.SplitAfter(escapedPage(t, r, engine.Exposition{}), "\n")
	slices.Sort(lines)
	all := strings.SplitAfter(want, "\n")
	slices.Sort(all)
	require.Equal(t, all, lines)
	require.Empty(t, escapingDrops(r))
	page := exposed(t, r, engine.Exposition{Format: encode.OpenMetrics, NoSelf: true})
	require.Contains(t, page, "# TYPE a_b_info gauge\n")
	require.Contains(t, page, "# TYPE c_d_sum_info gauge\n")
	require.Contains(t, page, "# TYPE e_f info\n")
}
