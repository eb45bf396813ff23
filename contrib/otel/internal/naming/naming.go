// SPDX-License-Identifier: Apache-2.0

// Package naming translates the names of OpenTelemetry to those of Prometheus, as OpenTelemetry's
// exporter for Prometheus does.
package naming

import (
	"slices"
	"strings"

	"github.com/prometheus/otlptranslator"
	"go.opentelemetry.io/otel/attribute"
)

// Namer translates names by one strategy. Its methods may be called concurrently.
type Namer struct {
	metrics otlptranslator.MetricNamer
	labels  otlptranslator.LabelNamer
}

// New returns a Namer.
func New(strategy otlptranslator.TranslationStrategyOption) *Namer {
	return &Namer{
		metrics: otlptranslator.NewMetricNamer("", strategy),
		labels:  otlptranslator.LabelNamer{UTF8Allowed: !strategy.ShouldEscape()},
	}
}

// Metric returns the name of the family of an instrument.
func (n *Namer) Metric(name, unit string, kind otlptranslator.MetricType) (string, error) {
	return n.metrics.Build(otlptranslator.Metric{Name: name, Unit: unit, Type: kind})
}

// AddLabels adds the attributes of a set to labels, with a prefix before each name. Attributes
// whose translated names are equal make one label, with their values in ascending order and
// semicolons between them.
func (n *Namer) AddLabels(labels map[string]string, prefix string, set attribute.Set) error {
	if n.labels.UTF8Allowed {
		for it := set.Iter(); it.Next(); {
			kv := it.Attribute()
			labels[prefix+string(kv.Key)] = kv.Value.String()
		}
		return nil
	}
	values := make(map[string][]string, set.Len())
	for it := set.Iter(); it.Next(); {
		kv := it.Attribute()
		name, err := n.labels.Build(string(kv.Key))
		if err != nil {
			return err
		}
		values[name] = append(values[name], kv.Value.String())
	}
	for name, list := range values {
		slices.Sort(list)
		labels[prefix+name] = strings.Join(list, ";")
	}
	return nil
}
