// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"time"

	"github.com/quipu-metrics/quipu/encode"
)

// Labels is a label set: names and values.
type Labels map[string]string

// MetricOption changes the definition of one metric.
type MetricOption interface{ applyMetric(*definition) error }

// RegistryOption changes a registry that is being made.
type RegistryOption interface{ applyRegistry(*Registry) error }

// Option is both.
type Option interface {
	MetricOption
	RegistryOption
}

type metricOption func(*definition) error

func (o metricOption) applyMetric(d *definition) error { return o(d) }

type registryOption func(*Registry) error

func (o registryOption) applyRegistry(r *Registry) error { return o(r) }

type bothOption struct {
	metricOption
	registryOption
}

// WithConstLabels adds labels that every series of a metric, or of all metrics of a registry, has. Metrics of one name may
// stand side by side with constant labels that differ, such as one for each of several servers.
//
// A metric's constant label that is one of its variable labels too is an error. A registry's constant label is left out of
// a metric that has a label of that name itself, and the log says so once.
func WithConstLabels(labels Labels) Option {
	labels = maps.Clone(labels)
	add := func(to *Labels) error {
		for name, value := range labels {
			if have, ok := (*to)[name]; ok && have != value {
				return fmt.Errorf("%w: constant label %q has two values, %q and %q", ErrLabel, name, have, value)
			}
			if *to == nil {
				*to = make(Labels, len(labels))
			}
			(*to)[name] = value
		}
		return nil
	}
	return bothOption{
		func(d *definition) error { return add(&d.consts) },
		func(r *Registry) error { return add(&r.consts) },
	}
}

// WithMaxSeries bounds the series of a labelled metric, or of every labelled metric of a registry. What comes after goes
// to one overflow series, whose labels have the value [OverflowValue]. The default is [DefaultMaxSeries].
func WithMaxSeries(n int) Option {
	check := func(to *int) error {
		if n < 1 {
			return fmt.Errorf("%w: WithMaxSeries(%d): a metric needs room for at least one series", ErrOption, n)
		}
		*to = n
		return nil
	}
	return bothOption{
		func(d *definition) error { return check(&d.maxSeries) },
		func(r *Registry) error { return check(&r.maxSeries) },
	}
}

// WithUnit states the unit, a plural base unit such as "seconds" or "bytes", in which the metric's name must end (before
// _total). It shows as UNIT in OpenMetrics.
func WithUnit(unit string) MetricOption {
	return metricOption(func(d *definition) error {
		d.unit = unit
		return nil
	})
}

// WithBuckets sets the upper bounds of a histogram's buckets, inclusive and in increasing order. The bucket up to +Inf
// is always there and need not be given. See package histogram for layouts.
func WithBuckets(bounds ...float64) MetricOption {
	bounds = append([]float64{}, bounds...)
	return metricOption(func(d *definition) error {
		if d.kind != encode.Histogram {
			return fmt.Errorf("%w: WithBuckets is for histograms, this is a %s", ErrOption, d.kind)
		}
		d.buckets = bounds
		return nil
	})
}

// WithObjectives sets the quantiles of a summary and the rank error allowed for each: {0.99: 0.001} asks for a value
// whose rank is between 0.989 and 0.991. The default is 0.5:0.05, 0.9:0.01, 0.99:0.001. An empty map leaves only sum
// and count.
func WithObjectives(objectives map[float64]float64) MetricOption {
	objectives = maps.Clone(objectives)
	if objectives == nil {
		objectives = map[float64]float64{}
	}
	return metricOption(func(d *definition) error {
		if d.kind != encode.Summary {
			return fmt.Errorf("%w: WithObjectives is for summaries, this is a %s", ErrOption, d.kind)
		}
		d.objectives = objectives
		return nil
	})
}

// WithMaxAge sets the sliding window that a summary's quantiles cover, by default 10 minutes. Zero means the metric's
// whole life. Sum and count always cover the whole life.
//
// Quantiles show an observation for the age at most, and in a program that is seldom scraped for a tenth of the age longer,
// 10 ms at least and 10 s at most: that is how long it may wait in a buffer before it is dated.
func WithMaxAge(age time.Duration) MetricOption {
	return metricOption(func(d *definition) error {
		if d.kind != encode.Summary {
			return fmt.Errorf("%w: WithMaxAge is for summaries, this is a %s", ErrOption, d.kind)
		}
		if age < 0 {
			return fmt.Errorf("%w: WithMaxAge(%v): an age is not negative", ErrOption, age)
		}
		d.maxAge = age
		return nil
	})
}

// WithStrict makes every misuse loud: an update that would be dropped panics, and even an identical
// second definition is an error. It is meant for tests.
func WithStrict() RegistryOption {
	return registryOption(func(r *Registry) error {
		r.strict = true
		return nil
	})
}

// WithPrefix puts a prefix, such as "myapp_", before the name of every metric of the registry.
func WithPrefix(prefix string) RegistryOption {
	return registryOption(func(r *Registry) error {
		if !encode.ValidMetricName(prefix) || strings.HasPrefix(prefix, "__") {
			return fmt.Errorf("%w: prefix %q: a prefix looks like myapp_", ErrName, prefix)
		}
		r.prefix = prefix
		return nil
	})
}

// WithClock sets the clock that the registry tells the time by, for tests of what depends on it: creation times and the
// windows of summaries. now is called concurrently, and while locks are held: it must not use metrics.
func WithClock(now func() time.Time) RegistryOption {
	return registryOption(func(r *Registry) error {
		if now == nil {
			return fmt.Errorf("%w: WithClock(nil)", ErrOption)
		}
		r.clock = now
		return nil
	})
}

// WithLogger sets where the registry reports what goes wrong. The default is slog.Default().
//
// Misuse is logged once for each metric and call site, with the metric's name and label names and the file and line of the
// call. A registry logs 256 call sites; misuse at further ones is only counted. The first time that a metric is full, that a
// label value is cut or repaired, and that a function fails in some way, are logged too, once for each metric.
//
// The handler runs on the goroutine that misused the metric. No lock is held, so it may use metrics, but it must not misuse
// them while it holds a lock of its own that it takes again. If it panics, nothing is logged.
func WithLogger(logger *slog.Logger) RegistryOption {
	return registryOption(func(r *Registry) error {
		if logger == nil {
			return fmt.Errorf("%w: WithLogger(nil)", ErrOption)
		}
		r.logger = logger
		return nil
	})
}
