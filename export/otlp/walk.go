// SPDX-License-Identifier: Apache-2.0

package otlp

import (
	"strings"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/gone"
	"github.com/quipu-metrics/quipu/internal/otlpform"
)

// gatherer turns the series of a registry into the data points of requests.
type gatherer struct {
	message message
	deltas  *deltas     // nil if everything is cumulative
	now     int64       // the time of the send in milliseconds
	flush   func() bool // sends a full request and begins another; reports false when the send is over
	gone    gone.Tracker[kind]

	// The family under way.
	header []byte
	shape  shape
	number form // of its series that are numbers

	// The series under way.
	point     point
	labels    []byte // as text
	buckets   otlpform.Buckets
	quantiles []float64
}

// begin begins a family.
func (g *gatherer) begin(name, help, unit string, typ encode.Type) {
	g.message.close()
	g.number = formOf(typ)
	g.header = appendHeader(g.header[:0], name, help, otlpform.UnitOf(name, unit), typ)
	g.shape = shape{Name: strings.Clone(name), Kind: kind{header: string(g.header)}}
}

// add adds a series of the family under way. It reports false when the send is over.
func (g *gatherer) add(s *engine.Sample) bool {
	if g.message.full() && !g.flush() {
		return false
	}
	g.point = point{labels: s.Labels(), exemplars: s.Exemplars(), now: g.now}
	if at := s.Created(); !at.IsZero() {
		g.point.start = at.UnixMilli()
	}
	g.labels = g.labels[:0]
	for i := range g.point.labels {
		if l := &g.point.labels[i]; l.Value != "" { // an empty value is the same as no label
			g.labels = gone.AppendLabel(g.labels, l.Name, l.Value)
		}
	}
	h, q := s.Histogram(), s.Summary()
	switch {
	case h != nil && h.Native != nil:
		g.addExponential(h)
	case h != nil:
		g.addHistogram(h)
	case q != nil:
		g.addSummary(q)
	default:
		g.addNumber(s.Value())
	}
	return true
}

// in opens the metric of the family in this form, unless it is open, for a point of the series
// under way, which has these bounds or quantiles. The series of a family have one form, but for
// histograms of several sources, some of which may be native; then the request has a metric for
// each.
func (g *gatherer) in(f form, numbers []float64) {
	if g.message.form != f {
		g.message.open(g.header, f)
	}
	g.message.points++
	if g.message.ends(f) {
		g.shape.Kind.form, g.shape.Numbers = f, numbers
		g.gone.Add(&g.shape, g.labels)
	}
}

func (g *gatherer) addNumber(value float64) {
	p := &g.point
	switch {
	case g.number != sumForm:
		p.start = 0 // it is that of what is counted
	case g.deltas != nil:
		k := g.deltas.keyOf(g.shape.Name, sumForm, g.labels, nil)
		var ok bool
		if value, p.start, ok = g.deltas.number(k, p.now, p.start, value); !ok {
			return
		}
		p.onlyNew()
	}
	g.in(g.number, nil)
	g.message.body = p.appendNumber(g.message.body, value)
}

func (g *gatherer) addSummary(q *engine.SummarySample) {
	g.quantiles = g.quantiles[:0]
	for i := range q.Estimates {
		g.quantiles = append(g.quantiles, q.Estimates[i].Quantile)
	}
	g.in(summaryForm, g.quantiles)
	g.message.body = g.point.appendSummary(g.message.body, q)
}

func (g *gatherer) addHistogram(h *engine.HistogramSnapshot) {
	p := &g.point
	counts, count, sum := h.Counts, h.Count, h.Sum
	if g.deltas != nil {
		k := g.deltas.keyOf(g.shape.Name, histogramForm, g.labels, h.Bounds)
		counts, count, sum, p.start = g.deltas.classic(k, p.now, p.start, h)
		p.onlyNew()
	}
	g.in(histogramForm, h.Bounds)
	g.message.body = p.appendHistogram(g.message.body, h.Bounds, counts, count, sum)
}

// addExponential adds a histogram with native buckets. Its classic ones, if it has them too, are
// not sent: a metric has one form.
func (g *gatherer) addExponential(h *engine.HistogramSnapshot) {
	p, b := &g.point, &g.buckets
	if g.deltas != nil {
		k := g.deltas.keyOf(g.shape.Name, exponentialForm, g.labels, nil)
		b, p.start = g.deltas.exponential(k, p.now, p.start, h)
		p.onlyNew()
	} else {
		b.Fill(h.Native, h.Native.Schema)
	}
	g.in(exponentialForm, nil)
	g.message.body = p.appendExponential(g.message.body, b)
}
