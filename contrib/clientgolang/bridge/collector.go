// SPDX-License-Identifier: Apache-2.0

package bridge

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/quipu-metrics/quipu/engine"
)

// Collector returns a collector of the metrics that [Gatherer] shows, to be registered with
// client_golang. It describes nothing in advance, because metrics may be defined at any time, so
// Register never fails. If a metric has a name and labels that another collector has too, Gather of
// client_golang returns an error that says so.
func Collector(reg *engine.Registry, options ...Option) prometheus.Collector {
	return (*collector)(newReader(reg, options))
}

type collector reader

// Describe implements [prometheus.Collector]. It sends nothing: the collector is unchecked.
func (c *collector) Describe(chan<- *prometheus.Desc) {}

// Collect implements [prometheus.Collector].
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	r := (*reader)(c)
	var b builder
	for f := range r.registry.Read(r.now()) {
		desc := prometheus.V2.NewDesc(strings.Clone(f.Name()), strings.Clone(f.Help()),
			prometheus.UnconstrainedLabels(nil), nil, prometheus.WithUnit(strings.Clone(f.Unit())))
		for s := range f.Samples() {
			ch <- b.collected.Of(metric{desc, b.metric(f.Type(), s)})
		}
	}
}

// metric is a series of a quipu registry.
type metric struct {
	desc    *prometheus.Desc
	message *dto.Metric
}

// Desc implements [prometheus.Metric].
func (m *metric) Desc() *prometheus.Desc { return m.desc }

// Write implements [prometheus.Metric].
func (m *metric) Write(out *dto.Metric) error {
	out.Label, out.TimestampMs = m.message.Label, m.message.TimestampMs
	out.Counter, out.Gauge, out.Untyped = m.message.Counter, m.message.Gauge, m.message.Untyped
	out.Histogram, out.Summary = m.message.Histogram, m.message.Summary
	return nil
}
