// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
)

const droppedUpdate = `"quipu: dropped an update (further ones from this place are only counted)" `

func TestMisuseIsLoggedWithItsMetricItsLabelNamesAndTheCallersLine(t *testing.T) {
	r, log := logged()
	v, err := r.NewCounterVec("v_total", "", []string{"method", "code"})
	require.NoError(t, err)
	none, err := r.NewGaugeVec("none", "", []string{})
	require.NoError(t, err)
	open, err := r.NewCounterVec("open_total", "", nil, engine.WithConstLabels(engine.Labels{"zone": "a"}))
	require.NoError(t, err)
	c, err := r.NewCounter("c_total", "")
	require.NoError(t, err)
	g, err := r.NewGauge("g", "")
	require.NoError(t, err)
	n, err := r.NewHistogram("n", "", engine.WithNative(histogram.NativeDefaults()))
	require.NoError(t, err)
	h, err := r.NewHistogramVec("h", "", []string{"x"})
	require.NoError(t, err)
	s, err := r.NewSummaryVec("s", "", []string{"x"})
	require.NoError(t, err)
	for _, test := range []struct {
		misuse func() string // returns its file and line
		want   string
	}{
		{func() string { v.With("GET"); return line() },
			`metric=v_total reason=labels detail="got 1 label values, want 2 (method, code)" labels="method, code"`},
		{func() string { v.With("a", "b", "c").Inc(); return line() },
			`metric=v_total reason=labels detail="got 3 label values, want 2 (method, code)" labels="method, code"`},
		{func() string { v.WithLabels(engine.Labels{"method": "GET", "kode": "1"}); return line() },
			`metric=v_total reason=labels detail="label \"code\" is missing: ` +
				`got 2 labels (kode, method), want 2 (method, code)" labels="method, code"`},
		{func() string { v.WithLabels(engine.Labels{"method": "", "code": "", "x": ""}); return line() },
			`metric=v_total reason=labels detail="got 3 labels (code, method, x), want 2 (method, code)" ` +
				`labels="method, code"`},
		{func() string { v.With("GET", "200").Add(-1); return line() },
			`metric=v_total reason=negative detail="-1 added to a counter, which only goes up: a gauge can go down"` +
				` labels="method, code"`},
		{func() string { none.With("x"); return line() },
			`metric=none reason=labels detail="got 1 label values, want 0: the metric has no label names"`},
		{func() string { open.With("x"); return line() },
			`metric=open_total reason=labels ` +
				`detail="With takes the values of declared label names, and this metric has none: use WithLabels" ` +
				`labels=any`},
		{func() string { open.WithLabels(engine.Labels{"zone": "x"}); return line() },
			`metric=open_total reason=labels detail="label \"zone\" is a constant label of the metric" labels=any`},
		{func() string { open.WithLabels(engine.Labels{"a-b": "x"}); return line() },
			`metric=open_total reason=labels ` +
				`detail="invalid label: \"a-b\": use letters, digits and _, with no digit first"` +
				` labels=any`},
		{func() string { c.Add(nan); return line() }, `metric=c_total reason=nan detail="NaN added to a counter"`},
		{func() string { c.AddContext(context.Background(), -2); return line() },
			`metric=c_total reason=negative detail="-2 added to a counter, which only goes up: a gauge can go down"`},
		{func() string { c.AddWithExemplar(1, engine.Labels{"a-b": ""}); return line() },
			`metric=c_total reason=exemplar detail="exemplar: invalid label: \"a-b\""`},
		{func() string { g.Add(nan); return line() }, `metric=g reason=nan detail="NaN added to a gauge"`},
		{func() string { g.Sub(nan); return line() }, `metric=g reason=nan detail="NaN added to a gauge"`},
		{func() string { n.Observe(nan); return line() },
			`metric=n reason=native_nan ` +
				`detail="NaN observed by a histogram with native buckets, none of which can hold it"`},
		{func() string { h.With().Observe(1); return line() },
			`metric=h reason=labels detail="got 0 label values, want 1 (x)" labels=x`},
		{func() string { s.With("1", "2").Observe(1); return line() },
			`metric=s reason=labels detail="got 2 label values, want 1 (x)" labels=x`},
	} {
		log.Reset()
		where := test.misuse()
		require.Equal(t, []string{droppedUpdate + test.want + " caller=" + where}, warnings(log))
		test.misuse()
		require.Len(t, warnings(log), 1, "the place is known")
	}
}

func TestFullMetricsAndChangedLabelValuesAreLoggedOnceForAMetricWithItsName(t *testing.T) {
	r, log := logged()
	full, err := r.NewCounterVec("full_total", "", []string{"x"}, engine.WithMaxSeries(2))
	require.NoError(t, err)
	open, err := r.NewGaugeVec("open", "", nil, engine.WithMaxSeries(1))
	require.NoError(t, err)
	text, err := r.NewCounterVec("text_total", "", []string{"x"})
	require.NoError(t, err)
	for _, test := range []struct {
		update func(i int) string
		want   string
	}{
		{func(i int) string { full.With(fmt.Sprint(i)); return line() },
			`"quipu: a metric is full: updates of its further label sets ` +
				`go to its overflow series (further ones are only counted)" ` +
				`metric=full_total reason=overflow detail="it has as many series as WithMaxSeries allows, 2; ` +
				`label \"x\" has the most values, 2 in 3 series" labels=x`},
		{func(i int) string { open.WithLabels(engine.Labels{"k": fmt.Sprint(i)}); return line() },
			`"quipu: a metric is full: updates of its further label sets ` +
				`go to its overflow series (further ones are only counted)" ` +
				`metric=open reason=overflow detail="it has as many series as WithMaxSeries allows, 1; ` +
				`label \"k\" has the most values, 1 in 2 series" labels=any`},
		{func(i int) string { text.With(strings.Repeat("x", 2000+i)); return line() },
			`"quipu: a label value was cut (further ones are only counted)" ` +
				`metric=text_total reason=length detail="label \"x\": of 2000 bytes, 1024 at most are kept" labels=x`},
		{func(i int) string { text.With(fmt.Sprint("\xff", i)); return line() },
			`"quipu: a label value was repaired (further ones are only counted)" ` +
				`metric=text_total reason=utf8 detail="label \"x\": \"\\xff0\" is not valid UTF-8" labels=x`},
	} {
		log.Reset()
		var where string
		for i := range 10 {
			where = test.update(i)
		}
		require.Equal(t, []string{test.want + " caller=" + where}, warnings(log))
	}
}

func TestStrictMakesMisusePanic(t *testing.T) {
	r := engine.NewRegistry(engine.WithStrict())
	c, err := r.NewCounter("c_total", "")
	require.NoError(t, err)
	g, err := r.NewGauge("g", "")
	require.NoError(t, err)
	v, err := r.NewCounterVec("v_total", "", []string{"a"})
	require.NoError(t, err)
	open, err := r.NewCounterVec("open_total", "", nil)
	require.NoError(t, err)
	for what, misuse := range map[string]func(){
		"-1 added to a counter":                              func() { c.Add(-1) },
		"NaN added to a counter":                             func() { c.Add(math.NaN()) },
		"NaN added to a gauge":                               func() { g.Add(math.NaN()) },
		"got 2 label values, want 1 (a)":                     func() { v.With("a", "b") },
		"got 0 label values, want 1 (a)":                     func() { v.With() },
		`label "a" is missing: got 1 labels (b), want 1 (a)`: func() { v.WithLabels(engine.Labels{"b": ""}) },
		"got 2 labels (a, b), want 1 (a)":                    func() { v.WithLabels(engine.Labels{"a": "", "b": ""}) },
		`invalid label: "a-b": use letters, digits`:          func() { open.WithLabels(engine.Labels{"a-b": "1"}) },
		"use WithLabels":                                     func() { open.With("x") },
	} {
		for range 2 {
			require.PanicsWithValue(t, panicText(misuse), misuse)
			require.Contains(t, panicText(misuse), what)
			require.Regexp(t, `\(at .*/engine/misuse_test\.go:\d+\)$`, panicText(misuse), "the caller")
		}
	}
	v.With("fine").Inc()
	require.Equal(t, map[string]string{"c_total": "0", "g": "0", `v_total{a="fine"}`: "1"}, valuesOf(t, r))
}

func panicText(f func()) (text string) {
	defer func() { text = fmt.Sprint(recover()) }()
	f()
	return
}

// panicky is a slog.Handler that panics.
type panicky struct{ slog.Handler }

func (panicky) Enabled(context.Context, slog.Level) bool  { return true }
func (panicky) Handle(context.Context, slog.Record) error { panic("handler") }

func TestALogHandlerThatPanicsDoesNotReachTheHotPath(t *testing.T) {
	r := engine.NewRegistry(engine.WithLogger(slog.New(panicky{})))
	c := must(r.NewCounter("c_total", ""))
	require.NotPanics(t, func() { c.Add(-1) })
	require.EqualValues(t, 1, dropped(t, r, "negative"))
}
