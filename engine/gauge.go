// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"github.com/quipu-metrics/quipu/atomicf"
	"github.com/quipu-metrics/quipu/encode"
)

// Gauge is a value that goes up and down: a temperature, requests in flight. Constructors and Vecs make it; it must not
// be copied. All methods may be called concurrently and take no lock.
type Gauge struct {
	series
	level atomicf.Level
}

// NewGauge defines a gauge in the default registry. It panics when the definition cannot work.
func NewGauge(name, help string, options ...MetricOption) *Gauge {
	return must(Default().NewGauge(name, help, options...))
}

// NewGauge defines a gauge without labels, or returns it if it is defined already.
func (r *Registry) NewGauge(name, help string, options ...MetricOption) (*Gauge, error) {
	return define[*Gauge](r, definition{kind: encode.Gauge, name: name, help: help}, options)
}

// Set sets the value, any float64. It reads back bit for bit, but for NaN, of which there is one.
func (g *Gauge) Set(v float64) { g.level.Set(v) }

// SetToCurrentTime sets the value to the registry's time, in seconds since 1970.
func (g *Gauge) SetToCurrentTime() { g.level.Set(unixSeconds(g.fam.reg.clock())) }

// Inc adds 1.
func (g *Gauge) Inc() { g.level.Inc() }

// Dec subtracts 1.
func (g *Gauge) Dec() { g.level.Dec() }

// Add adds v, which may be negative. Adding NaN is dropped and counted. Adding an infinity makes the value infinite, and
// adding the other one makes that NaN, until the next Set.
func (g *Gauge) Add(v float64) {
	if v != v {
		g.fam.misuse(faultNaN, "NaN added to a gauge")
		return
	}
	g.level.Add(v)
}

// Sub subtracts v.
func (g *Gauge) Sub(v float64) { g.Add(-v) }

// Value returns the current value: every update that had finished before the call, and any of those under way. So while
// goroutines on several CPUs add and subtract, it may return a value that the gauge had at no instant, such as -1 for
// requests in flight.
func (g *Gauge) Value() float64 { return g.level.Load() }

// GaugeVec is a gauge with labels: a family of Gauges.
type GaugeVec struct{ vec[Gauge] }

// NewGaugeVec defines a gauge with labels in the default registry. It panics when the definition cannot work.
func NewGaugeVec(name, help string, labels []string, options ...MetricOption) *GaugeVec {
	return must(Default().NewGaugeVec(name, help, labels, options...))
}

// NewGaugeVec defines a gauge with the given label names, or returns it if it is defined already. With nil names the
// label sets are open.
func (r *Registry) NewGaugeVec(name, help string, labels []string, options ...MetricOption) (*GaugeVec, error) {
	return define[*GaugeVec](r, labelled(encode.Gauge, name, help, labels), options)
}

// With returns the series with these label values, as [CounterVec.With] does.
func (v *GaugeVec) With(values ...string) *Gauge { return v.with(values) }

// WithLabels returns the series with these labels, as [CounterVec.WithLabels] does.
func (v *GaugeVec) WithLabels(labels Labels) *Gauge { return v.withLabels(labels) }
