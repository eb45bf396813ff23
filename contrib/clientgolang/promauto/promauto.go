// SPDX-License-Identifier: Apache-2.0

// Package promauto has the names of client_golang's package promauto. Its functions make the
// metrics of package prometheus of this module, and register them.
package promauto

import "github.com/quipu-metrics/quipu/contrib/clientgolang/prometheus"

// Factory makes metrics and registers them with one Registerer. [With] makes it. A registration
// that fails is a panic.
type Factory struct{ r prometheus.Registerer }

// With returns a Factory for a Registerer. If that is nil, metrics are made and not registered.
func With(r prometheus.Registerer) Factory { return Factory{r} }

// registered registers a metric, and returns it.
func registered[C prometheus.Collector](r prometheus.Registerer, c C) C {
	if r != nil {
		r.MustRegister(c)
	}
	return c
}

// NewCounter is prometheus.NewCounter, and registers with prometheus.DefaultRegisterer.
func NewCounter(opts prometheus.CounterOpts) prometheus.Counter {
	return With(prometheus.DefaultRegisterer).NewCounter(opts)
}

// NewCounter is prometheus.NewCounter, and registers.
func (f Factory) NewCounter(opts prometheus.CounterOpts) prometheus.Counter {
	return registered(f.r, prometheus.NewCounter(opts))
}

// NewCounterVec is prometheus.NewCounterVec, and registers with prometheus.DefaultRegisterer.
func NewCounterVec(opts prometheus.CounterOpts, labelNames []string) *prometheus.CounterVec {
	return With(prometheus.DefaultRegisterer).NewCounterVec(opts, labelNames)
}

// NewCounterVec is prometheus.NewCounterVec, and registers.
func (f Factory) NewCounterVec(opts prometheus.CounterOpts, labelNames []string) *prometheus.CounterVec {
	return registered(f.r, prometheus.NewCounterVec(opts, labelNames))
}

// NewCounterFunc is prometheus.NewCounterFunc, and registers with prometheus.DefaultRegisterer.
func NewCounterFunc(opts prometheus.CounterOpts, function func() float64) prometheus.CounterFunc {
	return With(prometheus.DefaultRegisterer).NewCounterFunc(opts, function)
}

// NewCounterFunc is prometheus.NewCounterFunc, and registers.
func (f Factory) NewCounterFunc(opts prometheus.CounterOpts, function func() float64) prometheus.CounterFunc {
	return registered(f.r, prometheus.NewCounterFunc(opts, function))
}

// NewGauge is prometheus.NewGauge, and registers with prometheus.DefaultRegisterer.
func NewGauge(opts prometheus.GaugeOpts) prometheus.Gauge {
	return With(prometheus.DefaultRegisterer).NewGauge(opts)
}

// NewGauge is prometheus.NewGauge, and registers.
func (f Factory) NewGauge(opts prometheus.GaugeOpts) prometheus.Gauge {
	return registered(f.r, prometheus.NewGauge(opts))
}

// NewGaugeVec is prometheus.NewGaugeVec, and registers with prometheus.DefaultRegisterer.
func NewGaugeVec(opts prometheus.GaugeOpts, labelNames []string) *prometheus.GaugeVec {
	return With(prometheus.DefaultRegisterer).NewGaugeVec(opts, labelNames)
}

// NewGaugeVec is prometheus.NewGaugeVec, and registers.
func (f Factory) NewGaugeVec(opts prometheus.GaugeOpts, labelNames []string) *prometheus.GaugeVec {
	return registered(f.r, prometheus.NewGaugeVec(opts, labelNames))
}

// NewGaugeFunc is prometheus.NewGaugeFunc, and registers with prometheus.DefaultRegisterer.
func NewGaugeFunc(opts prometheus.GaugeOpts, function func() float64) prometheus.GaugeFunc {
	return With(prometheus.DefaultRegisterer).NewGaugeFunc(opts, function)
}

// NewGaugeFunc is prometheus.NewGaugeFunc, and registers.
func (f Factory) NewGaugeFunc(opts prometheus.GaugeOpts, function func() float64) prometheus.GaugeFunc {
	return registered(f.r, prometheus.NewGaugeFunc(opts, function))
}

// NewHistogram is prometheus.NewHistogram, and registers with prometheus.DefaultRegisterer.
func NewHistogram(opts prometheus.HistogramOpts) prometheus.Histogram {
	return With(prometheus.DefaultRegisterer).NewHistogram(opts)
}

// NewHistogram is prometheus.NewHistogram, and registers.
func (f Factory) NewHistogram(opts prometheus.HistogramOpts) prometheus.Histogram {
	return registered(f.r, prometheus.NewHistogram(opts))
}

// NewHistogramVec is prometheus.NewHistogramVec, and registers with prometheus.DefaultRegisterer.
func NewHistogramVec(opts prometheus.HistogramOpts, labelNames []string) *prometheus.HistogramVec {
	return With(prometheus.DefaultRegisterer).NewHistogramVec(opts, labelNames)
}

// NewHistogramVec is prometheus.NewHistogramVec, and registers.
func (f Factory) NewHistogramVec(opts prometheus.HistogramOpts, labelNames []string) *prometheus.HistogramVec {
	return registered(f.r, prometheus.NewHistogramVec(opts, labelNames))
}

// NewSummary is prometheus.NewSummary, and registers with prometheus.DefaultRegisterer.
func NewSummary(opts prometheus.SummaryOpts) prometheus.Summary {
	return With(prometheus.DefaultRegisterer).NewSummary(opts)
}

// NewSummary is prometheus.NewSummary, and registers.
func (f Factory) NewSummary(opts prometheus.SummaryOpts) prometheus.Summary {
	return registered(f.r, prometheus.NewSummary(opts))
}

// NewSummaryVec is prometheus.NewSummaryVec, and registers with prometheus.DefaultRegisterer.
func NewSummaryVec(opts prometheus.SummaryOpts, labelNames []string) *prometheus.SummaryVec {
	return With(prometheus.DefaultRegisterer).NewSummaryVec(opts, labelNames)
}

// NewSummaryVec is prometheus.NewSummaryVec, and registers.
func (f Factory) NewSummaryVec(opts prometheus.SummaryOpts, labelNames []string) *prometheus.SummaryVec {
	return registered(f.r, prometheus.NewSummaryVec(opts, labelNames))
}

// NewUntypedFunc is prometheus.NewUntypedFunc, and registers with prometheus.DefaultRegisterer.
func NewUntypedFunc(opts prometheus.UntypedOpts, function func() float64) prometheus.UntypedFunc {
	return With(prometheus.DefaultRegisterer).NewUntypedFunc(opts, function)
}

// NewUntypedFunc is prometheus.NewUntypedFunc, and registers.
func (f Factory) NewUntypedFunc(opts prometheus.UntypedOpts, function func() float64) prometheus.UntypedFunc {
	return registered(f.r, prometheus.NewUntypedFunc(opts, function))
}
