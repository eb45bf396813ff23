// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
)

// writeAll writes families of every type.
func writeAll(w *engine.Writer) {
	at, host := time.Unix(900, 0), label("host", "a\"b\\\n")
	exemplars := []engine.Exemplar{{Labels: []engine.Label{label("trace", "1")}, Value: 0.5, Time: at}}
	w.Write(engine.Point{Name: "seen_total", Help: "Seen.", Type: encode.Counter, Value: 1, Exemplars: exemplars,
		Created: at, Labels: []engine.Label{host}})
	w.Counter("odd", "A counter without the suffix.", 2, host)
	w.Counter("depth_total", "Unknown in OpenMetrics.", 3)
	w.Gauge("depth", "Depth.", 3)
	w.Write(engine.Point{Name: "old", Type: encode.Gauge, Value: 1, Time: at})
	w.Untyped("loose", "", 4, host)
	for i := range 2 {
		w.Histogram("wait_seconds", "Wait.", engine.HistogramSnapshot{
			Bounds: []float64{float64(i)}, Counts: []uint64{1, 2}, Sum: 3,
		}, label("i", fmt.Sprint(i)))
	}
	native := &histogram.NativeSnapshot{Count: 1, Sum: 1, ZeroCount: 1}
	for i := range 2 {
		w.Write(engine.Point{Name: "native", Type: encode.Histogram, Exemplars: exemplars,
			Histogram: &engine.HistogramSnapshot{Native: native}, Labels: []engine.Label{label("i", fmt.Sprint(i))}})
	}
	estimates := []engine.Estimate{{Quantile: 0.5, Value: 1}}
	w.Summary("lag_seconds", "Lag.", engine.SummarySample{Estimates: estimates, Count: 2})
	w.Info("build", "Build.", label("version", "1"))
	w.StateSet("mode", "Mode.", map[string]bool{"on": true, "off": false}, host)
}

func TestSourcesOfAMountedRegistryAreShownAsIfTheyWereAttachedThere(t *testing.T) {
	labels := engine.WithConstLabels(engine.Labels{"pool": "p", "zone": "\"z\n"})
	direct := engine.NewRegistry(mountClock, engine.WithPrefix("lib_"), labels)
	require.NoError(t, direct.Attach(writing(writeAll)))
	lib, root := engine.NewRegistry(mountClock), engine.NewRegistry(mountClock)
	require.NoError(t, lib.Attach(writing(writeAll)))
	require.NoError(t, root.Mount(lib, engine.WithPrefix("lib_"), labels))
	for range 2 {
		for _, e := range []engine.Exposition{{}, {Format: openMetrics, Created: true}, {Format: protobuf},
			{Names: []string{"lib_mode", "lib_seen_total"}}} {
			page := exposed(t, direct, e)
			require.Greater(t, len(page), 50)
			require.Equal(t, page, exposed(t, root, e), "%+v", e)
		}
		o := engine.ReadOptions{NoSelf: true}
		require.Equal(t, linesOf(direct, o), linesOf(root, o))
	}
	require.Contains(t, exposed(t, root, engine.Exposition{}), `lib_mode{host="a\"b\\\n",lib_mode="on",pool="p"`)
	require.Contains(t, exposed(t, root, engine.Exposition{Format: openMetrics}), "# TYPE lib_depth_total unknown\n")
	require.Empty(t, drops(t, root))
}

func TestASourceIsCalledOnceForAllPlaces(t *testing.T) {
	calls := 0
	lib, root := engine.NewRegistry(), engine.NewRegistry()
	require.NoError(t, lib.Attach(writing(func(w *engine.Writer) {
		calls++
		w.Gauge("x", "", float64(calls))
	})))
	for i := range 12 { // more than a header keeps
		require.NoError(t, root.Mount(lib, engine.WithPrefix(fmt.Sprint("p", i%2, "_")), one("i", fmt.Sprint(i))))
		require.NoError(t, root.Mount(lib, engine.WithPrefix(fmt.Sprint("q", i, "_"))))
	}
	for n := range 2 {
		page := exposed(t, root, engine.Exposition{})
		for i := range 12 {
			require.Contains(t, page, fmt.Sprintf("p%d_x{i=\"%d\"} %d\n", i%2, i, n+1))
			require.Contains(t, page, fmt.Sprintf("q%d_x %d\n", i, n+1))
		}
	}
}

// Of series with equal labels the first one is shown, whoever has added the labels.
func TestDuplicatesAmongSourcesAreFoundWhereMountsChangeLabels(t *testing.T) {
	gauges := func(value float64, labels ...string) *sourceOf {
		return writing(func(w *engine.Writer) {
			for _, pool := range labels {
				w.Gauge("x", "", value, label("pool", pool), label("a", "1")) // an empty label is absent
			}
		})
	}
	prefixed := writing(func(w *engine.Writer) { w.Gauge("lib_x", "", 1, label("a", "1")) })
	type mounted struct {
		source *sourceOf
		prefix string
		pool   string
	}
	for _, test := range []struct {
		name   string
		root   *sourceOf
		mounts []mounted
		want   []string
		drops  int
	}{
		{name: "a label of the mount and the series' own", mounts: []mounted{{gauges(1, "", "p", "q"), "", "p"}},
			want: []string{`{a="1",pool="p"} 1`, `{pool="q",a="1"} 1`}, drops: 1},
		{name: "two mounts", mounts: []mounted{{gauges(1, ""), "", "p"}, {gauges(2, "p", "q"), "", "p"}},
			want: []string{`{a="1",pool="p"} 1`, `{pool="q",a="1"} 2`}, drops: 1},
		{name: "the registry and a mount", root: gauges(1, "p"), mounts: []mounted{{gauges(2, "", "q"), "", "p"}},
			want: []string{`{pool="p",a="1"} 1`, `{pool="q",a="1"} 2`}, drops: 1},
		{name: "mounts that change nothing", root: gauges(1, "p"), mounts: []mounted{{gauges(2, "", "p"), "", ""}},
			want: []string{`{pool="p",a="1"} 1`, `{a="1"} 2`}, drops: 1},
		{name: "mounts that make a name", root: prefixed, mounts: []mounted{{gauges(2, "", "p"), "lib_", ""}},
			want: []string{`{a="1"} 1`, `{pool="p",a="1"} 2`}, drops: 1},
		{name: "other values", mounts: []mounted{{gauges(1, ""), "", "p"}, {gauges(2, ""), "", "q"}},
			want: []string{`{a="1",pool="p"} 1`, `{a="1",pool="q"} 2`}},
	} {
		root, _ := logged()
		if test.root != nil {
			require.NoError(t, root.Attach(test.root))
		}
		name := "x"
		for _, m := range test.mounts {
			lib := engine.NewRegistry()
			require.NoError(t, lib.Attach(m.source))
			var options []engine.MountOption
			if m.prefix != "" {
				options = append(options, engine.WithPrefix(m.prefix))
				name = m.prefix + "x"
			}
			if m.pool != "" {
				options = append(options, one("pool", m.pool))
			}
			require.NoError(t, root.Mount(lib, options...), test.name)
		}
		for range 3 {
			want := "# TYPE " + name + " gauge\n"
			for _, series := range test.want {
				want += name + series + "\n"
			}
			require.Equal(t, want, exposed(t, root, engine.Exposition{}), test.name)
		}
		require.Len(t, drops(t, root), test.drops, test.name)
	}
}

func TestTheLabelOfAStateGivesWayToNoOther(t *testing.T) {
	lib, root := engine.NewRegistry(), engine.NewRegistry()
	require.NoError(t, lib.Attach(writing(func(w *engine.Writer) {
		w.StateSet("mode", "", map[string]bool{"on": true}, label("lib_mode", "x"))
		w.StateSet("mode", "", map[string]bool{"on": true}, label("lib_mode", "y"))
	})))
	require.NoError(t, root.Mount(lib, engine.WithPrefix("lib_"), one("lib_mode", "m"), one("a", "")))
	page := exposed(t, root, engine.Exposition{Format: openMetrics})
	require.Equal(t, "# TYPE lib_mode stateset\nlib_mode{lib_mode=\"on\"} 1\n# EOF\n", page,
		"a page with two labels of one name is refused")
	require.Len(t, drops(t, root), 1)
}

func TestMetricsOfAllRegistriesWinOverSources(t *testing.T) {
	root, log := logged()
	lib := engine.NewRegistry()
	require.NoError(t, root.Attach(writing(func(w *engine.Writer) {
		w.Gauge("lib_depth", "Of the source.", 1)
		w.Gauge("lib_wait_sum", "", 1)
		w.Gauge("free", "", 1)
	})))
	require.NoError(t, lib.Attach(writing(func(w *engine.Writer) {
		w.Counter("free", "Another type.", 1)
		w.Gauge("series", "Of the registry itself.", 1)
	})))
	must(lib.NewGauge("depth", "Depth.")).Set(2)
	must(lib.NewSummary("wait", ""))
	require.NoError(t, root.Mount(lib, engine.WithPrefix("lib_")))
	second := engine.NewRegistry()
	require.NoError(t, root.Mount(second, engine.WithPrefix("quipu_")))
	require.NoError(t, second.Attach(writing(func(w *engine.Writer) { w.Gauge("series", "", 1) })))
	page := exposed(t, root, engine.Exposition{})
	require.Contains(t, page, "\nlib_depth 2\n")
	require.NotContains(t, page, "Of the source")
	require.Contains(t, page, "\nfree 1\n")
	require.Contains(t, page, "\nlib_free 1\n")
	require.Contains(t, page, "\nlib_series 1\n")
	require.NotContains(t, page, "quipu_series")
	names := fmt.Sprint(drops(t, root))
	for _, name := range []string{"lib_depth", "lib_wait_sum", "quipu_series"} {
		require.Contains(t, names, name)
	}
	require.NotEmpty(t, warnings(log))
	require.Empty(t, drops(t, lib), "its own page lacks nothing")
}

func TestFunctionsOfMountedRegistriesFailForThePageThatShowsThem(t *testing.T) {
	lib, _ := logged()
	root := engine.NewRegistry()
	release := make(chan struct{})
	defer close(release)
	require.NoError(t, lib.Attach(&sourceOf{func(ctx context.Context, w *engine.Writer) error {
		w.Gauge("partial", "", 1)
		return fmt.Errorf("the rest")
	}}))
	must(lib.NewGaugeFunc("hangs", "", func() float64 { <-release; return 1 }, engine.WithTimeout(time.Millisecond)))
	must(lib.NewCounterFunc("negative_total", "", func() float64 { return -1 }))
	bare := 0
	require.NoError(t, lib.Register(&withoutMetrics{func(*engine.Emission) { bare++ }}))
	require.NoError(t, root.Mount(lib, one("a", "1")))
	require.NoError(t, root.Mount(lib, one("a", "2")))
	page := exposed(t, root, engine.Exposition{})
	require.Equal(t, "# TYPE partial gauge\npartial{a=\"1\"} 1\npartial{a=\"2\"} 1\n", page)
	require.Equal(t, 1, bare, "one call for the whole page")
	exposed(t, root, engine.Exposition{Names: []string{"partial"}})
	require.Equal(t, 1, bare)
	require.True(t, strings.Contains(string(expose(t, lib, engine.Exposition{})), "partial 1"))
}
