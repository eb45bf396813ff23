// SPDX-License-Identifier: Apache-2.0

package otlp

import (
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/gone"
	"github.com/quipu-metrics/quipu/internal/otlpform"
)

// kind is what a series needs besides its labels so that it can be ended: the metric and its form.
type kind struct {
	header string
	form   form
}

type shape = gone.Shape[kind]

// Full reports whether the request should be sent before another point comes.
func (d *delivery) Full() bool { return d.e.gatherer.message.full() }

// Over reports whether nothing can be sent any longer.
func (d *delivery) Over() bool { return d.over }

// Mark adds a point that ends a series. Prometheus, collectors and VictoriaMetrics make a stale
// marker of it. Prometheus does so for each bucket and each quantile that the point has.
func (d *delivery) Mark(sh *shape, labels []byte) {
	g := &d.e.gatherer
	m := &g.message
	if m.form == 0 || d.marked != sh {
		m.open([]byte(sh.Kind.header), sh.Kind.form)
		d.marked = sh
	}
	m.points++
	p := point{now: g.now, flags: noRecordedValue}
	for len(labels) > 0 {
		var name, value []byte
		name, value, labels = gone.NextLabel(labels)
		p.labels = append(p.labels, engine.Label{Name: string(name), Value: string(value)})
	}
	switch sh.Kind.form {
	case histogramForm:
		m.body = p.appendHistogram(m.body, sh.Numbers, make([]uint64, len(sh.Numbers)+1), 0, 0)
	case exponentialForm:
		m.body = p.appendExponential(m.body, new(otlpform.Buckets))
	case summaryForm:
		q := new(engine.SummarySample)
		for _, number := range sh.Numbers {
			q.Estimates = append(q.Estimates, engine.Estimate{Quantile: number})
		}
		m.body = p.appendSummary(m.body, q)
	default:
		m.body = p.appendNumber(m.body, 0)
	}
}
