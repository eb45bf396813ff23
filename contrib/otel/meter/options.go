// SPDX-License-Identifier: Apache-2.0

package meter

import (
	"fmt"
	"slices"

	"github.com/prometheus/otlptranslator"
	"go.opentelemetry.io/otel/attribute"

	"github.com/quipu-metrics/quipu/engine"
)

// Option configures a [Provider]. [NewProvider] returns an error if an option cannot work.
type Option func(*settings) error

// settings are what the options of a provider set.
type settings struct {
	strategy       otlptranslator.TranslationStrategyOption
	noScope        bool
	resource       *attribute.Set // nil: there is no target_info
	resourceLabels attribute.Filter
	views          []View
	options        []engine.MetricOption
}

// WithTranslation sets how the names of instruments and attributes become those of metrics and
// labels. The default is otlptranslator.UnderscoreEscapingWithSuffixes, as it is that of
// OpenTelemetry's exporter. Strategies that leave dots in names need a registry with
// [engine.WithUTF8Names].
func WithTranslation(strategy otlptranslator.TranslationStrategyOption) Option {
	return func(s *settings) error {
		switch strategy {
		case otlptranslator.UnderscoreEscapingWithSuffixes, otlptranslator.UnderscoreEscapingWithoutSuffixes,
			otlptranslator.NoUTF8EscapingWithSuffixes, otlptranslator.NoTranslation:
			s.strategy = strategy
			return nil
		}
		return fmt.Errorf("%w: WithTranslation(%q): there is no such strategy", ErrOption, strategy)
	}
}

// WithResource states the attributes of the program, such as service.name. They are the labels of
// the metric target_info, whose value is 1. Without this option there is no such metric.
func WithResource(attributes ...attribute.KeyValue) Option {
	set := attribute.NewSet(slices.Clone(attributes)...)
	return func(s *settings) error {
		s.resource = &set
		return nil
	}
}

// WithResourceLabels adds those attributes of [WithResource] that keep is true for to every series.
func WithResourceLabels(keep attribute.Filter) Option {
	return func(s *settings) error {
		if keep == nil {
			return fmt.Errorf("%w: WithResourceLabels(nil)", ErrOption)
		}
		s.resourceLabels = keep
		return nil
	}
}

// WithoutScopeInfo leaves out the labels otel_scope_name, otel_scope_version, otel_scope_schema_url
// and those of the attributes of meters. Instruments of one name then share their series, whichever
// meter they are of.
func WithoutScopeInfo() Option {
	return func(s *settings) error {
		s.noScope = true
		return nil
	}
}

// WithMetricOptions gives options to the metrics of all synchronous instruments, such as
// [engine.WithMaxSeries], [engine.WithExpiry] and [engine.WithLabelLimit]. Buckets are set by a
// [View].
func WithMetricOptions(options ...engine.MetricOption) Option {
	return func(s *settings) error {
		s.options = append(s.options, options...)
		return nil
	}
}

// WithView changes the metrics of the instruments that a view matches. It may be given several
// times. An instrument that several views match has a metric for each name that these give it; of
// views that give it the same name, the first one holds.
func WithView(v View) Option {
	v.Bounds, v.Options = slices.Clone(v.Bounds), slices.Clone(v.Options)
	return func(s *settings) error {
		if err := v.check(); err != nil {
			return err
		}
		s.views = append(s.views, v)
		return nil
	}
}
