// SPDX-License-Identifier: Apache-2.0

package otlp

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
)

// gathered returns the request with all series of a registry.
func gathered(t testing.TB, reg *engine.Registry, now int64) request {
	g := &gatherer{now: now, flush: func() bool { t.Fatal("too many series"); return false }}
	g.message.resource = appendResource(nil, engine.Labels{serviceName: "shop"})
	g.message.reset()
	g.walk(t, reg)
	return readRequest(t, g.message.finish())
}

func (g *gatherer) walk(t testing.TB, reg *engine.Registry) {
	for f := range reg.Read(engine.ReadOptions{NoSelf: true}) {
		g.begin(f.Name(), f.Help(), f.Unit(), f.Type())
		for s := range f.Samples() {
			require.True(t, g.add(s))
		}
	}
}

// states is a source of the types that only sources have.
type states struct{}

func (states) Emit(_ context.Context, w *engine.Writer) error {
	w.Info("build_info", "Build.", engine.Label{Name: "version", Value: "1"})
	w.StateSet("mode", "Mode.", map[string]bool{"on": true, "off": false})
	w.Write(engine.Point{Name: "any", Type: encode.Untyped, Value: 7})
	return nil
}

func TestEveryKindBecomesTheDataThatTheSpecificationNames(t *testing.T) {
	const trace, span = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	begin := time.Now().UnixMilli()
	reg := engine.NewRegistry()
	c := engine.Must(reg.NewCounterVec("b_total", "B.", []string{"zone", "path"}))
	c.With("z", "/a\"\n").Add(3)
	c.With("", "/b").AddWithExemplar(2.5, engine.Labels{"trace_id": trace, "span_id": span, "user": "7"})
	engine.Must(reg.NewGauge("c_seconds", "C.", engine.WithUnit("seconds"))).Set(math.NaN())
	h := engine.Must(reg.NewHistogram("d", "D.", engine.WithBuckets(0.5, 1, 1e6),
		engine.WithConstLabels(engine.Labels{"m": "1"})))
	h.Observe(0.7)
	h.ObserveWithExemplar(1e9, engine.Labels{"trace_id": "8"})
	s := engine.Must(reg.NewSummary("e", "", engine.WithObjectives(map[float64]float64{0.5: 0.05, 1: 0.01})))
	s.Observe(2)
	n := engine.Must(reg.NewHistogram("f", "F.", engine.WithNative(histogram.NativeDefaults())))
	for _, v := range []float64{-3, 0, 1, 1, 8} {
		n.Observe(v)
	}
	now := begin + 60_000
	r := gathered(t, reg, now)
	require.Equal(t, map[string]string{"service.name": "shop"}, r.resource)
	require.Equal(t, scopeName, r.scope)
	started := func(p *pointRead) {
		require.GreaterOrEqual(t, p.start, nanos(begin))
		require.LessOrEqual(t, p.start, nanos(time.Now().UnixMilli()))
		p.start = 0
	}
	for i := range r.metrics {
		for j := range r.metrics[i].points {
			p := &r.metrics[i].points[j]
			require.Equal(t, nanos(now), p.time)
			p.time = 0
			if r.metrics[i].form == uint64(gaugeForm) {
				require.Zero(t, p.start)
			} else {
				started(p)
			}
		}
	}
	require.Equal(t, metricRead{
		name: "b_total", help: "B.", typ: "counter", form: 7, temporality: 2, monotonic: true,
		points: []pointRead{
			{labels: "path=/a\"\n,zone=z", value: 3, hasValue: true},
			{labels: "path=/b", value: 2.5, hasValue: true, exemplars: []string{
				"span " + span + ",trace " + trace + ",user=7 2.5",
			}},
		},
	}, r.metrics[0])
	require.True(t, math.IsNaN(r.metrics[1].points[0].value))
	r.metrics[1].points = nil
	require.Equal(t, metricRead{name: "c_seconds", help: "C.", unit: "s", typ: "gauge", form: 5}, r.metrics[1])
	require.Equal(t, metricRead{
		name: "d", help: "D.", typ: "histogram", form: 9, temporality: 2,
		points: []pointRead{{
			labels: "m=1", count: 2, sum: 1e9 + 0.7, counts: []uint64{0, 1, 0, 1}, bounds: []float64{0.5, 1, 1e6},
			exemplars: []string{"trace_id=8 1e+09"},
		}},
	}, r.metrics[2])
	require.Equal(t, metricRead{
		name: "e", typ: "summary", form: 11,
		points: []pointRead{{count: 1, sum: 2, quantiles: []string{"0.5=2", "1=2"}}},
	}, r.metrics[3])
	// 1 is the upper bound of bucket 0 of Prometheus, and of bucket -1 of OpenTelemetry; 8 is 3
	// powers of two above, which are 24 buckets at this scale; 3 is above 2^(12/8) and not above
	// 2^(13/8).
	positive := runRead{offset: -1, counts: make([]uint64, 25)}
	positive.counts[0], positive.counts[24] = 2, 1
	require.Equal(t, metricRead{
		name: "f", help: "F.", typ: "histogram", form: 10, temporality: 2,
		points: []pointRead{{
			count: 5, sum: 7, scale: 3, zero: 1, threshold: 0x1p-128,
			positive: positive, negative: runRead{offset: 12, counts: []uint64{1}},
		}},
	}, r.metrics[4])
}

func TestTypesThatOnlySourcesHave(t *testing.T) {
	reg := engine.NewRegistry()
	require.NoError(t, reg.Attach(states{}))
	got := map[string]metricRead{}
	g := &gatherer{now: 5, deltas: newDeltas(1)} // which have only cumulative ones of these types
	g.message.delta = true
	g.message.reset()
	g.walk(t, reg)
	for _, m := range readRequest(t, g.message.finish()).metrics {
		for i := range m.points {
			m.points[i].time = 0
		}
		got[m.name] = m
	}
	require.Equal(t, map[string]metricRead{
		"build_info": {name: "build_info", help: "Build.", typ: "info", form: 7, temporality: 2,
			points: []pointRead{{labels: "version=1", value: 1, hasValue: true}}},
		"mode": {name: "mode", help: "Mode.", typ: "stateset", form: 7, temporality: 2,
			points: []pointRead{{labels: "mode=off", hasValue: true}, {labels: "mode=on", value: 1, hasValue: true}}},
		"any": {name: "any", typ: "unknown", form: 5, points: []pointRead{{value: 7, hasValue: true}}},
	}, got)
}

// part is a source of one histogram, which has either form.
type part struct{ native bool }

func (p part) Emit(_ context.Context, w *engine.Writer) error {
	h := engine.HistogramSnapshot{Bounds: []float64{1}, Counts: []uint64{2, 3}, Sum: 4}
	name := engine.Label{Name: "form", Value: "classic"}
	if p.native {
		h = engine.HistogramSnapshot{Native: &histogram.NativeSnapshot{Schema: 1, ZeroCount: 5, Count: 5}}
		name.Value = "native"
	}
	w.Histogram("h", "", h, name)
	return nil
}

func TestAFamilyOfHistogramsOfBothFormsLosesNone(t *testing.T) {
	reg := engine.NewRegistry()
	require.NoError(t, reg.Attach(part{}))
	require.NoError(t, reg.Attach(part{native: true}))
	r := gathered(t, reg, 5)
	require.Len(t, r.metrics, 2)
	require.ElementsMatch(t, []uint64{9, 10}, []uint64{r.metrics[0].form, r.metrics[1].form})
	for _, m := range r.metrics {
		require.Equal(t, "h", m.name)
		require.Len(t, m.points, 1)
		require.Equal(t, uint64(5), m.points[0].count)
	}
}

// Registries that show others, with labels and prefixes, are sent as they are read.
func TestMountedRegistriesAreSent(t *testing.T) {
	inner := engine.NewRegistry()
	engine.Must(inner.NewCounterVec("jobs_total", "", []string{"kind"})).With("a").Add(2)
	outer := engine.NewRegistry()
	pool := engine.WithConstLabels(engine.Labels{"pool": "p"})
	require.NoError(t, outer.Mount(inner, engine.WithPrefix("app_"), pool))
	r := gathered(t, outer, 5)
	require.Len(t, r.metrics, 1)
	require.Equal(t, "app_jobs_total", r.metrics[0].name)
	require.Equal(t, "kind=a,pool=p", r.metrics[0].points[0].labels)
}
