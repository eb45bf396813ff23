// SPDX-License-Identifier: Apache-2.0

package engine

import "github.com/quipu-metrics/quipu/encode"

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
