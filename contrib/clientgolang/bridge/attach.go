// SPDX-License-Identifier: Apache-2.0

package bridge

import (
	"context"
	"fmt"
	"math"
	"reflect"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
)

// Attach shows the families of a gatherer, such as [prometheus.DefaultGatherer], on every page of
// the registry. It is reg.Attach([Source](g), options...): see there for how to end it, and
// [engine.WithTimeout] for an option. Attaching a gatherer twice is [engine.ErrTaken], except for
// gatherers that cannot be compared.
//
// Every page calls Gather once; pages at the same time share a call. If Gather returns an error,
// the families that came with it are shown, and the error is counted in
// quipu_callback_failures_total and logged once. A gatherer that hangs is missing from the page. A
// collector that panics on a goroutine of client_golang's ends the process, as it does without
// quipu.
//
// Names of metrics of the registry win. What cannot be shown is left out and counted by its name in
// quipu_source_drops_total: see [engine.Writer]. That includes gauge histograms, histograms with
// counts that are no integers, buckets that do not add up, custom buckets of native histograms, and
// names that are no identifiers in a registry without [engine.WithUTF8Names]. Of a histogram with
// both classic and native buckets an exemplar for each classic bucket is shown.
func Attach(reg *engine.Registry, g prometheus.Gatherer, options ...engine.AttachOption) error {
	if g == nil {
		return fmt.Errorf("quipu: bridge.Attach: %w: the gatherer is nil", engine.ErrOption)
	}
	return reg.Attach(Source(g), options...)
}

// Source returns what [Attach] attaches. To end that, call reg.Detach(bridge.Source(g)). A gatherer
// that cannot be compared, such as [prometheus.Gatherers] or [prometheus.GathererFunc], has another
// Source at every call: attach and detach the same one.
func Source(g prometheus.Gatherer) engine.Source {
	if reflect.ValueOf(g).Comparable() {
		return source{g}
	}
	return &source{g}
}

// isBridge reports whether a source shows what comes from client_golang.
func isBridge(s engine.Source) bool {
	switch s.(type) {
	case source, *source:
		return true
	}
	return false
}

// source is a gatherer as a source.
type source struct{ gatherer prometheus.Gatherer }

// Emit implements [engine.Source].
func (s source) Emit(_ context.Context, w *engine.Writer) error {
	families, err := s.gatherer.Gather()
	var p pointer
	for _, f := range families {
		if f == nil {
			continue
		}
		for _, m := range f.Metric {
			if m != nil {
				w.Write(p.point(f, m))
			}
		}
	}
	return err
}

// pointer makes points of messages. A point is valid until the next one is made.
type pointer struct {
	labels    []engine.Label
	bounds    []float64
	counts    []uint64
	estimates []engine.Estimate
	exemplars []engine.Exemplar
	marked    []engine.Label // labels of exemplars
	spans     [2][]histogram.NativeSpan
	histogram engine.HistogramSnapshot
	native    histogram.NativeSnapshot
	summary   engine.SummarySample
}

// point returns the point of a message. One that quipu has no form for is returned as a histogram
// without buckets, which the Writer counts and drops.
func (p *pointer) point(f *dto.MetricFamily, m *dto.Metric) engine.Point {
	to := engine.Point{Name: f.GetName(), Help: f.GetHelp(), Unit: f.GetUnit(), Labels: p.appendLabels(m.Label)}
	if m.TimestampMs != nil {
		to.Time = time.UnixMilli(*m.TimestampMs)
	}
	p.exemplars, p.marked = p.exemplars[:0], p.marked[:0]
	switch t := f.GetType(); {
	case t == dto.MetricType_COUNTER && m.Counter != nil:
		to.Type, to.Value, to.Created = encode.Counter, m.Counter.GetValue(), timeOf(m.Counter.CreatedTimestamp)
		p.addExemplar(m.Counter.Exemplar)
	case t == dto.MetricType_GAUGE && m.Gauge != nil:
		to.Type, to.Value = encode.Gauge, m.Gauge.GetValue()
	case t == dto.MetricType_UNTYPED && m.Untyped != nil:
		to.Type, to.Value = encode.Untyped, m.Untyped.GetValue()
	case t == dto.MetricType_SUMMARY && m.Summary != nil:
		to.Type, to.Summary, to.Created = encode.Summary, p.summaryOf(m.Summary), timeOf(m.Summary.CreatedTimestamp)
	case t == dto.MetricType_HISTOGRAM && m.Histogram != nil:
		to.Type, to.Histogram = encode.Histogram, p.histogramOf(m.Histogram)
		to.Created = timeOf(m.Histogram.CreatedTimestamp)
	default:
		to.Type = encode.Histogram
	}
	to.Exemplars = p.exemplars
	return to
}

func (p *pointer) appendLabels(pairs []*dto.LabelPair) []engine.Label {
	p.labels = p.labels[:0]
	for _, l := range pairs {
		p.labels = append(p.labels, engine.Label{Name: l.GetName(), Value: l.GetValue()})
	}
	return p.labels
}

func (p *pointer) addExemplar(e *dto.Exemplar) {
	if e == nil {
		return
	}
	from := len(p.marked)
	for _, l := range e.Label {
		p.marked = append(p.marked, engine.Label{Name: l.GetName(), Value: l.GetValue()})
	}
	labels := p.marked[from:len(p.marked):len(p.marked)]
	p.exemplars = append(p.exemplars, engine.Exemplar{Labels: labels, Value: e.GetValue(), Time: timeOf(e.Timestamp)})
}

func (p *pointer) summaryOf(m *dto.Summary) *engine.SummarySample {
	p.estimates = p.estimates[:0]
	for _, q := range m.Quantile {
		p.estimates = append(p.estimates, engine.Estimate{Quantile: q.GetQuantile(), Value: q.GetValue()})
	}
	p.summary = engine.SummarySample{Estimates: p.estimates, Count: m.GetSampleCount(), Sum: m.GetSampleSum()}
	return &p.summary
}

// histogramOf returns the state of a histogram, or nil if quipu cannot hold it.
func (p *pointer) histogramOf(m *dto.Histogram) *engine.HistogramSnapshot {
	if m.SampleCountFloat != nil || m.ZeroCountFloat != nil || len(m.PositiveCount)+len(m.NegativeCount) > 0 {
		return nil
	}
	p.histogram = engine.HistogramSnapshot{Count: m.GetSampleCount(), Sum: m.GetSampleSum()}
	native := len(m.PositiveSpan)+len(m.NegativeSpan) > 0 || m.GetZeroThreshold() > 0 || m.GetZeroCount() > 0
	if native {
		p.native = histogram.NativeSnapshot{
			Schema: int(m.GetSchema()), ZeroThreshold: m.GetZeroThreshold(), ZeroCount: m.GetZeroCount(),
			Count: m.GetSampleCount(), Sum: m.GetSampleSum(), Exact: true,
			Positive: p.sparse(0, m.PositiveSpan, m.PositiveDelta),
			Negative: p.sparse(1, m.NegativeSpan, m.NegativeDelta),
		}
		p.histogram.Native = &p.native
		for _, e := range m.Exemplars {
			p.addExemplar(e)
		}
	}
	if native && onlyInfinite(m.Bucket) {
		if len(m.Bucket) > 0 && len(m.Exemplars) == 0 {
			p.addExemplar(m.Bucket[0].Exemplar)
		}
	} else if !p.classic(m) {
		return nil
	}
	return &p.histogram
}

// onlyInfinite reports whether there are no buckets but that up to +Inf. client_golang adds it to
// native histograms that have no classic buckets, for its exemplar.
func onlyInfinite(buckets []*dto.Bucket) bool {
	return len(buckets) == 0 || len(buckets) == 1 && math.IsInf(buckets[0].GetUpperBound(), 1)
}

// classic sets the classic buckets, and reports whether they add up. Exemplars of buckets come
// after those of native ones, because the last one of a bucket is shown.
func (p *pointer) classic(m *dto.Histogram) (ok bool) {
	p.bounds, p.counts = p.bounds[:0], p.counts[:0]
	total, infinite := uint64(0), false
	for _, b := range m.Bucket {
		n := b.GetCumulativeCount()
		if b.CumulativeCountFloat != nil || n < total || infinite {
			return false
		}
		if infinite = math.IsInf(b.GetUpperBound(), 1); !infinite {
			p.bounds = append(p.bounds, b.GetUpperBound())
		}
		p.counts = append(p.counts, n-total)
		total = n
		p.addExemplar(b.Exemplar)
	}
	switch count := m.GetSampleCount(); {
	case count < total, infinite && count != total:
		return false
	case !infinite:
		p.counts = append(p.counts, count-total)
	}
	p.histogram.Bounds, p.histogram.Counts = p.bounds, p.counts
	return true
}

func (p *pointer) sparse(i int, spans []*dto.BucketSpan, deltas []int64) histogram.NativeBuckets {
	p.spans[i] = p.spans[i][:0]
	for _, s := range spans {
		p.spans[i] = append(p.spans[i], histogram.NativeSpan{Offset: s.GetOffset(), Length: s.GetLength()})
	}
	return histogram.NativeBuckets{Spans: p.spans[i], Deltas: deltas}
}

// timeOf returns the time of a message, or the zero time if there is none.
func timeOf(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime()
}
