// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"context"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"pgregory.net/rapid"
)

type newOptions []metric.InstrumentOption

// to returns options in the form that a constructor takes.
func to[O, I any](list []I) (options []O) {
	for _, o := range list {
		options = append(options, any(o).(O))
	}
	return options
}

type measurement = func(value float64, options []metric.MeasurementOption)

// integers creates a synchronous instrument of integers, and returns its method.
func integers(t *rapid.T, m metric.Meter, name string, kind int, options newOptions) measurement {
	switch kind {
	case counters:
		c, err := m.Int64Counter(name, to[metric.Int64CounterOption](options)...)
		require.NoError(t, err)
		return adds(c.Add)
	case upDownCounters:
		c, err := m.Int64UpDownCounter(name, to[metric.Int64UpDownCounterOption](options)...)
		require.NoError(t, err)
		return adds(c.Add)
	case gauges:
		g, err := m.Int64Gauge(name, to[metric.Int64GaugeOption](options)...)
		require.NoError(t, err)
		return records(g.Record)
	}
	h, err := m.Int64Histogram(name, append(to[metric.Int64HistogramOption](options),
		metric.WithExplicitBucketBoundaries(1, 10))...)
	require.NoError(t, err)
	return records(h.Record)
}

func floats(t *rapid.T, m metric.Meter, name string, kind int, options newOptions) measurement {
	switch kind {
	case counters:
		c, err := m.Float64Counter(name, to[metric.Float64CounterOption](options)...)
		require.NoError(t, err)
		return adds(c.Add)
	case upDownCounters:
		c, err := m.Float64UpDownCounter(name, to[metric.Float64UpDownCounterOption](options)...)
		require.NoError(t, err)
		return adds(c.Add)
	case gauges:
		g, err := m.Float64Gauge(name, to[metric.Float64GaugeOption](options)...)
		require.NoError(t, err)
		return records(g.Record)
	}
	h, err := m.Float64Histogram(name, to[metric.Float64HistogramOption](options)...)
	require.NoError(t, err)
	return records(h.Record)
}

func adds[N int64 | float64](add func(context.Context, N, ...metric.AddOption)) measurement {
	return func(value float64, options []metric.MeasurementOption) {
		add(background, N(value), to[metric.AddOption](options)...)
	}
}

func records[N int64 | float64](record func(context.Context, N, ...metric.RecordOption)) measurement {
	return func(value float64, options []metric.MeasurementOption) {
		record(background, N(value), to[metric.RecordOption](options)...)
	}
}

// createObservable creates an instrument whose callback reports the list. Instruments of integers
// have their own callback, and the others have one that is registered and can be stopped.
func (i *twin) createObservable(t *rapid.T, m metric.Meter, name string, s shape) {
	options := newOptions{metric.WithDescription("About " + name + "."), metric.WithUnit(s.unit)}
	if s.integers {
		i.observeIntegers(t, m, name, s.kind, options)
		return
	}
	var o metric.Float64Observable
	var err error
	switch s.kind {
	case observableCounters:
		o, err = m.Float64ObservableCounter(name, to[metric.Float64ObservableCounterOption](options)...)
	case observableUpDownCounters:
		o, err = m.Float64ObservableUpDownCounter(name, to[metric.Float64ObservableUpDownCounterOption](options)...)
	default:
		o, err = m.Float64ObservableGauge(name, to[metric.Float64ObservableGaugeOption](options)...)
	}
	require.NoError(t, err)
	r, err := m.RegisterCallback(func(_ context.Context, to metric.Observer) error {
		i.report(func(value float64, option metric.ObserveOption) { to.ObserveFloat64(o, value, option) })
		return nil
	}, o)
	if err == nil { // the SDK refuses an instrument that a view drops
		i.stop = append(i.stop, r)
	}
}

func (i *twin) observeIntegers(t *rapid.T, m metric.Meter, name string, kind int, options newOptions) {
	f := metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
		i.report(func(value float64, option metric.ObserveOption) { o.Observe(int64(value), option) })
		return nil
	})
	var err error
	switch kind {
	case observableCounters:
		_, err = m.Int64ObservableCounter(name, append(to[metric.Int64ObservableCounterOption](options), f)...)
	case observableUpDownCounters:
		all := append(to[metric.Int64ObservableUpDownCounterOption](options), f)
		_, err = m.Int64ObservableUpDownCounter(name, all...)
	default:
		_, err = m.Int64ObservableGauge(name, append(to[metric.Int64ObservableGaugeOption](options), f)...)
	}
	require.NoError(t, err)
}

// report reports all sets in one order.
func (i *twin) report(observe func(float64, metric.ObserveOption)) {
	for _, set := range i.order {
		observe(i.observed[set], metric.WithAttributeSet(set))
	}
}

// observe makes the callbacks report a value for a set.
func (i *twin) observe(set attribute.Set, value float64) {
	if _, ok := i.observed[set]; !ok {
		i.order = append(i.order, set)
	}
	i.observed[set] = value
}
