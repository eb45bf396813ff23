// SPDX-License-Identifier: Apache-2.0

package migrate

import (
	"cmp"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
)

// withQuipu adds quipu to the go.mod of a module, as stage import does.
func withQuipu(t testing.TB, dir string) {
	m, err := openModule(dir)
	require.NoError(t, err)
	o, err := newOverlay(m, "")
	require.NoError(t, err)
	defer o.remove()
	require.NoError(t, o.requireQuipu(m, tree(t), ""))
	err = o.tidy()
	requireNetwork(t, err)
	require.NoError(t, err)
	p := &plan{module: m}
	require.NoError(t, p.addGoMod(o))
	require.NoError(t, p.write())
}

// pageOf runs the program of a module, which prints a page, and returns its own families as
// client_golang writes them, with sorted labels.
func pageOf(t *testing.T, dir string) string {
	out, err := runGo(dir, "run", ".")
	require.NoError(t, err, out)
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(out))
	require.NoError(t, err, out)
	var page strings.Builder
	for _, name := range slices.Sorted(maps.Keys(families)) {
		if !strings.HasPrefix(name, "app_") {
			continue
		}
		f := families[name]
		for _, m := range f.Metric {
			slices.SortFunc(m.Label, func(a, b *dto.LabelPair) int { return cmp.Compare(a.GetName(), b.GetName()) })
		}
		slices.SortFunc(f.Metric, func(a, b *dto.Metric) int { return cmp.Compare(a.String(), b.String()) })
		f.Help = proto.String(f.GetHelp())
		_, err := expfmt.MetricFamilyToText(&page, f)
		require.NoError(t, err)
	}
	return page.String()
}

func TestAProgramThatMovesShowsTheSamePage(t *testing.T) {
	dir := unpack(t, "native/program.txtar")
	withQuipu(t, dir)
	before := snapshot(t, dir)
	page := pageOf(t, dir)
	require.Greater(t, strings.Count(page, "\n"), 45, page)

	summary, err := migrate(t, Options{Dir: dir, Stage: "native"})
	require.NoError(t, err)
	require.Equal(t, before, snapshot(t, dir), "without -write nothing is written")
	require.Contains(t, summary, "6 metrics move. Rewritten 30 uses of identifiers, left 13.\n")
	require.Contains(t, summary, `
      7 its name occurs in a file that is not compiled on this system
        internal/store/store.go:10 internal/store/store.go:16 internal/store/store.go:22
        internal/store/store_test.go:12
`)
	require.Contains(t, summary, `
      3 it is kept in an exported variable or field
        main.go:30 main.go:45
`)

	diff, err := migrate(t, Options{Dir: dir, Stage: "native", Diff: true})
	require.NoError(t, err)
	require.Equal(t, before, snapshot(t, dir), "-diff writes nothing")

	_, err = migrate(t, Options{Dir: dir, Stage: "native", Write: true})
	require.NoError(t, err)
	after := snapshot(t, dir)
	require.Contains(t, after["internal/store/store.go"], "puts *engine.Counter\n")
	require.Contains(t, after["internal/store/store.go"], "gets *prometheus.CounterVec\n")
	require.Contains(t, after["internal/store/store_test.go"], "if s.puts.Value() != 1 || testutil.ToFloat64(s.gets")
	requireThatTheDiffMakes(t, diff, before, after)
	require.Equal(t, page, pageOf(t, dir))
	out, err := runGo(dir, "test", "./...")
	require.NoError(t, err, out)

	summary, err = migrate(t, Options{Dir: dir, Stage: "native", Write: true})
	require.NoError(t, err)
	require.Contains(t, summary, "0 metrics move.")
	require.Equal(t, after, snapshot(t, dir), "a second run changes nothing")
}

func TestAProgramThatReadsTheDefaultGathererShowsTheSamePage(t *testing.T) {
	dir := unpack(t, "native/program.txtar")
	main := filepath.Join(dir, "main.go")
	source, err := os.ReadFile(main)
	require.NoError(t, err)
	changed := strings.ReplaceAll(string(source), "promhttp.Handler()",
		"promhttp.HandlerFor(prometheus.DefaultGatherer, promhttp.HandlerOpts{})")
	require.NoError(t, os.WriteFile(main, []byte(changed), 0o600))
	withQuipu(t, dir)
	page := pageOf(t, dir)
	_, err = migrate(t, Options{Dir: dir, Stage: "native", Write: true})
	require.NoError(t, err)
	after := snapshot(t, dir)
	require.Contains(t, after["main.go"], "bridge.Gatherer(engine.Default(), bridge.WithoutSelf())")
	require.Equal(t, page, pageOf(t, dir))
	_, err = migrate(t, Options{Dir: dir, Stage: "native", Write: true})
	require.NoError(t, err)
	require.Equal(t, after, snapshot(t, dir), "a second run changes nothing")
}

func TestMetricsStayWhereThePageIsNotKnown(t *testing.T) {
	for name, test := range map[string]struct{ from, to, reason string }{
		"no page": {"promhttp.Handler()", "http.NotFoundHandler()", "no package of the module shows"},
		"a handler as value": {
			"promhttp.Handler()", "func() http.Handler { f := promhttp.Handler; return f() }()",
			"promhttp.Handler is used as a value at main.go:",
		},
		"the gatherer is set": {
			"Total.Inc()", "prometheus.DefaultGatherer = prometheus.NewRegistry()",
			"DefaultGatherer is set at main.go:",
		},
		"the registry is set": {
			"Total.Inc()", "prometheus.DefaultRegisterer = prometheus.NewRegistry()",
			"DefaultRegisterer is set at main.go:",
		},
		"the registry is assumed": {
			"Total.Inc()", "_ = prometheus.DefaultRegisterer.(prometheus.Gatherer)",
			"the default registry is asserted to be of a type at main.go:",
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := unpack(t, "native/program.txtar")
			main := filepath.Join(dir, "main.go")
			source, err := os.ReadFile(main)
			require.NoError(t, err)
			changed := strings.ReplaceAll(string(source), test.from, test.to)
			if !strings.Contains(changed, "promhttp.") {
				changed = strings.ReplaceAll(changed, "\t\""+twinModule+"/promhttp\"\n", "")
			}
			require.NoError(t, os.WriteFile(main, []byte(changed), 0o600))
			withQuipu(t, dir)
			before := snapshot(t, dir)
			summary, err := migrate(t, Options{Dir: dir, Stage: "native", Write: true})
			require.NoError(t, err)
			require.Contains(t, summary, "0 metrics move. Rewritten 0 uses")
			require.Contains(t, summary, test.reason)
			require.Equal(t, before, snapshot(t, dir))
		})
	}
}

func TestStageNativeWantsStageImportBefore(t *testing.T) {
	dir := unpack(t, "import/simple.txtar")
	_, err := migrate(t, Options{Dir: dir, Stage: "native"})
	require.ErrorContains(t, err, "imports client_golang. Stage import comes first, with -write.")
}
