// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
)

// In the past the order of names decided: the summary b took the name b_sum from an older source.
func TestTheSourceThatWasAttachedFirstKeepsItsNames(t *testing.T) {
	summary := writing(func(w *engine.Writer) { w.Summary("b", "", engine.SummarySample{}) })
	gauge := writing(func(w *engine.Writer) { w.Gauge("b_sum", "", 1) })
	for _, sources := range [][]*sourceOf{{summary, gauge}, {gauge, summary}} {
		r, _ := logged()
		for _, s := range sources {
			require.NoError(t, r.Attach(s))
		}
		page := pageIn(t, r, engine.Exposition{})
		require.Equal(t, sources[0] == summary, strings.Contains(page, "# TYPE b summary\n"))
		require.Equal(t, sources[0] == gauge, strings.Contains(page, "# TYPE b_sum gauge\n"))
	}
	// Within one source the names decide, because a source may write in any order.
	r, _ := logged()
	calls := 0
	require.NoError(t, r.Attach(writing(func(w *engine.Writer) {
		if calls++; calls%2 == 0 {
			w.Gauge("b_sum", "", 1)
		}
		w.Summary("b", "", engine.SummarySample{})
		w.Gauge("b_sum", "", 1)
	})))
	for range 4 {
		require.Equal(t, "# TYPE b summary\nb_sum 0\nb_count 0\n", pageIn(t, r, engine.Exposition{}))
	}
}

// Many sources write one family, and some of them something else of that name.
func TestFamiliesOfManySourcesMeet(t *testing.T) {
	r, _ := logged()
	for i := range 30 {
		require.NoError(t, r.Attach(writing(func(w *engine.Writer) {
			help := "H."
			if i%3 == 1 {
				help = "Another."
			}
			for _, name := range []string{"d", "a", "c", "b"} {
				if i%5 == 2 && name == "b" {
					w.Counter("b_total", help, 1, label("i", fmt.Sprint(i)))
					continue
				}
				w.Gauge(name, help, float64(i), label("i", fmt.Sprint(i)))
			}
		})))
	}
	page := pageIn(t, r, engine.Exposition{Format: encode.OpenMetrics})
	types := 0
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, "# TYPE") {
			types++
		}
	}
	require.Equal(t, 5, types)
	for _, name := range []string{"a", "c", "d"} {
		require.Equal(t, 20, strings.Count(page, "\n"+name+"{"))
	}
	require.Equal(t, 16, strings.Count(page, "\nb{"))
	require.Equal(t, 4, strings.Count(page, "\nb_total{"))
	require.Contains(t, page, "# TYPE b_total unknown\n")
}

// OpenMetrics calls the families of an info x_info, a counter x_total and a gauge x all x.
func TestAnInfoIsAGaugeWhereItsNameIsTaken(t *testing.T) {
	for _, test := range []struct {
		name, want string
		define     func(r *engine.Registry)
		write      func(w *engine.Writer)
	}{
		{name: "alone", want: "x info"},
		{name: "a gauge of a source", want: "x_info gauge", write: func(w *engine.Writer) { w.Gauge("x", "", 1) }},
		{name: "a counter of a source", want: "x_info gauge", write: func(w *engine.Writer) {
			w.Counter("x_total", "", 1)
		}},
		{name: "a gauge x_total", want: "x info", write: func(w *engine.Writer) { w.Gauge("x_total", "", 1) }},
		{name: "a summary", want: "x_info gauge", write: func(w *engine.Writer) {
			w.Summary("x", "", engine.SummarySample{})
		}},
		{name: "a gauge", want: "x_info gauge", define: func(r *engine.Registry) { must(r.NewGauge("x", "")) }},
		{name: "a counter", want: "x_info gauge", define: func(r *engine.Registry) {
			must(r.NewCounter("x_total", ""))
		}},
		{name: "a function", want: "x_info gauge", define: func(r *engine.Registry) {
			must(r.NewCounterFunc("x_total", "", func() float64 { return 1 }))
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := engine.NewRegistry()
			if test.define != nil {
				test.define(r)
			}
			require.NoError(t, r.Attach(writing(func(w *engine.Writer) {
				w.Info("x", "", label("a", "1"))
				if test.write != nil {
					test.write(w)
				}
			})))
			page := pageIn(t, r, engine.Exposition{Format: encode.OpenMetrics})
			require.Contains(t, page, "# TYPE "+test.want+"\nx_info{a=\"1\"} 1\n")
			families := map[string]bool{}
			for line := range strings.Lines(page) {
				if rest, ok := strings.CutPrefix(line, "# TYPE "); ok {
					name, _, _ := strings.Cut(rest, " ")
					require.False(t, families[name], "two families %s", name)
					families[name] = true
				}
			}
		})
	}
}

// The registry's own counters keep the names that OpenMetrics gives to them.
func TestNoSourceTakesANameOfTheRegistrysOwnCounters(t *testing.T) {
	r, _ := logged()
	require.NoError(t, r.Attach(writing(func(w *engine.Writer) {
		w.Gauge("quipu_scrapes", "", 1)
		w.Info("quipu_scrapes", "", label("a", "1"))
	})))
	page := expose(t, r, engine.Exposition{Format: encode.OpenMetrics})
	require.Equal(t, 1, strings.Count(string(page), "# TYPE quipu_scrapes "))
	require.Contains(t, string(page), "# TYPE quipu_scrapes_info gauge\n")
	require.Contains(t, drops(t, r), `{metric="quipu_scrapes",reason="clash"}`)
}

// A page that shows metrics of the registry alone does not wait for sources.
func TestSourcesAreCalledOnlyIfTheyMayHaveAName(t *testing.T) {
	r := engine.NewRegistry()
	must(r.NewGauge("own", "")).Set(1)
	var calls atomic.Int32
	require.NoError(t, r.Attach(writing(func(w *engine.Writer) {
		calls.Add(1)
		w.Gauge("g", "", 1)
		w.Gauge("own", "", 2)
	})))
	own := []string{"own", "quipu_scrapes_total"}
	require.Contains(t, string(expose(t, r, engine.Exposition{Names: own})), "own 1\n")
	for range r.Read(engine.ReadOptions{Names: own}) {
		continue
	}
	require.Zero(t, calls.Load())
	require.Contains(t, pageIn(t, r, engine.Exposition{Names: []string{"own", "g"}}), "g 1\n")
	require.EqualValues(t, 1, calls.Load())
}

// What a name filter leaves out takes its name all the same.
func TestAFilteredPageShowsTheFamiliesOfTheWholeOne(t *testing.T) {
	r, _ := logged()
	require.NoError(t, r.Attach(writing(func(w *engine.Writer) {
		w.Summary("b", "", engine.SummarySample{})
		w.Gauge("b_sum", "", 1)
		w.Counter("c_total", "", 1)
		w.Gauge("c", "", 1)
	})))
	e := engine.Exposition{Format: encode.OpenMetrics, Names: []string{"b_sum", "c_total"}}
	require.Equal(t, "# TYPE c_total unknown\nc_total 1\n# EOF\n", pageIn(t, r, e))
}
