// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"github.com/quipu-metrics/quipu/atomicf"
	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/quantile"
	"github.com/quipu-metrics/quipu/shard"
)

// Gauge is a value that goes up and down: a temperature, requests in flight. Constructors and Vecs
// make it; it must not be copied. All methods may be called concurrently and take no lock.
type Gauge struct {
	series
	level atomicf.Level
}

// NewGauge defines a gauge without labels, or returns it if it is defined already.
func (r *Registry) NewGauge(name, help string, options ...MetricOption) (*Gauge, error) {
	return define[*Gauge](r, &gaugeKind, definition{name: name, help: help}, options)
}

// Set sets the value, any float64, by one atomic store (BenchmarkGaugeSet). It reads back bit for
// bit, except that all NaNs become the same one.
func (g *Gauge) Set(v float64) { g.level.Set(v) }

// SetToCurrentTime sets the value to the registry's time, in seconds since 1970.
func (g *Gauge) SetToCurrentTime() { g.level.Set(unixSeconds(g.fam.core.clock())) }

// Inc adds 1 (BenchmarkGaugeIncDec).
func (g *Gauge) Inc() { g.level.Inc() }

// Dec subtracts 1.
func (g *Gauge) Dec() { g.level.Dec() }

// Add adds v, which may be negative. Adding NaN is dropped and counted. Adding an infinity makes
// the value infinite, and adding the other infinity makes that NaN, until the next Set.
// BenchmarkGaugeAdd measures it.
func (g *Gauge) Add(v float64) {
	if v != v {
		g.fam.misuse(faultNaN, "NaN added to a gauge")
		return
	}
	g.level.Add(v)
}

// Sub subtracts v.
func (g *Gauge) Sub(v float64) { g.Add(-v) }

// Value returns the current value. It contains every update that had finished before the call, and
// any number of the updates that are under way. So while goroutines on several CPUs add and
// subtract, Value may return a value that the gauge had at no instant, such as -1 for requests in
// flight.
func (g *Gauge) Value() float64 { return g.level.Load() }

// GaugeVec is a gauge with labels: a family of Gauges.
type GaugeVec struct{ vec[Gauge] }

// NewGaugeVec defines a gauge with the given label names, or returns it if it is defined already.
// With nil names the label sets are open.
func (r *Registry) NewGaugeVec(name, help string, labels []string, options ...MetricOption) (*GaugeVec, error) {
	return define[*GaugeVec](r, &gaugeKind, labelled(name, help, labels), options)
}

// With returns the series with these label values, as [CounterVec.With] does.
func (v *GaugeVec) With(values ...string) *Gauge { return v.with(values) }

// WithLabels returns the series with these labels, as [CounterVec.WithLabels] does.
func (v *GaugeVec) WithLabels(labels Labels) *Gauge { return v.withLabels(labels) }

// Curry returns the Vec of those series that have these labels: see [CounterVec.Curry].
func (v *GaugeVec) Curry(labels Labels) *GaugeVec { return &GaugeVec{v.curry(labels)} }

// GaugeOf is a gauge whose label sets are values of the struct L: see [RegisterCounterOf].
type GaugeOf[L comparable] struct{ typed[L, Gauge] }

// RegisterGaugeOf defines a gauge whose labels are the fields of struct L: see [RegisterCounterOf].
func RegisterGaugeOf[L comparable](r *Registry, name, help string, options ...MetricOption) (*GaugeOf[L], error) {
	t, err := defineOf[L, Gauge](r, &gaugeKind, name, help, options)
	if err != nil {
		return nil, err
	}
	return &GaugeOf[L]{t}, nil
}

// With returns the series with these labels, as [CounterOf.With] does.
func (t *GaugeOf[L]) With(labels L) *Gauge { return t.with(labels) }

var gaugeRules = rules{typ: encode.Gauge}

var gaugeKind = kind{
	rules: &gaugeRules,
	metric: func(f *family) any {
		if f.only == nil {
			return &GaugeVec{newVec[Gauge](f)}
		}
		return seriesOf[Gauge](f.only)
	},
	newSeries: newGaugeSeries,
	life:      lifeOf[Gauge],
	updated:   func(n *shard.Node) bool { return seriesOf[Gauge](n).level.Updated() },
	expose:    exposeGauges,
	append:    appendGauge,
	form:      formValue,
	fits:      func(*definition, float64, int) (fault, error) { return 0, nil },
	read:      readGauge,
	present:   func(s *Sample, _ []float64, _ []quantile.Objective) { s.value = s.state.gauge },
	take:      func(s *state, from supplied) { s.gauge = from.value },
}

func newGaugeSeries(f *family) *series {
	g := made[Gauge](f)
	if f.def.expiry > 0 {
		g.level.Updated() // from here on it reports updates
	}
	return &g.series
}

func exposeGauges(f *family, w *pageWriter) {
	for n := range f.nodes {
		if !w.next() {
			return
		}
		readGauge(f, n, &w.state)
		appendGauge(w, n.Labels, &w.state)
	}
}

// readGauge reads a series.
func readGauge(_ *family, n *shard.Node, s *state) {
	s.gauge = seriesOf[Gauge](n).level.Load()
}

func appendGauge(w *pageWriter, labels string, s *state) {
	w.buf = w.enc.AppendGauge(w.buf, w.format, labels, s.gauge)
}
