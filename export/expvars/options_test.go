// SPDX-License-Identifier: Apache-2.0

package expvars

import (
	"expvar"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

func TestOptionsNameTheMetricsOfVariables(t *testing.T) {
	requests := constant(map[string]any{"GET": map[string]int{"200": 7, "500": 1}, "PUT": 2})
	version := new(expvar.String)
	version.Set("1.2")
	build := text(`{"go": "1.26", "commit": {"id": "abc"}, "dirty": false}`)
	reg := attached(t, variables{"requests": requests, "queue": number(3), "cache": number(4), "version": version,
		"build": build, "other": number(5)},
		WithCounter("requests", "http_requests_total", "Requests served.", "method"),
		WithGauge("queue", "queue_jobs", "Jobs."), WithUntyped("cache", "cache_size", "Size."),
		WithInfo("version", "app_info", "The version.", "version"), WithInfo("build", "build", "The build.", "part"))
	require.Equal(t, map[string]float64{
		`http_requests_total{key2="200",method="GET"}`: 7, `http_requests_total{key2="500",method="GET"}`: 1,
		`http_requests_total{method="PUT"}`: 2,
		"queue_jobs{}":                      3, "cache_size{}": 4, `app_info{version="1.2"}`: 1,
		`build_info{part="go",value="1.26"}`: 1, `build_info{key2="id",part="commit",value="abc"}`: 1,
		"expvar_other{}": 5,
	}, samplesOf(t, reg))
	page := pageOf(t, reg)
	require.Equal(t, "counter", page.Types["http_requests_total"])
	require.Equal(t, "gauge", page.Types["queue_jobs"])
	require.Equal(t, "untyped", page.Types["cache_size"])
	require.Contains(t, page.Text, "# HELP http_requests_total Requests served.\n")
	require.Contains(t, page.Text, "# HELP expvar_other The variable other of package expvar.\n")
}

func TestOptionsChooseVariables(t *testing.T) {
	v := variables{"a": number(1), "b": number(2), "c": number(3)}
	require.Equal(t, map[string]float64{"expvar_b{}": 2}, samplesOf(t, attached(t, v, WithVariables("b", "none"))))
	require.Equal(t, map[string]float64{"x_b{}": 2, "c{}": 3},
		samplesOf(t, attached(t, v, WithVariables("b"), WithGauge("c", "c", "C."), WithPrefix("x_"))))
	require.Equal(t, map[string]float64{"c{}": 3},
		samplesOf(t, attached(t, v, WithVariables(), WithGauge("c", "c", "C."))))
	require.Equal(t, map[string]float64{"a{}": 1, "b{}": 2, "c{}": 3}, samplesOf(t, attached(t, v, WithPrefix(""))))
}

func TestOptionsKeepNothingOfTheCallers(t *testing.T) {
	labels := []string{"method"}
	reg := attached(t, variables{"a": constant(map[string]int{"GET": 1})}, WithGauge("a", "a", "A.", labels...))
	labels[0] = "changed"
	require.Equal(t, map[string]float64{`a{method="GET"}`: 1}, samplesOf(t, reg))
}

func TestOptionsThatCannotWorkAreErrors(t *testing.T) {
	many := make([]string, mostKeys+1)
	for i := range many {
		many[i] = "l" + string(rune('a'+i))
	}
	for name, test := range map[string]struct {
		options []Option
		want    error
	}{
		"nil":            {[]Option{nil}, engine.ErrOption},
		"prefix":         {[]Option{WithPrefix("a-")}, engine.ErrName},
		"reserved":       {[]Option{WithPrefix("__a")}, engine.ErrName},
		"no series":      {[]Option{WithMaxSeries(0)}, engine.ErrOption},
		"no time":        {[]Option{WithTimeout(0)}, engine.ErrOption},
		"no name":        {[]Option{WithGauge("a", "", "A.")}, engine.ErrName},
		"reserved name":  {[]Option{WithInfo("a", "__name__", "A.")}, engine.ErrName},
		"not UTF-8":      {[]Option{WithUntyped("a", "\xff", "A.")}, engine.ErrName},
		"no label":       {[]Option{WithGauge("a", "a", "A.", "")}, engine.ErrLabel},
		"reserved label": {[]Option{WithGauge("a", "a", "A.", "__b")}, engine.ErrLabel},
		"label twice":    {[]Option{WithGauge("a", "a", "A.", "b", "c", "b")}, engine.ErrLabel},
		"many labels":    {[]Option{WithGauge("a", "a", "A.", many...)}, engine.ErrLabel},
		"two metrics":    {[]Option{WithGauge("a", "a", "A."), WithCounter("a", "b_total", "B.")}, engine.ErrOption},
	} {
		reg := engine.NewRegistry()
		err := Attach(reg, test.options...)
		require.ErrorIs(t, err, test.want, name)
		require.Regexp(t, "^quipu: expvars: ", err.Error(), name)
		require.Empty(t, reg.Callbacks(), "nothing is attached")
	}
}

func TestNamesInUTF8AreForRegistriesThatTakeThem(t *testing.T) {
	v := variables{"a": number(1)}
	s, err := newSource(v.do, []Option{WithGauge("a", "a.b", "A.")})
	require.NoError(t, err)
	reg := engine.NewRegistry(engine.WithUTF8Names())
	require.NoError(t, reg.Attach(s))
	require.Equal(t, map[string]float64{"a_b{}": 1}, samplesOf(t, reg))

	reg = attachedTo(t, s)
	require.Empty(t, samplesOf(t, reg))
	require.EqualValues(t, 2, pageOf(t, reg).Value(t, "quipu_source_drops_total", "metric", "a.b", "reason", "name"))
}
