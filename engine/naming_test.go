// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
)

// utf8Names are names that no registry takes without WithUTF8Names.
var utf8Names = []string{
	"a.b", "http.server.request.duration", "1st", "a b", " ", "a\n", "\t", `a"b`, `a\b`, `"`, `\`, "a{", "=", ",",
	"\u00fc", "a\u0301", "\U0001d11e", "\u2028", "U__a_2e_b", "-U__", "{__name__=\"x\"}", "# EOF\n",
}

func TestNamesMayBeAnyUTF8WhereTheRegistrySaysSo(t *testing.T) {
	for _, name := range utf8Names {
		legal := encode.ValidLabelName(name)
		for kind, define := range kinds {
			require.NoError(t, define(engine.NewRegistry(engine.WithUTF8Names()), name), "%s %q", kind, name)
			if err := define(engine.NewRegistry(), name); !legal {
				require.ErrorIs(t, err, engine.ErrName, "%s %q", kind, name)
			}
		}
		r := engine.NewRegistry(engine.WithUTF8Names())
		v, err := r.NewCounterVec("v_total", "", []string{"plain", name})
		require.NoError(t, err, "%q", name)
		require.Same(t, v.With("1", "2"), v.WithLabels(engine.Labels{"plain": "1", name: "2"}))
		_, err = r.NewGauge("c", "", engine.WithConstLabels(engine.Labels{name: "x"}))
		require.NoError(t, err, "%q", name)
		open, err := r.NewGaugeVec("o", "", nil)
		require.NoError(t, err)
		one := open.WithLabels(engine.Labels{name: "x"})
		one.Set(1)
		require.Same(t, one, open.WithLabels(engine.Labels{name: "x"}))
	}
}

func TestSomeNamesAreErrorsAlsoWhereNamesMayBeAnyUTF8(t *testing.T) {
	r := engine.NewRegistry(engine.WithUTF8Names())
	for _, name := range []string{"", "\xff", "a\xff", "a\x00", "\x00", "\xed\xa0\x80", "__x", "__\u00fc", "__name__"} {
		for kind, define := range kinds {
			err := define(r, name)
			require.ErrorIs(t, err, engine.ErrName, "%s %q", kind, name)
		}
		_, err := r.NewGaugeVec("v", "", []string{name})
		require.ErrorIs(t, err, engine.ErrLabel, "%q", name)
		_, err = r.NewGauge("v", "", engine.WithConstLabels(engine.Labels{name: "1"}))
		require.ErrorIs(t, err, engine.ErrLabel, "%q", name)
	}
	for _, name := range []string{"\xff", "a\x00"} {
		err := kinds["gauge"](r, name)
		require.ErrorContains(t, err, "valid UTF-8 without a NUL")
	}
	_, err := r.NewHistogramVec("h", "", []string{"le"})
	require.ErrorIs(t, err, engine.ErrLabel)
	_, err = r.NewSummaryVec("s", "", []string{"quantile"})
	require.ErrorIs(t, err, engine.ErrLabel)
	require.ErrorIs(t, kinds["counter"](r, "_total"), engine.ErrName)

	_, err = r.NewHistogram("a.b", "")
	require.NoError(t, err)
	for _, name := range []string{"a.b", "a.b_bucket", "a.b_sum", "a.b_count", "a.b_created"} {
		_, err := r.NewGauge(name, "")
		require.ErrorIs(t, err, engine.ErrTaken, name)
	}
	_, err = r.NewGauge("quipu_series", "")
	require.ErrorIs(t, err, engine.ErrTaken)
}

func TestPrefixAndConstantLabelsOfARegistryMayBeAnyUTF8Too(t *testing.T) {
	options := []engine.RegistryOption{
		engine.WithPrefix("my.app."), engine.WithConstLabels(engine.Labels{"host.name": "h"}),
	}
	require.Panics(t, func() { engine.NewRegistry(options[0]) })
	require.Panics(t, func() { engine.NewRegistry(options[1]) })
	require.Panics(t, func() { engine.NewRegistry(engine.WithUTF8Names(), engine.WithPrefix("__.")) })
	require.Panics(t, func() { engine.NewRegistry(engine.WithUTF8Names(), engine.WithPrefix("\xff")) })
	for i := range 2 {
		o := slices.Insert(slices.Clone(options), 2*i, engine.RegistryOption(engine.WithUTF8Names()))
		r := engine.NewRegistry(o...)
		g, err := r.NewGauge("depth", "")
		require.NoError(t, err)
		require.Equal(t, "my.app.depth", g.Name())
		info, ok := r.Lookup("depth")
		require.True(t, ok)
		require.Equal(t, engine.Labels{"host.name": "h"}, info.Const)
		require.True(t, r.Unregister("depth"))
		_, ok = r.Lookup("depth")
		require.False(t, ok)
	}
	r := engine.NewRegistry(engine.WithUTF8Names(), engine.WithPrefix("_"))
	require.ErrorIs(t, kinds["gauge"](r, "_x"), engine.ErrName, "the whole name decides")
	require.NoError(t, kinds["gauge"](r, "1"))
}

func TestOpenLabelSetsAndExemplarsFollowTheRegistrysRuleForNames(t *testing.T) {
	for _, utf8 := range []bool{false, true} {
		var options []engine.RegistryOption
		if utf8 {
			options = append(options, engine.WithUTF8Names())
		}
		r, _ := logged(options...)
		v, err := r.NewCounterVec("v_total", "", nil)
		require.NoError(t, err)
		v.WithLabels(engine.Labels{"a.b": "1"}).Inc()
		v.WithLabels(engine.Labels{"a\x00": "1"}).Inc()
		v.WithLabels(engine.Labels{"__a.b": "1"}).Inc()
		c, err := r.NewCounter("c_total", "")
		require.NoError(t, err)
		c.AddWithExemplar(1, engine.Labels{"trace.id": "1"})
		c.AddWithExemplar(2, engine.Labels{"\xff": "1"})
		var series, exemplars []engine.Label
		for f := range r.Read(engine.ReadOptions{Names: []string{"v_total", "c_total"}}) {
			for s := range f.Samples() {
				series = append(series, s.Labels()...)
				for _, e := range s.Exemplars() {
					exemplars = append(exemplars, e.Labels...)
				}
			}
		}
		if utf8 {
			require.Equal(t, []engine.Label{{Name: "a.b", Value: "1"}}, series)
			require.Equal(t, []engine.Label{{Name: "trace.id", Value: "1"}}, exemplars)
		} else {
			require.Empty(t, series)
			require.Empty(t, exemplars)
		}
	}
}

// otel is a collector and a source of metrics with dots in their names.
type otel struct{ requests engine.Collected }

func (o *otel) Define(d *engine.Definitions) {
	o.requests = d.Counter("otel.requests_total", "", []string{"http.method"})
}

func (o *otel) Collect(e *engine.Emission) { e.Emit(o.requests, 3, "GET") }

func (o *otel) Emit(_ context.Context, w *engine.Writer) error {
	label := engine.Label{Name: "host.name", Value: "h"}
	w.Gauge("otel.depth", "", 1, label)
	w.Gauge("otel.depth", "", 1, engine.Label{Name: "\xff", Value: "h"})
	w.Gauge("otel\x00", "", 1, label)
	w.Info("otel.build", "", label)
	w.StateSet("otel.state", "", map[string]bool{"up": true}, label)
	return nil
}

func TestCollectorsSourcesAndFunctionsMayUseUTF8Names(t *testing.T) {
	r, log := logged(engine.WithUTF8Names())
	require.NoError(t, r.Register(new(otel)))
	require.NoError(t, r.Attach(new(otel)))
	_, err := r.NewGaugeFunc("process.uptime", "", func() float64 { return 4 })
	require.NoError(t, err)
	var have []string
	for f := range r.Read(engine.ReadOptions{NoSelf: true}) {
		for s := range f.Samples() {
			line := f.Name()
			for _, l := range s.Labels() {
				line += " " + l.Name + "=" + l.Value
			}
			have = append(have, line)
		}
	}
	require.Equal(t, []string{
		"otel.build_info host.name=h", "otel.depth host.name=h", "otel.requests_total http.method=GET",
		"otel.state host.name=h otel.state=up", "process.uptime",
	}, have)
	require.Equal(t, 2, strings.Count(log.String(), "dropped a series"), "a name and a label")

	require.Error(t, engine.NewRegistry().Register(new(otel)))
}
