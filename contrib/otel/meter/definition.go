// SPDX-License-Identifier: Apache-2.0

package meter

import (
	"fmt"

	"github.com/prometheus/otlptranslator"
	"go.opentelemetry.io/otel/attribute"

	"github.com/quipu-metrics/quipu/contrib/otel/exemplars"
	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
)

// kind is a kind of instrument, whatever the type of its numbers.
type kind uint8

const (
	counterKind kind = iota
	upDownCounterKind
	histogramKind
	gaugeKind
	observableCounterKind
	observableUpDownCounterKind
	observableGaugeKind
)

// kinds say what the instruments of each kind become.
var kinds = [...]struct {
	text   string
	typ    encode.Type
	naming otlptranslator.MetricType
}{
	counterKind:           {"Counter", encode.Counter, otlptranslator.MetricTypeMonotonicCounter},
	upDownCounterKind:     {"UpDownCounter", encode.Gauge, otlptranslator.MetricTypeNonMonotonicCounter},
	histogramKind:         {"Histogram", encode.Histogram, otlptranslator.MetricTypeHistogram},
	gaugeKind:             {"Gauge", encode.Gauge, otlptranslator.MetricTypeGauge},
	observableCounterKind: {"ObservableCounter", encode.Counter, otlptranslator.MetricTypeMonotonicCounter},
	observableUpDownCounterKind: {
		"ObservableUpDownCounter", encode.Gauge, otlptranslator.MetricTypeNonMonotonicCounter,
	},
	observableGaugeKind: {"ObservableGauge", encode.Gauge, otlptranslator.MetricTypeGauge},
}

func (k kind) String() string { return kinds[k].text }

// definition is what is said about an instrument when it is created, and what a view changes.
type definition struct {
	kind             kind
	name, help, unit string
	bounds           []float64 // of a histogram

	drop    bool
	native  *histogram.NativeOptions
	keep    attribute.Filter
	options []engine.MetricOption
}

// defaultBounds are the bounds of histograms that OpenTelemetry specifies. They suit milliseconds.
var defaultBounds = []float64{0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000}

// checkName applies OpenTelemetry's rule for the names of instruments.
func checkName(name string) error {
	ok := name != "" && len(name) <= 255
	for i := 0; i < len(name) && ok; i++ {
		c := name[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		ok = letter || i > 0 && (c >= '0' && c <= '9' || c == '_' || c == '.' || c == '-' || c == '/')
	}
	if !ok {
		return fmt.Errorf("%w: %.64q: it must be a letter and then at most 254 letters, digits and characters of _.-/",
			ErrInstrumentName, name)
	}
	return nil
}

// metricOptions returns the options of the definition's metric.
func (d *definition) metricOptions(s *settings, consts engine.Labels, overflow engine.Label) []engine.MetricOption {
	options := []engine.MetricOption{
		engine.WithConstLabels(consts), engine.WithOverflowLabel(overflow.Name, overflow.Value),
	}
	if d.kind == histogramKind {
		if d.bounds != nil || d.native == nil {
			options = append(options, engine.WithBuckets(d.bounds...))
		}
		if d.native != nil {
			options = append(options, engine.WithNative(*d.native))
		}
	}
	if d.kind == histogramKind || d.kind == counterKind {
		options = append(options, engine.WithExemplars(exemplars.FromContext))
	}
	return append(append(options, s.options...), d.options...)
}
