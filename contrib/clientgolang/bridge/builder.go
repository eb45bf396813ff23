// SPDX-License-Identifier: Apache-2.0

package bridge

import (
	"math"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
)

// builder makes messages of samples. It allocates them in blocks, because a message for each of
// its parts would be some ten allocations for a series.
type builder struct {
	metrics    block[dto.Metric]
	counters   block[dto.Counter]
	gauges     block[dto.Gauge]
	untyped    block[dto.Untyped]
	summaries  block[dto.Summary]
	quantiles  block[dto.Quantile]
	histograms block[dto.Histogram]
	buckets    block[dto.Bucket]
	spans      block[dto.BucketSpan]
	exemplars  block[dto.Exemplar]
	times      block[timestamppb.Timestamp]
	collected  block[metric] // for Collector

	pairs        block[dto.LabelPair]
	pairLists    block[*dto.LabelPair]
	bucketLists  block[*dto.Bucket]
	quantileList block[*dto.Quantile]
	spanLists    block[*dto.BucketSpan]
	strings      block[string]
	floats       block[float64]
	unsigned     block[uint64]
	deltas       block[int64]

	text  []byte    // label values of a sample
	names []*string // label names of the sample before
}

// block hands out parts of slices.
type block[T any] struct {
	left []T
	size int
}

// The first block of a kind is small, for small registries; later ones double.
const (
	firstBlock = 8
	lastBlock  = 512
)

// list returns n zero values.
func (b *block[T]) list(n int) []T {
	if n > len(b.left) {
		b.size = min(max(firstBlock, 2*b.size), lastBlock)
		b.left = make([]T, max(b.size, n))
	}
	part := b.left[:n:n]
	b.left = b.left[n:]
	return part
}

// one returns a zero value.
func (b *block[T]) one() *T { return &b.list(1)[0] }

func (b *block[T]) of(v T) *T {
	p := b.one()
	*p = v
	return p
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
	m := b.metrics.one()
	m.Label = b.labels(s.Labels())
	if at := s.Time(); !at.IsZero() {
		m.TimestampMs = new(at.UnixMilli())
	}
	switch messageType(t) {
	case dto.MetricType_COUNTER:
		m.Counter = b.counters.one()
		m.Counter.Value = b.floats.of(s.Value())
		m.Counter.CreatedTimestamp = b.timestamp(s.Created())
		if list := s.Exemplars(); len(list) > 0 {
			m.Counter.Exemplar = b.exemplar(&list[0])
		}
	case dto.MetricType_HISTOGRAM:
		m.Histogram = b.histogram(s)
	case dto.MetricType_SUMMARY:
		m.Summary = b.summary(s)
	case dto.MetricType_UNTYPED:
		m.Untyped = b.untyped.one()
		m.Untyped.Value = b.floats.of(s.Value())
	default:
		m.Gauge = b.gauges.one()
		m.Gauge.Value = b.floats.of(s.Value())
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
	list := b.pairLists.list(len(labels))
	for i, l := range labels {
		if *b.names[i] != l.Name {
			b.names[i] = new(strings.Clone(l.Name))
		}
		list[i] = b.pairs.one()
		list[i].Name, list[i].Value = b.names[i], b.strings.of(values[:len(l.Value)])
		values = values[len(l.Value):]
	}
	return list
}

func (b *builder) histogram(s *engine.Sample) *dto.Histogram {
	h, m := s.Histogram(), b.histograms.one()
	if h == nil {
		return m
	}
	m.SampleCount, m.SampleSum = b.unsigned.of(h.Count), b.floats.of(h.Sum)
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
	list := b.bucketLists.list(n)
	total, next := uint64(0), 0
	for i := range list {
		bound := math.Inf(1)
		if i < len(h.Bounds) {
			bound = h.Bounds[i]
		}
		total += h.Counts[i]
		list[i] = b.buckets.one()
		list[i].CumulativeCount, list[i].UpperBound = b.unsigned.of(total), b.floats.of(bound)
		if next < len(exemplars) && exemplars[next].Bucket == i {
			list[i].Exemplar = b.exemplar(&exemplars[next])
			next++
		}
	}
	return list
}

func (b *builder) native(m *dto.Histogram, n *histogram.NativeSnapshot) {
	m.Schema = new(int32(n.Schema))
	m.ZeroThreshold, m.ZeroCount = b.floats.of(n.ZeroThreshold), b.unsigned.of(n.ZeroCount)
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
	spans, deltas = b.spanLists.list(len(from.Spans)), b.deltas.list(len(from.Deltas))
	for i, s := range from.Spans {
		spans[i] = b.spans.one()
		spans[i].Offset, spans[i].Length = new(s.Offset), new(s.Length)
	}
	copy(deltas, from.Deltas)
	return spans, deltas
}

func (b *builder) summary(s *engine.Sample) *dto.Summary {
	from, m := s.Summary(), b.summaries.one()
	if from == nil {
		return m
	}
	m.SampleCount, m.SampleSum = b.unsigned.of(from.Count), b.floats.of(from.Sum)
	m.CreatedTimestamp = b.timestamp(s.Created())
	m.Quantile = b.quantileList.list(len(from.Estimates))
	for i, e := range from.Estimates {
		m.Quantile[i] = b.quantiles.one()
		m.Quantile[i].Quantile, m.Quantile[i].Value = b.floats.of(e.Quantile), b.floats.of(e.Value)
	}
	return m
}

func (b *builder) exemplar(e *engine.Exemplar) *dto.Exemplar {
	m := b.exemplars.one()
	m.Value, m.Timestamp = b.floats.of(e.Value), b.timestamp(e.Time)
	for _, l := range e.Labels {
		pair := b.pairs.one()
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
	m := b.times.one()
	m.Seconds, m.Nanos = t.Unix(), int32(t.Nanosecond())
	return m
}
