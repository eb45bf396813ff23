// SPDX-License-Identifier: Apache-2.0

package meter

import "go.opentelemetry.io/otel/metric"

// options of all instruments, as the configurations of the API have them.
type described interface {
	Description() string
	Unit() string
}

func defined(k kind, name string, c described) definition {
	return definition{kind: k, name: name, help: c.Description(), unit: c.Unit()}
}

// definedHistogram is defined for histograms, whose creators may advise bounds.
func definedHistogram(name string, c described, advised []float64) definition {
	d := defined(histogramKind, name, c)
	d.bounds = defaultBounds
	if advised != nil {
		d.bounds = advised
	}
	return d
}

func (m *meter) Int64Counter(name string, options ...metric.Int64CounterOption) (metric.Int64Counter, error) {
	i, err := m.instrument(defined(counterKind, name, metric.NewInt64CounterConfig(options...)))
	return &counter[int64]{instrument: i}, err
}

func (m *meter) Float64Counter(name string, options ...metric.Float64CounterOption) (metric.Float64Counter, error) {
	i, err := m.instrument(defined(counterKind, name, metric.NewFloat64CounterConfig(options...)))
	return &counter[float64]{instrument: i}, err
}

func (m *meter) Int64UpDownCounter(
	name string, options ...metric.Int64UpDownCounterOption,
) (metric.Int64UpDownCounter, error) {
	i, err := m.instrument(defined(upDownCounterKind, name, metric.NewInt64UpDownCounterConfig(options...)))
	return &upDownCounter[int64]{instrument: i}, err
}

func (m *meter) Float64UpDownCounter(
	name string, options ...metric.Float64UpDownCounterOption,
) (metric.Float64UpDownCounter, error) {
	i, err := m.instrument(defined(upDownCounterKind, name, metric.NewFloat64UpDownCounterConfig(options...)))
	return &upDownCounter[float64]{instrument: i}, err
}

func (m *meter) Int64Histogram(name string, options ...metric.Int64HistogramOption) (metric.Int64Histogram, error) {
	c := metric.NewInt64HistogramConfig(options...)
	i, err := m.instrument(definedHistogram(name, c, c.ExplicitBucketBoundaries()))
	return &histogramOf[int64]{instrument: i}, err
}

func (m *meter) Float64Histogram(
	name string, options ...metric.Float64HistogramOption,
) (metric.Float64Histogram, error) {
	c := metric.NewFloat64HistogramConfig(options...)
	i, err := m.instrument(definedHistogram(name, c, c.ExplicitBucketBoundaries()))
	return &histogramOf[float64]{instrument: i}, err
}

func (m *meter) Int64Gauge(name string, options ...metric.Int64GaugeOption) (metric.Int64Gauge, error) {
	i, err := m.instrument(defined(gaugeKind, name, metric.NewInt64GaugeConfig(options...)))
	return &gauge[int64]{instrument: i}, err
}

func (m *meter) Float64Gauge(name string, options ...metric.Float64GaugeOption) (metric.Float64Gauge, error) {
	i, err := m.instrument(defined(gaugeKind, name, metric.NewFloat64GaugeConfig(options...)))
	return &gauge[float64]{instrument: i}, err
}

func (m *meter) Int64ObservableCounter(
	name string, options ...metric.Int64ObservableCounterOption,
) (metric.Int64ObservableCounter, error) {
	c := metric.NewInt64ObservableCounterConfig(options...)
	return m.int64Observable(defined(observableCounterKind, name, c), c.Callbacks())
}

func (m *meter) Float64ObservableCounter(
	name string, options ...metric.Float64ObservableCounterOption,
) (metric.Float64ObservableCounter, error) {
	c := metric.NewFloat64ObservableCounterConfig(options...)
	return m.float64Observable(defined(observableCounterKind, name, c), c.Callbacks())
}

func (m *meter) Int64ObservableUpDownCounter(
	name string, options ...metric.Int64ObservableUpDownCounterOption,
) (metric.Int64ObservableUpDownCounter, error) {
	c := metric.NewInt64ObservableUpDownCounterConfig(options...)
	return m.int64Observable(defined(observableUpDownCounterKind, name, c), c.Callbacks())
}

func (m *meter) Float64ObservableUpDownCounter(
	name string, options ...metric.Float64ObservableUpDownCounterOption,
) (metric.Float64ObservableUpDownCounter, error) {
	c := metric.NewFloat64ObservableUpDownCounterConfig(options...)
	return m.float64Observable(defined(observableUpDownCounterKind, name, c), c.Callbacks())
}

func (m *meter) Int64ObservableGauge(
	name string, options ...metric.Int64ObservableGaugeOption,
) (metric.Int64ObservableGauge, error) {
	c := metric.NewInt64ObservableGaugeConfig(options...)
	return m.int64Observable(defined(observableGaugeKind, name, c), c.Callbacks())
}

func (m *meter) Float64ObservableGauge(
	name string, options ...metric.Float64ObservableGaugeOption,
) (metric.Float64ObservableGauge, error) {
	c := metric.NewFloat64ObservableGaugeConfig(options...)
	return m.float64Observable(defined(observableGaugeKind, name, c), c.Callbacks())
}
