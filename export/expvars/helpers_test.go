// SPDX-License-Identifier: Apache-2.0

package expvars

import (
	"expvar"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

// text is a variable of the program's own type.
type text string

func (s text) String() string { return string(s) }

// variables are those of a test. Package expvar keeps its own for ever.
type variables map[string]expvar.Var

func (v variables) do(f func(expvar.KeyValue)) {
	m := new(expvar.Map)
	for name, variable := range v {
		m.Set(name, variable)
	}
	m.Do(f)
}

func number(n int64) *expvar.Int {
	v := new(expvar.Int)
	v.Set(n)
	return v
}

func float(n float64) *expvar.Float {
	v := new(expvar.Float)
	v.Set(n)
	return v
}

// constant returns a function as a variable.
func constant(value any) expvar.Func { return func() any { return value } }

// attached returns a registry whose pages show the variables.
func attached(t testing.TB, v variables, options ...Option) *engine.Registry {
	t.Helper()
	s, err := newSource(v.do, options)
	require.NoError(t, err)
	return attachedTo(t, s)
}

// attachedTo returns a registry whose pages show a source.
func attachedTo(t testing.TB, s *source) *engine.Registry {
	t.Helper()
	reg := engine.NewRegistry(engine.WithLogger(slog.New(slog.DiscardHandler)))
	require.NoError(t, reg.Attach(s))
	return reg
}

// pageOf parses the text page, the registry's own metrics included.
func pageOf(t testing.TB, reg *engine.Registry) *testkit.Page {
	t.Helper()
	var b strings.Builder
	_, err := reg.Expose(&b, engine.Exposition{})
	require.NoError(t, err)
	page, err := testkit.ParsePage(b.String())
	require.NoError(t, err)
	return page
}

// samplesOf returns the samples of the variables.
func samplesOf(t testing.TB, reg *engine.Registry) map[string]float64 {
	t.Helper()
	samples := map[string]float64{}
	for series, value := range pageOf(t, reg).Samples {
		if !strings.HasPrefix(series, "quipu_") {
			samples[series] = value
		}
	}
	return samples
}

// failures returns how many pages lacked something.
func failures(t testing.TB, reg *engine.Registry) float64 {
	t.Helper()
	return pageOf(t, reg).Value(t, "quipu_callback_failures_total", "reason", "error")
}
