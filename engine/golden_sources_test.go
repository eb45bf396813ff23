// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
)

func goldenFuncs(t testing.TB) (*engine.Registry, func()) {
	r, _ := goldenLabelled()
	release := make(chan struct{})
	fail := map[string]func() float64{
		"panics":  func() float64 { panic("no value") },
		"exits":   func() float64 { runtime.Goexit(); return 0 },
		"hangs":   func() float64 { <-release; return 1 },
		"nan":     func() float64 { return nan },
		"minus":   func() float64 { return -1 },
		"whole":   func() float64 { return 1 << 60 },
		"part":    func() float64 { return 0.1 },
		"inf":     func() float64 { return inf },
		"zero":    func() float64 { return minusZero },
		"slow":    func() float64 { time.Sleep(engine.CallbackTimeout / 2); return 2 },
		"panics2": func() float64 { panic(errors.New("an error")) },
	}
	for name, f := range fail {
		_, err := r.NewGaugeFunc("gauge_"+name, "A function.", f)
		goldenCheck(t, err)
		_, err = r.NewCounterFunc(name+"_total", "A function.", f, engine.WithConstLabels(engine.Labels{"of": "func"}))
		goldenCheck(t, err)
	}
	_, err := r.NewCounterFunc("func_without_suffix", "", func() float64 { return 3 })
	goldenCheck(t, err)
	return r, func() { close(release) }
}

// goldenPool is a collector of metrics of all kinds.
type goldenPool struct {
	name                       string
	size, waits, latency, ages engine.Collected
	bare, steps, unused        engine.Collected
	fails                      bool
}

func (p *goldenPool) Define(d *engine.Definitions) {
	labels := engine.WithConstLabels(engine.Labels{"kind": p.name})
	p.latency = d.Histogram("pool_latency_seconds", "Latency.", []string{"pool"},
		engine.WithBuckets(1, 2), engine.WithUnit("seconds"), labels)
	p.size = d.Gauge("pool_size", "Connections.", []string{"pool", "host"}, labels)
	p.waits = d.Counter("pool_waits_total", "Waits.", nil, labels)
	p.steps = d.Counter("pool_steps", "A counter without the suffix.", nil, labels)
	p.ages = d.Summary("pool_ages", "Ages.", []string{"pool"},
		engine.WithObjectives(map[float64]float64{0.5: 0.1, 0.9: 0.1}), labels)
	p.bare = d.Summary("pool_bare", "Ages.", nil, engine.WithObjectives(nil), labels)
	p.unused = d.Gauge("pool_unused", "Never emitted.", nil, labels)
}

func (p *goldenPool) Collect(e *engine.Emission) {
	e.Emit(p.size, 3, "a", "h")
	e.Emit(p.size, minusZero, "b\"\\\n\xff", "")
	e.Emit(p.size, nan, "c", "h")
	e.Emit(p.waits, 1<<53+2)
	e.Emit(p.steps, 0.5)
	e.EmitHistogram(p.latency, []uint64{1, 2, 3}, 12.5, "a")
	e.EmitHistogram(p.latency, []uint64{0, 0, 0}, 0, "")
	e.EmitHistogram(p.latency, []uint64{1 << 60, 0, 1 << 60}, inf, "b")
	e.EmitSummary(p.ages, []float64{0.25, nan}, 4, 2, "a")
	e.EmitSummary(p.ages, []float64{-inf, inf}, 1<<63, nan, "b")
	e.EmitSummary(p.bare, nil, 7, -1)
	if p.fails {
		panic("after all has been emitted")
	}
	// Each of these is dropped and counted.
	e.Emit(p.size, 9, "a", "h")
	e.Emit(p.size, 9)
	e.Emit(p.waits, -1)
	e.Emit(p.latency, 1, "a")
	e.EmitHistogram(p.latency, nil, 0, "c")
	e.EmitSummary(p.ages, nil, 0, 0, "c")
	e.Emit(engine.Collected{}, 1)
}

// goldenSetter is a collector that defines nothing.
type goldenSetter struct{ gauge *engine.Gauge }

func (*goldenSetter) Define(*engine.Definitions) {}
func (s *goldenSetter) Collect(*engine.Emission) { s.gauge.Set(11) }

func goldenCollectors(t testing.TB) (*engine.Registry, func()) {
	r, _ := goldenRegistry(engine.WithConstLabels(engine.Labels{"app": "x"}), engine.WithMaxSeries(5))
	set, err := r.NewGauge("set_by_collector", "Set by a collector that defines nothing.")
	goldenCheck(t, err)
	goldenCheck(t, r.Register(&goldenSetter{set}),
		r.Register(&goldenPool{name: "good"}),
		r.Register(&goldenPool{name: "failing", fails: true}), r.Register(&goldenPool{name: "also good"}))
	return r, nothing
}

func goldenExemplars(t testing.TB) (*engine.Registry, func()) {
	r, clock := goldenRegistry()
	type key struct{}
	from := engine.WithExemplars(func(ctx context.Context) engine.Labels {
		id, _ := ctx.Value(key{}).(string)
		if id == "" {
			return nil
		}
		return engine.Labels{"trace_id": id, "span_id": "s"}
	})
	traced := context.WithValue(t.Context(), key{}, "abc")
	c, err := r.NewCounterVec("traced_total", "Traced.", []string{"a"}, from)
	goldenCheck(t, err)
	c.With("of context").AddContext(traced, 2)
	c.With("of no trace").AddContext(t.Context(), 2)
	c.With("none").Inc()
	c.With("given").AddWithExemplar(0.5, engine.Labels{"trace_id": "old"})
	clock.add(time.Second + time.Millisecond)
	c.With("given").AddWithExemplar(1.5, engine.Labels{"trace_id": "new", "a": `"\`})
	c.With("empty").AddWithExemplar(1, engine.Labels{})
	c.With("too long").AddWithExemplar(1, engine.Labels{"trace_id": strings.Repeat("x", 128)})
	c.With("just fits").AddWithExemplar(1, engine.Labels{"t": strings.Repeat("é", 127)})
	classic, native := engine.WithBuckets(1, 2, 4), engine.WithNative(histogram.NativeDefaults())
	for _, h := range []struct {
		name    string
		options []engine.MetricOption
	}{
		{"traced_seconds", []engine.MetricOption{from, classic}},
		{"traced_native", []engine.MetricOption{from, native}},
		{"traced_both", []engine.MetricOption{from, classic, native}},
	} {
		v, err := r.NewHistogramVec(h.name, "Traced.", []string{"a"}, h.options...)
		goldenCheck(t, err)
		for _, a := range []string{"1", "2"} {
			v.With(a).ObserveContext(traced, 0.5)
			v.With(a).ObserveWithExemplar(1.5, engine.Labels{"trace_id": "first"})
			v.With(a).ObserveWithExemplar(1.5, engine.Labels{"trace_id": "second " + a})
			v.With(a).ObserveWithExemplar(-3, engine.Labels{"trace_id": "negative"})
			v.With(a).ObserveWithExemplar(inf, engine.Labels{"trace_id": "infinite"})
			v.With(a).ObserveWithExemplar(nan, engine.Labels{"trace_id": "nan"})
			v.With(a).ObserveWithExemplar(3, nil)
			clock.add(time.Minute)
		}
		v.With("none").Observe(1)
	}
	return r, nothing
}

// goldenTimes creates series at times that are kept finely, around the creation of the registry,
// and coarsely.
func goldenTimes(t testing.TB) (*engine.Registry, func()) {
	r, clock := goldenRegistry()
	for _, at := range []int64{
		1_700_000_000, 1_700_000_001, 1_650_000_000, 1, 1_700_086_400, 2_000_000_000, 4_000_000_000, 9_000_000_000,
	} {
		clock.set(at)
		name := fmt.Sprint("at_", at)
		_, err := r.NewCounter(name+"_total", "")
		goldenCheck(t, err)
		_, err = r.NewGauge(name, "")
		goldenCheck(t, err)
		_, err = r.NewHistogram(name+"_seconds", "", engine.WithBuckets(1))
		goldenCheck(t, err)
		_, err = r.NewSummary(name+"_bytes", "", engine.WithObjectives(nil))
		goldenCheck(t, err)
		clock.add(56789 * time.Microsecond)
		v, err := r.NewCounterVec("early_total", "Series of several times.", []string{"at"})
		goldenCheck(t, err)
		v.With(name).AddWithExemplar(1, engine.Labels{"trace_id": name})
	}
	return r, nothing
}

func goldenTimers(t testing.TB) (*engine.Registry, func()) {
	r, _ := goldenRegistry()
	h, err := r.NewHistogram("run_seconds", "Runs.", engine.WithBuckets(0.5, 1))
	goldenCheck(t, err)
	s, err := r.NewSummary("run_summary_seconds", "Runs.", engine.WithObjectives(map[float64]float64{0.5: 0.01}))
	goldenCheck(t, err)
	g, err := r.NewGauge("running", "Runs under way.")
	goldenCheck(t, err)
	failed, err := r.NewCounter("failed_total", "Runs that failed.")
	goldenCheck(t, err)
	run := func() error {
		time.Sleep(750 * time.Millisecond)
		return errors.New("failed")
	}
	timers := []engine.Timer{h.Start(), s.Start(), engine.StartTimer(h)}
	time.Sleep(250 * time.Millisecond)
	for _, timer := range timers {
		timer.Stop()
	}
	require.Error(t, engine.Timed(h, engine.InProgress(g, engine.CountErrors(failed, run)))())
	_, err = engine.Call(s, g, failed, func() (int, error) { return 1, run() })
	require.Error(t, err)
	return r, nothing
}

// goldenLarge has families of more than 64 KiB, which protobuf carries in pieces.
func goldenLarge(t testing.TB) (*engine.Registry, func()) {
	r, _ := goldenRegistry()
	const series = 1200
	c, err := r.NewCounterVec("large_total", "Large.", []string{"a"})
	goldenCheck(t, err)
	g, err := r.NewGaugeVec("large", "Large.", []string{"a", "b"})
	goldenCheck(t, err)
	h, err := r.NewHistogramVec("large_seconds", "Large.", []string{"a"},
		engine.WithBuckets(1, 2, 4), engine.WithUnit("seconds"))
	goldenCheck(t, err)
	n, err := r.NewHistogramVec("large_native", "Large.", []string{"a"}, engine.WithNative(histogram.NativeDefaults()))
	goldenCheck(t, err)
	s, err := r.NewSummaryVec("large_bytes", "Large.", []string{"a"},
		engine.WithObjectives(map[float64]float64{0.5: 0.01}))
	goldenCheck(t, err)
	for i := range series {
		a := fmt.Sprint("this is the series with the number ", i)
		c.With(a).Add(float64(i) / 2)
		g.With(a, strings.Repeat("é", i%50)).Set(float64(i))
		h.With(a).ObserveWithExemplar(float64(i%6), engine.Labels{"trace_id": a})
		n.With(a).Observe(float64(i))
		s.With(a).Observe(float64(i))
	}
	return r, nothing
}
