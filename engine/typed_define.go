// SPDX-License-Identifier: Apache-2.0

package engine

import "github.com/quipu-metrics/quipu/encode"

// CounterOf is a counter whose label sets are values of the struct L: see [RegisterCounterOf].
type CounterOf[L comparable] struct{ typed[L, Counter] }

// NewCounterOf defines a counter with the labels of struct L in the default registry. It panics when the definition cannot work.
func NewCounterOf[L comparable](name, help string, options ...MetricOption) *CounterOf[L] {
	return must(RegisterCounterOf[L](Default(), name, help, options...))
}

// RegisterCounterOf defines a counter whose labels are the exported fields of struct L, in order, or returns it if it is
// defined already. (Methods cannot have type parameters, so this is a function.)
//
// Fields may be strings, integers and booleans, and types made of these. A field is called by its tag, as in
// `label:"method"`, or else by its name in snake case.
func RegisterCounterOf[L comparable](r *Registry, name, help string, options ...MetricOption) (*CounterOf[L], error) {
	t, err := defineOf[L, Counter](r, encode.Counter, name, help, options)
	if err != nil {
		return nil, err
	}
	return &CounterOf[L]{t}, nil
}

// With returns the series with these labels. The first time it creates the series; after that it takes no lock and
// allocates nothing.
func (t *CounterOf[L]) With(labels L) *Counter { return t.with(labels) }

// GaugeOf is a gauge whose label sets are values of the struct L: see [RegisterCounterOf].
type GaugeOf[L comparable] struct{ typed[L, Gauge] }

// NewGaugeOf defines a gauge with the labels of struct L in the default registry. It panics when the definition cannot work.
func NewGaugeOf[L comparable](name, help string, options ...MetricOption) *GaugeOf[L] {
	return must(RegisterGaugeOf[L](Default(), name, help, options...))
}

// RegisterGaugeOf defines a gauge whose labels are the fields of struct L: see [RegisterCounterOf].
func RegisterGaugeOf[L comparable](r *Registry, name, help string, options ...MetricOption) (*GaugeOf[L], error) {
	t, err := defineOf[L, Gauge](r, encode.Gauge, name, help, options)
	if err != nil {
		return nil, err
	}
	return &GaugeOf[L]{t}, nil
}

// With returns the series with these labels, as [CounterOf.With] does.
func (t *GaugeOf[L]) With(labels L) *Gauge { return t.with(labels) }

// HistogramOf is a histogram whose label sets are values of the struct L: see [RegisterCounterOf].
type HistogramOf[L comparable] struct{ typed[L, Histogram] }

// NewHistogramOf defines a histogram with the labels of struct L in the default registry. It panics when the definition cannot work.
func NewHistogramOf[L comparable](name, help string, options ...MetricOption) *HistogramOf[L] {
	return must(RegisterHistogramOf[L](Default(), name, help, options...))
}

// RegisterHistogramOf defines a histogram whose labels are the fields of struct L: see [RegisterCounterOf].
func RegisterHistogramOf[L comparable](r *Registry, name, help string, options ...MetricOption) (*HistogramOf[L], error) {
	t, err := defineOf[L, Histogram](r, encode.Histogram, name, help, options)
	if err != nil {
		return nil, err
	}
	return &HistogramOf[L]{t}, nil
}

// With returns the series with these labels, as [CounterOf.With] does.
func (t *HistogramOf[L]) With(labels L) *Histogram { return t.with(labels) }

// SummaryOf is a summary whose label sets are values of the struct L: see [RegisterCounterOf].
type SummaryOf[L comparable] struct{ typed[L, Summary] }

// NewSummaryOf defines a summary with the labels of struct L in the default registry. It panics when the definition cannot work.
func NewSummaryOf[L comparable](name, help string, options ...MetricOption) *SummaryOf[L] {
	return must(RegisterSummaryOf[L](Default(), name, help, options...))
}

// RegisterSummaryOf defines a summary whose labels are the fields of struct L: see [RegisterCounterOf].
func RegisterSummaryOf[L comparable](r *Registry, name, help string, options ...MetricOption) (*SummaryOf[L], error) {
	t, err := defineOf[L, Summary](r, encode.Summary, name, help, options)
	if err != nil {
		return nil, err
	}
	return &SummaryOf[L]{t}, nil
}

// With returns the series with these labels, as [CounterOf.With] does.
func (t *SummaryOf[L]) With(labels L) *Summary { return t.with(labels) }
