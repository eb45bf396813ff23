// SPDX-License-Identifier: Apache-2.0

package producer

import (
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/gone"
	"github.com/quipu-metrics/quipu/internal/otlpform"
)

// builder builds the data of one call of Produce. Nothing in it refers to the registry afterwards:
// samples are valid only while the registry is read.
type builder struct {
	now     time.Time
	metrics []metricdata.Metrics

	// The family under way.
	name, help, unit string
	typ              encode.Type
	numbers          []metricdata.DataPoint[float64]
	histograms       []metricdata.HistogramDataPoint[float64]
	exponentials     []metricdata.ExponentialHistogramDataPoint[float64]
	summaries        []metricdata.SummaryDataPoint
	bounds           []float64 // of the series before

	names  map[string]string // label names, each once
	labels []attribute.KeyValue
	form   otlpform.Buckets
}

// begin begins a family.
func (b *builder) begin(f *engine.Family) {
	b.name, b.help, b.typ = strings.Clone(f.Name()), strings.Clone(f.Help()), f.Type()
	b.unit = otlpform.UnitOf(b.name, strings.Clone(f.Unit()))
	b.numbers, b.histograms, b.exponentials, b.summaries = nil, nil, nil, nil
	b.bounds = nil
}

// end ends a family. It is one metric, but for histograms of several sources, some of which may be
// native.
func (b *builder) end() {
	if len(b.numbers) > 0 {
		b.metric(b.numberData())
	}
	if len(b.histograms) > 0 {
		b.metric(metricdata.Histogram[float64]{DataPoints: b.histograms, Temporality: metricdata.CumulativeTemporality})
	}
	if len(b.exponentials) > 0 {
		b.metric(metricdata.ExponentialHistogram[float64]{
			DataPoints: b.exponentials, Temporality: metricdata.CumulativeTemporality,
		})
	}
	if len(b.summaries) > 0 {
		b.metric(metricdata.Summary{DataPoints: b.summaries})
	}
}

func (b *builder) metric(data metricdata.Aggregation) {
	b.metrics = append(b.metrics, metricdata.Metrics{Name: b.name, Description: b.help, Unit: b.unit, Data: data})
}

// numberData returns the data of a family whose values are numbers.
func (b *builder) numberData() metricdata.Aggregation {
	switch b.typ {
	case encode.Counter, encode.Info, encode.StateSet:
		return metricdata.Sum[float64]{
			DataPoints: b.numbers, Temporality: metricdata.CumulativeTemporality, IsMonotonic: b.typ == encode.Counter,
		}
	}
	return metricdata.Gauge[float64]{DataPoints: b.numbers}
}

// add adds a series.
func (b *builder) add(s *engine.Sample) {
	h, q := s.Histogram(), s.Summary()
	switch {
	case h != nil && h.Native != nil:
		b.addExponential(s, h)
	case h != nil:
		b.addHistogram(s, h)
	case q != nil:
		b.addSummary(s, q)
	default:
		b.addNumber(s)
	}
}

func (b *builder) addNumber(s *engine.Sample) {
	p := metricdata.DataPoint[float64]{
		Attributes: b.attributes(s), Time: b.now, Value: gone.Unmarked(s.Value()), Exemplars: exemplars(s),
	}
	if b.typ == encode.Counter {
		p.StartTime = s.Created() // other values have no beginning
	}
	b.numbers = append(b.numbers, p)
}

func (b *builder) addHistogram(s *engine.Sample, h *engine.HistogramSnapshot) {
	if !slices.Equal(b.bounds, h.Bounds) {
		b.bounds = slices.Clone(h.Bounds)
	}
	b.histograms = append(b.histograms, metricdata.HistogramDataPoint[float64]{
		Attributes: b.attributes(s), StartTime: s.Created(), Time: b.now,
		Count: h.Count, Sum: gone.Unmarked(h.Sum), Bounds: b.bounds, BucketCounts: slices.Clone(h.Counts),
		Exemplars: exemplars(s),
	})
}

func (b *builder) addExponential(s *engine.Sample, h *engine.HistogramSnapshot) {
	f := &b.form
	f.Fill(h.Native, h.Native.Schema)
	b.exponentials = append(b.exponentials, metricdata.ExponentialHistogramDataPoint[float64]{
		Attributes: b.attributes(s), StartTime: s.Created(), Time: b.now,
		Count: f.Count, Sum: gone.Unmarked(f.Sum), Scale: int32(f.Scale),
		ZeroCount: f.Zero, ZeroThreshold: f.ZeroThreshold,
		PositiveBucket: bucketsOf(&f.Positive), NegativeBucket: bucketsOf(&f.Negative), Exemplars: exemplars(s),
	})
}

func bucketsOf(d *otlpform.Dense) metricdata.ExponentialBucket {
	offset, counts := d.Trimmed()
	if len(counts) == 0 {
		return metricdata.ExponentialBucket{}
	}
	return metricdata.ExponentialBucket{Offset: int32(offset), Counts: slices.Clone(counts)}
}

func (b *builder) addSummary(s *engine.Sample, q *engine.SummarySample) {
	values := make([]metricdata.QuantileValue, len(q.Estimates))
	for i, e := range q.Estimates {
		values[i] = metricdata.QuantileValue{Quantile: e.Quantile, Value: gone.Unmarked(e.Value)}
	}
	b.summaries = append(b.summaries, metricdata.SummaryDataPoint{
		Attributes: b.attributes(s), StartTime: s.Created(), Time: b.now,
		Count: q.Count, Sum: gone.Unmarked(q.Sum), QuantileValues: values,
	})
}

// attributes returns the labels of a series. One string holds all their values.
func (b *builder) attributes(s *engine.Sample) attribute.Set {
	labels := s.Labels()
	size := 0
	for _, l := range labels {
		size += len(l.Value)
	}
	var text strings.Builder
	text.Grow(size)
	for _, l := range labels {
		text.WriteString(l.Value)
	}
	values := text.String()
	b.labels = b.labels[:0]
	for _, l := range labels {
		value := values[:len(l.Value)]
		values = values[len(value):]
		if value != "" { // an empty value is the same as no label
			b.labels = append(b.labels, attribute.String(b.nameOf(l.Name), value))
		}
	}
	return attribute.NewSet(b.labels...)
}

// nameOf returns a copy of a label name that stays valid.
func (b *builder) nameOf(name string) string {
	kept, ok := b.names[name]
	if !ok {
		kept = strings.Clone(name)
		b.names[kept] = kept
	}
	return kept
}

// exemplars returns the exemplars of a series. Labels that are the ids of a trace and of a span
// become those, and the others attributes.
func exemplars(s *engine.Sample) (list []metricdata.Exemplar[float64]) {
	for _, e := range s.Exemplars() {
		x := metricdata.Exemplar[float64]{Time: e.Time, Value: e.Value}
		for _, l := range e.Labels {
			var id [16]byte
			switch {
			case l.Name == "trace_id" && otlpform.DecodeID(id[:], l.Value):
				x.TraceID = slices.Clone(id[:])
			case l.Name == "span_id" && otlpform.DecodeID(id[:8], l.Value):
				x.SpanID = slices.Clone(id[:8])
			default:
				x.FilteredAttributes = append(x.FilteredAttributes,
					attribute.String(strings.Clone(l.Name), strings.Clone(l.Value)))
			}
		}
		list = append(list, x)
	}
	return list
}
