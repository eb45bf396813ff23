// SPDX-License-Identifier: Apache-2.0

package collectors

import (
	"expvar"
	"maps"
	"slices"
	"strings"
	"testing"

	client "github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export/expvars"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

// jsonText is a variable that is some JSON.
type jsonText string

func (s jsonText) String() string { return string(s) }

// theirPage returns the page of a collector of client_golang's.
func theirPage(t *testing.T, c client.Collector) *testkit.Page {
	t.Helper()
	reg := client.NewRegistry()
	require.NoError(t, reg.Register(c))
	families, err := reg.Gather()
	require.NoError(t, err)
	var b strings.Builder
	for _, f := range families {
		_, err := expfmt.MetricFamilyToText(&b, f)
		require.NoError(t, err)
	}
	return parsed(t, b.String())
}

func parsed(t *testing.T, text string) *testkit.Page {
	t.Helper()
	page, err := testkit.ParsePage(text)
	require.NoError(t, err)
	return page
}

// TestExpvarsAreShownAsTheCollectorShowsThem shows the same variables with package expvars and with
// client_golang's collector.
func TestExpvarsAreShownAsTheCollectorShowsThem(t *testing.T) {
	values := map[string]struct {
		variable expvar.Var
		labels   []string
	}{
		"oracle_int":    {jsonText("-7"), nil},
		"oracle_float":  {jsonText("1.25e-3"), nil},
		"oracle_true":   {jsonText("true"), nil},
		"oracle_false":  {jsonText("false"), nil},
		"oracle_string": {jsonText(`"7"`), nil},
		"oracle_null":   {jsonText("null"), nil},
		"oracle_list":   {jsonText("[1, 2]"), nil},
		"oracle_map": {jsonText(`{"a\"b\\\n": 1, "é": 2, "text": "x", "no": null, "list": [3], "yes": true}`),
			[]string{"key"}},
		"oracle_nested": {jsonText(`{"GET": {"200": 1, "500": 2}, "PUT": {"200": 3}, "HEAD": {}}`),
			[]string{"method", "code"}},
		"oracle_func": {expvar.Func(func() any { return map[string]any{"a": 1.5, "b": uint64(1 << 63)} }),
			[]string{"key"}},
	}
	exports := map[string]*client.Desc{"oracle_absent": client.NewDesc("oracle_absent", "Absent.", nil, nil)}
	options := []expvars.Option{
		expvars.WithVariables(), expvars.WithUntyped("oracle_absent", "oracle_absent", "Absent."),
	}
	for name, v := range values {
		if expvar.Get(name) == nil { // an earlier run of the test has published it
			expvar.Publish(name, v.variable)
		}
		exports[name] = client.NewDesc("shown_"+name, "Help.", v.labels, nil)
		options = append(options, expvars.WithUntyped(name, "shown_"+name, "Help.", v.labels...))
	}
	theirs := theirPage(t, NewExpvarCollector(exports))

	reg := engine.NewRegistry()
	require.NoError(t, expvars.Attach(reg, options...))
	var b strings.Builder
	_, err := reg.Expose(&b, engine.Exposition{NoSelf: true})
	require.NoError(t, err)
	page := parsed(t, b.String())
	require.Equal(t, theirs.Samples, page.Samples)
	require.Equal(t, theirs.Types, page.Types)
	require.Len(t, page.Samples, 4+3+3+2)
}

// TestMemstatsAreShownAsTheCollectorShowsThem compares the names only: the numbers change.
func TestMemstatsAreShownAsTheCollectorShowsThem(t *testing.T) {
	theirs := theirPage(t, NewExpvarCollector(map[string]*client.Desc{
		"memstats": client.NewDesc("expvar_memstats", "Help.", []string{"type"}, nil)}))
	reg := engine.NewRegistry()
	require.NoError(t, expvars.Attach(reg, expvars.WithVariables(),
		expvars.WithUntyped("memstats", "expvar_memstats", "Help.", "type")))
	var b strings.Builder
	_, err := reg.Expose(&b, engine.Exposition{NoSelf: true})
	require.NoError(t, err)
	want := slices.Sorted(maps.Keys(theirs.Samples))
	require.Greater(t, len(want), 20)
	require.Equal(t, want, slices.Sorted(maps.Keys(parsed(t, b.String()).Samples)))
}
