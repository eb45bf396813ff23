// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"fmt"

	"github.com/quipu-metrics/quipu/engine"
)

// definer defines the metrics of a constructor, and panics if a definition fails. All labels have
// closed sets of values, so the largest number of a metric's series is known. It is the metric's
// limit, so that the overflow series is never used.
type definer struct {
	reg         *engine.Registry
	constructor string
	config      *Config
}

func (d definer) check(err error) {
	if err != nil {
		panic(fmt.Errorf("quipu: %s cannot define its metrics: %w", d.constructor, err))
	}
}

func (d definer) options(series int) []engine.MetricOption {
	return []engine.MetricOption{engine.WithConstLabels(d.config.ConstLabels), engine.WithMaxSeries(series)}
}

// exemplars adds the option for exemplars if they are wanted.
func (d definer) exemplars(options []engine.MetricOption) []engine.MetricOption {
	if d.config.Exemplars != nil {
		options = append(options, engine.WithExemplars(d.config.Exemplars))
	}
	return options
}

func (d definer) counters(name, help string, labels []string, series int) *engine.CounterVec {
	v, err := d.reg.NewCounterVec(name, help, labels, d.options(series)...)
	d.check(err)
	return v
}

// byCode defines a counter whose last label is the status code.
func (d definer) byCode(name, help string, labels []string, series int) *engine.CounterVec {
	v, err := d.reg.NewCounterVec(name, help, labels, d.exemplars(d.options(series*maxCodeLabels))...)
	d.check(err)
	return v
}

func (d definer) durations(name, help string, labels []string, series int) *engine.HistogramVec {
	options := d.exemplars(d.options(series))
	if d.config.DurationBuckets != nil {
		options = append(options, engine.WithBuckets(d.config.DurationBuckets...))
	}
	return d.histograms(name, help, labels, options)
}

func (d definer) sizes(name, help string, labels []string, series int) *engine.HistogramVec {
	options := d.options(series)
	if d.config.Native == nil {
		options = append(options, engine.WithBuckets(sizeBuckets[:]...))
	}
	return d.histograms(name, help, labels, options)
}

func (d definer) histograms(name, help string, labels []string, options []engine.MetricOption) *engine.HistogramVec {
	if d.config.Native != nil {
		options = append(options, engine.WithNative(*d.config.Native))
	}
	v, err := d.reg.NewHistogramVec(name, help, labels, options...)
	d.check(err)
	return v
}

func (d definer) gauge(name, help string) *engine.Gauge {
	g, err := d.reg.NewGauge(name, help, engine.WithConstLabels(d.config.ConstLabels))
	d.check(err)
	return g
}

// sizeBuckets are the bounds for sizes, from 256 bytes to 64 MiB by factors of four.
var sizeBuckets = [...]float64{
	1 << 8, 1 << 10, 1 << 12, 1 << 14, 1 << 16, 1 << 18, 1 << 20, 1 << 22, 1 << 24, 1 << 26,
}
