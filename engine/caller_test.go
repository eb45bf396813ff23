// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

func TestASecondBadCallSiteIsLoggedTooAndEachTimeIsCounted(t *testing.T) {
	r, log := logged()
	a, err := r.NewCounterVec("a_total", "", []string{"x"})
	require.NoError(t, err)
	b, err := r.NewCounterVec("b_total", "", []string{"x"})
	require.NoError(t, err)
	record := func(v *engine.CounterVec) { v.With().Inc() } // one call site, several metrics
	for range 3 {
		a.With("1").Add(-1)
		a.With("1").Add(-1)
		a.With("1", "2").Inc()
		record(a)
		record(b)
		for _, v := range []float64{-1, nan} {
			b.With("1").Add(v) // one call site, several reasons
		}
	}
	require.EqualValues(t, 9, dropped(t, r, "negative"))
	require.EqualValues(t, 3, dropped(t, r, "nan"))
	require.EqualValues(t, 9, dropped(t, r, "labels"))
	require.Len(t, warnings(log), 6, "%s", log)
	require.Equal(t, map[string]string{`a_total{x="1"}`: "0", `b_total{x="1"}`: "0"}, valuesOf(t, r))
}

// collide is inlined, so its line has an address in every function that calls it.
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

// deep calls f below n more frames of the stack.
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
	for i := range 300 { // a line counts as one call site for each metric
		misuse(fmt.Sprintf("m%d_total", i))
	}
	lines := warnings(log)
	require.Len(t, lines, 256)
	require.NotContains(t, lines[254], "the last place")
	require.Contains(t, lines[255], "the last place that this registry logs of 256")
	require.EqualValues(t, 300, dropped(t, r, "labels"))
}

// countingHandler is a slog.Handler that counts records.
type countingHandler struct{ n *atomic.Int32 }

func (h countingHandler) Enabled(context.Context, slog.Level) bool  { return true }
func (h countingHandler) Handle(context.Context, slog.Record) error { h.n.Add(1); return nil }
func (h countingHandler) WithAttrs([]slog.Attr) slog.Handler        { return h }
func (h countingHandler) WithGroup(string) slog.Handler             { return h }

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

// misusingHandler is a slog.Handler that misuses a metric for every record.
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
