// SPDX-License-Identifier: Apache-2.0

package bridge

import (
	"math"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quipu-metrics/quipu/contrib/clientgolang/internal/block"
	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
)

// builder makes messages of samples. It allocates them in blocks, because a message for each of
// its parts would be some ten allocations for a series.
type builder struct {
	metrics    block.Block[dto.Metric]
	counters   block.Block[dto.Counter]
	gauges     block.Block[dto.Gauge]
	untyped    block.Block[dto.Untyped]
	summaries  block.Block[dto.Summary]
	quantiles  block.Block[dto.Quantile]
	histograms block.Block[dto.Histogram]
	buckets    block.Block[dto.Bucket]
	spans      block.Block[dto.BucketSpan]
	exemplars  block.Block[dto.Exemplar]
	times      block.Block[timestamppb.Timestamp]
	collected  block.Block[metric] // for Collector

	pairs        block.Block[dto.LabelPair]
	pairLists    block.Block[*dto.LabelPair]
	bucketLists  block.Block[*dto.Bucket]
	quantileList block.Block[*dto.Quantile]
	spanLists    block.Block[*dto.BucketSpan]
	strings      block.Block[string]
	floats       block.Block[float64]
	unsigned     block.Block[uint64]
	deltas       block.Block[int64]

	text  []byte    // label values of a sample
	names []*string // label names of the sample before
}

// messageType returns the type that client_golang has for a type of quipu's.
func messageType(t encode.Type) dto.MetricType {
	switch t {
	case encode.Counter:
		return dto.MetricType_COUNTER
	case encode.Histogram:
		return dto.MetricType_HISTOGRAM
	case encode.Summary:
		return dto.MetricType_SUMMARY
	case encode.Untyped:
		return dto.MetricType_UNTYPED
	default:
		return dto.MetricType_GAUGE // which also stands for information and states
	}
}

// metric returns the message of a series. It shares nothing with the sample.
func (b *builder) metric(t encode.Type, s *engine.Sample) *dto.Metric {
	m := b.metrics.One()
	m.Label = b.labels(s.Labels())
	if at := s.Time(); !at.IsZero() {
		m.TimestampMs = new(at.UnixMilli())
	}
	switch messageType(t) {
	case dto.MetricType_COUNTER:
		m.Counter = b.counters.One()
		m.Counter.Value = b.floats.Of(s.Value())
		m.Counter.CreatedTimestamp = b.timestamp(s.Created())
		if list := s.Exemplars(); len(list) > 0 {
			m.Counter.Exemplar = b.exemplar(&list[0])
		}
	case dto.MetricType_HISTOGRAM:
		m.Histogram = b.histogram(s)
	case dto.MetricType_SUMMARY:
		m.Summary = b.summary(s)
	case dto.MetricType_UNTYPED:
		m.Untyped = b.untyped.One()
		m.Untyped.Value = b.floats.Of(s.Value())
	default:
		m.Gauge = b.gauges.One()
		m.Gauge.Value = b.floats.Of(s.Value())
	}
	return m
}

// labels returns the messages of labels. All values are parts of one string; names are those of the
// series before, if they are the same.
func (b *builder) labels(labels []engine.Label) []*dto.LabelPair {
	if len(labels) == 0 {
		return nil
	}
	b.text = b.text[:0]
	for _, l := range labels {
		b.text = append(b.text, l.Value...)
	}
	values := string(b.text)
	for len(b.names) < len(labels) {
		b.names = append(b.names, new(""))
	}
	list := b.pairLists.List(len(labels))
	for i, l := range labels {
		if *b.names[i] != l.Name {
			b.names[i] = new(strings.Clone(l.Name))
		}
		list[i] = b.pairs.One()
		list[i].Name, list[i].Value = b.names[i], b.strings.Of(values[:len(l.Value)])
		values = values[len(l.Value):]
	}
	return list
}

func (b *builder) histogram(s *engine.Sample) *dto.Histogram {
	h, m := s.Histogram(), b.histograms.One()
	if h == nil {
		return m
	}
	m.SampleCount, m.SampleSum = b.unsigned.Of(h.Count), b.floats.Of(h.Sum)
	m.CreatedTimestamp = b.timestamp(s.Created())
	if len(h.Counts) > 0 {
		m.Bucket = b.classic(h, s.Exemplars())
	}
	if n := h.Native; n != nil {
		b.native(m, n)
		for _, e := range s.Exemplars() {
			m.Exemplars = append(m.Exemplars, b.exemplar(&e))
		}
	}
	return m
}

// classic returns the buckets. That up to +Inf is there only for its exemplar, as in client_golang.
func (b *builder) classic(h *engine.HistogramSnapshot, exemplars []engine.Exemplar) []*dto.Bucket {
	n := len(h.Bounds)
	if k := len(exemplars); k > 0 && exemplars[k-1].Bucket == n {
		n++
	}
	list := b.bucketLists.List(n)
	total, next := uint64(0), 0
	for i := range list {
		bound := math.Inf(1)
		if i < len(h.Bounds) {
			bound = h.Bounds[i]
		}
		total += h.Counts[i]
		list[i] = b.buckets.One()
		list[i].CumulativeCount, list[i].UpperBound = b.unsigned.Of(total), b.floats.Of(bound)
		if next < len(exemplars) && exemplars[next].Bucket == i {
			list[i].Exemplar = b.exemplar(&exemplars[next])
			next++
		}
	}
	return list
}

func (b *builder) native(m *dto.Histogram, n *histogram.NativeSnapshot) {
	m.Schema = new(int32(n.Schema))
	m.ZeroThreshold, m.ZeroCount = b.floats.Of(n.ZeroThreshold), b.unsigned.Of(n.ZeroCount)
	m.PositiveSpan, m.PositiveDelta = b.sparse(n.Positive)
	m.NegativeSpan, m.NegativeDelta = b.sparse(n.Negative)
	if n.ZeroThreshold == 0 && n.ZeroCount == 0 && len(m.PositiveSpan)+len(m.NegativeSpan) == 0 {
		// Nothing else would tell a reader that this is a native histogram without observations.
		m.PositiveSpan = []*dto.BucketSpan{{Offset: new(int32(0)), Length: new(uint32(0))}}
	}
}

func (b *builder) sparse(from histogram.NativeBuckets) (spans []*dto.BucketSpan, deltas []int64) {
	if len(from.Spans) == 0 {
		return nil, nil
	}
	spans, deltas = b.spanLists.List(len(from.Spans)), b.deltas.List(len(from.Deltas))
	for i, s := range from.Spans {
		spans[i] = b.spans.One()
		spans[i].Offset, spans[i].Length = new(s.Offset), new(s.Length)
	}
	copy(deltas, from.Deltas)
	return spans, deltas
}

func (b *builder) summary(s *engine.Sample) *dto.Summary {
	from, m := s.Summary(), b.summaries.One()
	if from == nil {
		return m
	}
	m.SampleCount, m.SampleSum = b.unsigned.Of(from.Count), b.floats.Of(from.Sum)
	m.CreatedTimestamp = b.timestamp(s.Created())
	m.Quantile = b.quantileList.List(len(from.Estimates))
	for i, e := range from.Estimates {
		m.Quantile[i] = b.quantiles.One()
		m.Quantile[i].Quantile, m.Quantile[i].Value = b.floats.Of(e.Quantile), b.floats.Of(e.Value)
	}
	return m
}

func (b *builder) exemplar(e *engine.Exemplar) *dto.Exemplar {
	m := b.exemplars.One()
	m.Value, m.Timestamp = b.floats.Of(e.Value), b.timestamp(e.Time)
	for _, l := range e.Labels {
		pair := b.pairs.One()
		pair.Name, pair.Value = new(strings.Clone(l.Name)), new(strings.Clone(l.Value))
		m.Label = append(m.Label, pair)
	}
	return m
}

// timestamp returns a time as a message, or nil if it is not known. As on pages it has
// microseconds, which is what a float64 of seconds resolves.
func (b *builder) timestamp(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	t = t.Round(time.Microsecond)
	m := b.times.One()
	m.Seconds, m.Nanos = t.Unix(), int32(t.Nanosecond())
	return m
}
