// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"time"

	"github.com/quipu-metrics/quipu/quantile"
)

// NewRegistry returns an empty registry. It panics when an option cannot work.
func NewRegistry(options ...RegistryOption) *Registry {
	r := new(Registry)
	r.settings = settings{maxSeries: DefaultMaxSeries, maxValue: MaxLabelValue, clock: time.Now}
	if err := r.settings.apply(options); err != nil {
		panic("quipu: " + err.Error())
	}
	r.epoch = r.clock()
	r.epochMillis = r.epoch.UnixMilli()
	r.log = quantile.NewLog(r.clock)
	r.names.reserved = reservedBySelf
	r.contents.Store(new(contents))
	return r
}

var defaultRegistry = NewRegistry()

// Default returns the registry that the package-level constructors use.
func Default() *Registry { return defaultRegistry }

// NewCounter defines a counter in the default registry, as [Registry.NewCounter] does. It panics
// when the definition cannot work.
func NewCounter(name, help string, options ...MetricOption) *Counter {
	return Must(Default().NewCounter(name, help, options...))
}

// NewCounterVec defines a counter with labels in the default registry, as [Registry.NewCounterVec]
// does. It panics when the definition cannot work.
func NewCounterVec(name, help string, labels []string, options ...MetricOption) *CounterVec {
	return Must(Default().NewCounterVec(name, help, labels, options...))
}

// NewCounterOf defines a counter with the labels of struct L in the default registry, as
// [RegisterCounterOf] does. It panics when the definition cannot work.
func NewCounterOf[L comparable](name, help string, options ...MetricOption) *CounterOf[L] {
	return Must(RegisterCounterOf[L](Default(), name, help, options...))
}

// NewCounterFunc defines a counter in the default registry whose value f returns, as
// [Registry.NewCounterFunc] does. It panics when the definition cannot work.
func NewCounterFunc(name, help string, f func() float64, options ...MetricOption) *CounterFunc {
	return Must(Default().NewCounterFunc(name, help, f, options...))
}

// NewGauge defines a gauge in the default registry, as [Registry.NewGauge] does. It panics when the
// definition cannot work.
func NewGauge(name, help string, options ...MetricOption) *Gauge {
	return Must(Default().NewGauge(name, help, options...))
}

// NewGaugeVec defines a gauge with labels in the default registry, as [Registry.NewGaugeVec] does.
// It panics when the definition cannot work.
func NewGaugeVec(name, help string, labels []string, options ...MetricOption) *GaugeVec {
	return Must(Default().NewGaugeVec(name, help, labels, options...))
}

// NewGaugeOf defines a gauge with the labels of struct L in the default registry, as
// [RegisterGaugeOf] does. It panics when the definition cannot work.
func NewGaugeOf[L comparable](name, help string, options ...MetricOption) *GaugeOf[L] {
	return Must(RegisterGaugeOf[L](Default(), name, help, options...))
}

// NewGaugeFunc defines a gauge in the default registry whose value f returns, as
// [Registry.NewGaugeFunc] does. It panics when the definition cannot work.
func NewGaugeFunc(name, help string, f func() float64, options ...MetricOption) *GaugeFunc {
	return Must(Default().NewGaugeFunc(name, help, f, options...))
}

// NewHistogram defines a histogram in the default registry, as [Registry.NewHistogram] does. It
// panics when the definition cannot work.
func NewHistogram(name, help string, options ...MetricOption) *Histogram {
	return Must(Default().NewHistogram(name, help, options...))
}

// NewHistogramVec defines a histogram with labels in the default registry, as
// [Registry.NewHistogramVec] does. It panics when the definition cannot work.
func NewHistogramVec(name, help string, labels []string, options ...MetricOption) *HistogramVec {
	return Must(Default().NewHistogramVec(name, help, labels, options...))
}

// NewHistogramOf defines a histogram with the labels of struct L in the default registry, as
// [RegisterHistogramOf] does. It panics when the definition cannot work.
func NewHistogramOf[L comparable](name, help string, options ...MetricOption) *HistogramOf[L] {
	return Must(RegisterHistogramOf[L](Default(), name, help, options...))
}

// NewSummary defines a summary in the default registry, as [Registry.NewSummary] does. It panics
// when the definition cannot work.
func NewSummary(name, help string, options ...MetricOption) *Summary {
	return Must(Default().NewSummary(name, help, options...))
}

// NewSummaryVec defines a summary with labels in the default registry, as [Registry.NewSummaryVec]
// does. It panics when the definition cannot work.
func NewSummaryVec(name, help string, labels []string, options ...MetricOption) *SummaryVec {
	return Must(Default().NewSummaryVec(name, help, labels, options...))
}

// NewSummaryOf defines a summary with the labels of struct L in the default registry, as
// [RegisterSummaryOf] does. It panics when the definition cannot work.
func NewSummaryOf[L comparable](name, help string, options ...MetricOption) *SummaryOf[L] {
	return Must(RegisterSummaryOf[L](Default(), name, help, options...))
}

// MustRegister registers collectors with the default registry and panics when one cannot be
// registered.
func MustRegister(collectors ...Collector) {
	for _, c := range collectors {
		Must(c, Default().Register(c))
	}
}
