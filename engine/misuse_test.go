// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
)

// line returns the file and line that it is called from.
func line() string {
	_, file, line, _ := runtime.Caller(1)
	return fmt.Sprintf("%s:%d", file, line)
}

// warnings returns the lines of a log, without their times.
func warnings(log *bytes.Buffer) (lines []string) {
	for text := range strings.Lines(log.String()) {
		_, text, _ = strings.Cut(strings.TrimSpace(text), " level=WARN msg=")
		lines = append(lines, text)
	}
	return lines
}

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
		misuse func() string // returns its line
		want   string
	}{
		{func() string { v.With("GET"); return line() },
			`metric=v_total reason=labels detail="got 1 label values, want 2 (method, code)" labels="method, code"`},
		{func() string { v.With("a", "b", "c").Inc(); return line() },
			`metric=v_total reason=labels detail="got 3 label values, want 2 (method, code)" labels="method, code"`},
		{func() string { v.WithLabels(engine.Labels{"method": "GET", "kode": "1"}); return line() },
			`metric=v_total reason=labels detail="label \"code\" is missing: got 2 labels (kode, method), want 2 (method, code)" labels="method, code"`},
		{func() string { v.WithLabels(engine.Labels{"method": "", "code": "", "x": ""}); return line() },
			`metric=v_total reason=labels detail="got 3 labels (code, method, x), want 2 (method, code)" labels="method, code"`},
		{func() string { v.With("GET", "200").Add(-1); return line() },
			`metric=v_total reason=negative detail="-1 added to a counter, which only goes up: a gauge can go down" labels="method, code"`},
		{func() string { none.With("x"); return line() },
			`metric=none reason=labels detail="got 1 label values, want 0: the metric has no label names"`},
		{func() string { open.With("x"); return line() },
			`metric=open_total reason=labels detail="With takes the values of declared label names, and this metric has none: use WithLabels" labels=any`},
		{func() string { open.WithLabels(engine.Labels{"zone": "x"}); return line() },
			`metric=open_total reason=labels detail="label \"zone\" is a constant label of the metric" labels=any`},
		{func() string { open.WithLabels(engine.Labels{"a-b": "x"}); return line() },
			`metric=open_total reason=labels detail="invalid label: \"a-b\": use letters, digits and _, with no digit first" labels=any`},
		{func() string { c.Add(nan); return line() }, `metric=c_total reason=nan detail="NaN added to a counter"`},
		{func() string { c.AddContext(context.Background(), -2); return line() },
			`metric=c_total reason=negative detail="-2 added to a counter, which only goes up: a gauge can go down"`},
		{func() string { c.AddWithExemplar(1, engine.Labels{"a-b": ""}); return line() },
			`metric=c_total reason=exemplar detail="exemplar: invalid label: \"a-b\""`},
		{func() string { g.Add(nan); return line() }, `metric=g reason=nan detail="NaN added to a gauge"`},
		{func() string { g.Sub(nan); return line() }, `metric=g reason=nan detail="NaN added to a gauge"`},
		{func() string { n.Observe(nan); return line() },
			`metric=n reason=native_nan detail="NaN observed by a histogram with native buckets, none of which can hold it"`},
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

func TestASecondBadCallSiteIsLoggedTooAndEachTimeIsCounted(t *testing.T) {
	r, log := logged()
	a, err := r.NewCounterVec("a_total", "", []string{"x"})
	require.NoError(t, err)
	b, err := r.NewCounterVec("b_total", "", []string{"x"})
	require.NoError(t, err)
	record := func(v *engine.CounterVec) { v.With().Inc() } // one place, several metrics
	for range 3 {
		a.With("1").Add(-1)
		a.With("1").Add(-1)
		a.With("1", "2").Inc()
		record(a)
		record(b)
		for _, v := range []float64{-1, nan} {
			b.With("1").Add(v) // one place, several reasons
		}
	}
	require.EqualValues(t, 9, dropped(t, r, "negative"))
	require.EqualValues(t, 3, dropped(t, r, "nan"))
	require.EqualValues(t, 9, dropped(t, r, "labels"))
	require.Len(t, warnings(log), 6, "%s", log)
	require.Equal(t, map[string]string{`a_total{x="1"}`: "0", `b_total{x="1"}`: "0"}, valuesOf(t, r))
}

// collide is inlined, so its line has an address in each function that calls it.
func collide(v *engine.CounterVec) { v.With().Inc() }

func TestALineThatIsInlinedInSeveralPlacesIsLoggedOnce(t *testing.T) {
	r, log := logged()
	v, err := r.NewCounterVec("a_total", "", []string{"x"})
	require.NoError(t, err)
	for range 2 {
		collide(v)
		collide(v)
		func() { collide(v) }()
	}
	require.Len(t, warnings(log), 1)
	require.EqualValues(t, 6, dropped(t, r, "labels"))
}

// deep calls f with a stack of its own.
func deep(n int, f func()) {
	if n == 0 {
		f()
		return
	}
	deep(n-1, f)
}

func TestARegistryLogs256CallSitesAndCountsTheRest(t *testing.T) {
	r, log := logged()
	misuse := func(name string) {
		v, err := r.NewCounterVec(name, "", []string{"x"})
		require.NoError(t, err)
		deep(50, func() { v.With().Inc() })
	}
	for i := range 300 { // one place is one for each metric
		misuse(fmt.Sprintf("m%d_total", i))
	}
	lines := warnings(log)
	require.Len(t, lines, 256)
	require.NotContains(t, lines[254], "the last place")
	require.Contains(t, lines[255], "the last place that this registry logs of 256")
	require.EqualValues(t, 300, dropped(t, r, "labels"))
}

func TestGoroutinesThatMisuseAMetricAtTheSamePlaceAtOnceLogItOnce(t *testing.T) {
	var lines atomic.Int32
	r := engine.NewRegistry(engine.WithLogger(slog.New(countingHandler{&lines})))
	v, err := r.NewCounterVec("a_total", "", []string{"x"})
	require.NoError(t, err)
	var group sync.WaitGroup
	start := make(chan struct{})
	for range 8 {
		group.Go(func() {
			<-start
			for range 500 {
				v.With().Inc()
				v.With("x").Add(-1)
			}
		})
	}
	close(start)
	group.Wait()
	require.EqualValues(t, 2, lines.Load())
	require.EqualValues(t, 4000, dropped(t, r, "labels"))
	require.EqualValues(t, 4000, dropped(t, r, "negative"))
}

// countingHandler counts records.
type countingHandler struct{ n *atomic.Int32 }

func (h countingHandler) Enabled(context.Context, slog.Level) bool  { return true }
func (h countingHandler) Handle(context.Context, slog.Record) error { h.n.Add(1); return nil }
func (h countingHandler) WithAttrs([]slog.Attr) slog.Handler        { return h }
func (h countingHandler) WithGroup(string) slog.Handler             { return h }

// misusingHandler misuses a metric for every record.
type misusingHandler struct {
	countingHandler
	v **engine.CounterVec
}

func (h misusingHandler) Handle(ctx context.Context, record slog.Record) error {
	(*h.v).With().Inc()
	return h.countingHandler.Handle(ctx, record)
}

func TestAHandlerMayMisuseAMetricItself(t *testing.T) {
	var lines atomic.Int32
	var v *engine.CounterVec
	r := engine.NewRegistry(engine.WithLogger(slog.New(misusingHandler{countingHandler{&lines}, &v})))
	v, err := r.NewCounterVec("a_total", "", []string{"x"})
	require.NoError(t, err)
	for range 3 {
		v.With("1", "2").Inc()
	}
	require.EqualValues(t, 2, lines.Load(), "its own place, and this one")
	require.EqualValues(t, 5, dropped(t, r, "labels"))
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
			`"quipu: a metric is full: what its further label sets count goes to its overflow series (further ones are only counted)" ` +
				`metric=full_total reason=overflow detail="it has as many series as WithMaxSeries allows, 2" labels=x`},
		{func(i int) string { open.WithLabels(engine.Labels{"k": fmt.Sprint(i)}); return line() },
			`"quipu: a metric is full: what its further label sets count goes to its overflow series (further ones are only counted)" ` +
				`metric=open reason=overflow detail="it has as many series as WithMaxSeries allows, 1" labels=any`},
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

func BenchmarkMisuse(b *testing.B) {
	r, _ := logged()
	c, err := r.NewCounter("c_total", "")
	require.NoError(b, err)
	v, err := r.NewCounterVec("v_total", "", []string{"x"})
	require.NoError(b, err)
	b.Run("Add", func(b *testing.B) {
		for b.Loop() {
			c.Add(-1)
		}
	})
	b.Run("With", func(b *testing.B) {
		for b.Loop() {
			v.With("a", "b").Inc()
		}
	})
}
