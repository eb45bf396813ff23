// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/quipu-metrics/quipu/shard"
)

// settings are what the options of a registry set.
type settings struct {
	strict    bool
	naming    naming
	prefix    string
	consts    Labels
	maxSeries int
	budget    *shard.Budget // nil: none
	maxValue  int           // bytes of a label value
	expiry    time.Duration // 0: none
	clock     func() time.Time
	logger    *slog.Logger // nil: slog's default
}

// MetricOption configures a metric that is being defined.
type MetricOption interface{ applyMetric(*definition) error }

// RegistryOption configures a registry that is being made.
type RegistryOption interface{ applyRegistry(*settings) error }

// Option configures a metric, or all metrics of a registry.
type Option interface {
	MetricOption
	RegistryOption
}

type metricOption func(*definition) error

func (o metricOption) applyMetric(d *definition) error { return o(d) }

type registryOption func(*settings) error

func (o registryOption) applyRegistry(s *settings) error { return o(s) }

type bothOption struct {
	metricOption
	registryOption
}

// MountOption configures how [Registry.Mount] shows a registry.
type MountOption interface{ applyMount(*placement) error }

// ConstLabelsOption is the option that [WithConstLabels] returns: it fits metrics, registries and
// mounts.
type ConstLabelsOption interface {
	Option
	MountOption
}

// PrefixOption is the option that [WithPrefix] returns: it fits registries and mounts.
type PrefixOption interface {
	RegistryOption
	MountOption
}

// placement is what the options of a mount set.
type placement struct {
	prefix string
	consts Labels
}

type mountOption func(*placement) error

func (o mountOption) applyMount(p *placement) error { return o(p) }

type constLabelsOption struct {
	bothOption
	mountOption
}

type prefixOption struct {
	registryOption
	mountOption
}

// apply applies the options of a mount in their order. The rule is that of the registry on whose
// pages the names will stand.
func (p *placement) apply(rule naming, options []MountOption) error {
	for i, option := range options {
		if option == nil {
			return nilOption(i)
		}
		if err := option.applyMount(p); err != nil {
			return err
		}
	}
	p.consts = cleanSet(p.consts, MaxLabelValue)
	if err := rule.checkLabels(p.consts); err != nil || p.prefix == "" {
		return err
	}
	return checkPrefix(rule, p.prefix)
}

// apply applies the options of a metric in their order.
func (d *definition) apply(options []MetricOption) error {
	for i, option := range options {
		if option == nil {
			return nilOption(i)
		}
		if err := option.applyMetric(d); err != nil {
			return err
		}
	}
	return nil
}

// takes reports an option that is not for this kind of metric. option is its name, and kinds says
// in the plural what it is for.
func (d *definition) takes(option, kinds string) error {
	if slices.Contains(d.options, option) {
		return nil
	}
	return fmt.Errorf("%w: %s is for %s, this is a %s", ErrOption, option, kinds, d.typ)
}

// apply applies the options of a registry in their order.
func (s *settings) apply(options []RegistryOption) error {
	for i, option := range options {
		if option == nil {
			return fmt.Errorf("NewRegistry: %w", nilOption(i))
		}
		if err := option.applyRegistry(s); err != nil {
			return err
		}
	}
	if err := s.naming.checkLabels(s.consts); err != nil {
		return err
	}
	if s.prefix == "" {
		return nil
	}
	return checkPrefix(s.naming, s.prefix)
}

// WithConstLabels adds constant labels to every series of a metric, of all metrics of a registry,
// or of a registry where it is mounted: see [Registry.Mount]. Metrics of one name may stand side by
// side with constant labels that differ, such as one metric for each of several servers.
//
// A constant label of a metric that is one of its variable labels too is an error. A constant label
// of a registry is left out of a metric that has a label of that name itself, and the log says so
// once.
func WithConstLabels(labels Labels) ConstLabelsOption {
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
	return constLabelsOption{
		bothOption{
			func(d *definition) error { return add(&d.consts) },
			func(s *settings) error { return add(&s.consts) },
		},
		func(p *placement) error { return add(&p.consts) },
	}
}

// WithMaxSeries bounds the number of series of a labelled metric, or of every labelled metric of a
// registry. Further label sets share one overflow series, whose labels have the value
// [OverflowValue]. The default is [DefaultMaxSeries]. [NoLimit] lifts the bound.
func WithMaxSeries(n int) Option {
	check := func(to *int) error {
		if n < 1 {
			return fmt.Errorf("%w: WithMaxSeries(%d): a metric needs room for at least one series", ErrOption, n)
		}
		*to = min(n, mostSeries)
		return nil
	}
	return bothOption{
		func(d *definition) error { return check(&d.maxSeries) },
		func(s *settings) error { return check(&s.maxSeries) },
	}
}

// WithExpiry makes the series of a labelled metric, or of every labelled metric of a registry,
// leave after so long without an update. Any update counts, also one that leaves the value as it
// is. [NoLimit] turns the expiry of the registry off for a metric.
//
// Series leave pages, memory and the series limit when a page is written or read, and when a lookup
// of a new label set finds the metric full. An update costs no look at a clock, so it is dated by
// the first page that shows it: a series stays for at least the given time, and up to the time
// between two pages longer. If nobody writes pages, series leave when others are created. The
// overflow series stays.
//
// No update is lost. A handle to a series that has left goes on working. After an update the series
// is on the next page again, with its value and the time of its creation, even if the handle has
// been dropped meanwhile. If the metric is full by then, or the registry's budget or the limit of a
// label, the series waits until there is room; the registry's own metric quipu_waiting_series
// counts such series. A lookup of the labels returns the old series as long as somebody has a
// handle to it; otherwise it begins at zero. A gauge that one part of a program increments and
// another one decrements should therefore be incremented and decremented through one handle. Delete
// and Reset forget series that have left.
//
// A handle must not be given a finalizer by runtime.SetFinalizer: series that expire have their
// own.
func WithExpiry(after time.Duration) Option {
	check := func(to *time.Duration) error {
		switch {
		case after == NoLimit:
			*to = 0
		case after <= 0:
			return fmt.Errorf("%w: WithExpiry(%v): a series has to stay for some time", ErrOption, after)
		default:
			*to = after
		}
		return nil
	}
	return bothOption{
		func(d *definition) error {
			if !d.vec || d.supplier != nil {
				return fmt.Errorf("%w: WithExpiry is for metrics with labels", ErrOption)
			}
			return check(&d.expiry)
		},
		func(s *settings) error { return check(&s.expiry) },
	}
}

// WithUnit states the unit, a plural base unit such as "seconds" or "bytes". The name of the metric
// must end in it (before _total). OpenMetrics shows it as UNIT.
func WithUnit(unit string) MetricOption {
	return metricOption(func(d *definition) error {
		d.unit = unit
		return nil
	})
}

// WithStrict makes every misuse loud: an update that would be dropped panics, and even an identical
// second definition is an error. It is meant for tests.
func WithStrict() RegistryOption {
	return registryOption(func(s *settings) error {
		s.strict = true
		return nil
	})
}

// WithPrefix puts a prefix, such as "myapp_", before the name of every metric of a registry, or of
// a registry where it is mounted: see [Registry.Mount].
func WithPrefix(prefix string) PrefixOption {
	set := func(to *string) error {
		*to = prefix
		return checkPrefix(true, prefix) // the registry may allow such names
	}
	return prefixOption{
		func(s *settings) error { return set(&s.prefix) },
		func(p *placement) error { return set(&p.prefix) },
	}
}

func checkPrefix(rule naming, prefix string) error {
	if rule.checkMetric(prefix) != nil {
		return fmt.Errorf("%w: prefix %q: a prefix looks like myapp_", ErrName, prefix)
	}
	return nil
}

// WithClock sets the clock of the registry, for tests of creation times and of the windows of
// summaries. now is called concurrently and while locks are held: it must not use metrics.
func WithClock(now func() time.Time) RegistryOption {
	return registryOption(func(s *settings) error {
		if now == nil {
			return fmt.Errorf("%w: WithClock(nil)", ErrOption)
		}
		s.clock = now
		return nil
	})
}

// WithLogger sets where the registry reports misuse and failures. The default is slog.Default().
//
// Misuse is logged once for each metric and call site, with the metric's name and label names and
// the file and line of the call. A registry logs 256 call sites; misuse at further ones is only
// counted. Four more things are logged the first time they happen to a metric: it is full, one of
// its label values is cut or repaired, or its function fails in some way.
//
// The handler runs on the goroutine that misused the metric. No lock is held, so it may use
// metrics, but it must not misuse them while it holds a lock of its own that it takes again. If it
// panics, nothing is logged.
func WithLogger(logger *slog.Logger) RegistryOption {
	return registryOption(func(s *settings) error {
		if logger == nil {
			return fmt.Errorf("%w: WithLogger(nil)", ErrOption)
		}
		s.logger = logger
		return nil
	})
}
