// SPDX-License-Identifier: Apache-2.0

package otlp

import (
	"encoding/binary"
	"math"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/gone"
	"github.com/quipu-metrics/quipu/internal/otlpform"
	"github.com/quipu-metrics/quipu/internal/wire"
)

// point is what data points of all forms have.
type point struct {
	labels    []engine.Label
	exemplars []engine.Exemplar
	start     int64 // in milliseconds; 0 if unknown
	now       int64
	flags     uint64
}

// noRecordedValue is the flag of a point that ends its series.
const noRecordedValue = 1

// appendTimes appends when a point began, unless that is unknown, and when it was read. The fields
// are the same in all forms.
func (p *point) appendTimes(dst []byte) []byte {
	if p.start != 0 {
		dst = wire.AppendFixed(dst, 2, nanos(p.start))
	}
	return wire.AppendFixed(dst, 3, nanos(p.now))
}

func nanos(millis int64) uint64 { return uint64(millis) * 1e6 }

// appendLabels appends the labels as attributes. An empty value is the same as no label.
func (p *point) appendLabels(dst []byte, field uint64) []byte {
	for i := range p.labels {
		if l := &p.labels[i]; l.Value != "" {
			dst = appendAttribute(dst, field, l.Name, l.Value)
		}
	}
	return dst
}

// appendNumber appends a NumberDataPoint. Its value is a double also for counters of whole numbers:
// if they were integers, a counter would change its type when half of something is added.
func (p *point) appendNumber(dst []byte, value float64) []byte {
	dst, begin := wire.Open(dst, 1)
	dst = p.appendTimes(dst)
	dst = wire.AppendPresentDouble(dst, 4, gone.Unmarked(value))
	dst = p.appendExemplars(dst, 5)
	dst = p.appendLabels(dst, 7)
	dst = wire.AppendUint(dst, 8, p.flags)
	return wire.Close(dst, begin)
}

// appendSummary appends a SummaryDataPoint.
func (p *point) appendSummary(dst []byte, q *engine.SummarySample) []byte {
	dst, begin := wire.Open(dst, 1)
	dst = p.appendTimes(dst)
	dst = wire.AppendFixed(dst, 4, q.Count)
	dst = wire.AppendDouble(dst, 5, gone.Unmarked(q.Sum))
	for i := range q.Estimates {
		var at int
		dst, at = wire.Open(dst, 6)
		dst = wire.AppendDouble(dst, 1, q.Estimates[i].Quantile)
		dst = wire.AppendDouble(dst, 2, gone.Unmarked(q.Estimates[i].Value))
		dst = wire.Close(dst, at)
	}
	dst = p.appendLabels(dst, 7)
	dst = wire.AppendUint(dst, 8, p.flags)
	return wire.Close(dst, begin)
}

// appendHistogram appends a HistogramDataPoint. The counts have one entry more than the bounds.
func (p *point) appendHistogram(dst []byte, bounds []float64, counts []uint64, count uint64, sum float64) []byte {
	dst, begin := wire.Open(dst, 1)
	dst = p.appendTimes(dst)
	dst = wire.AppendFixed(dst, 4, count)
	dst = wire.AppendPresentDouble(dst, 5, gone.Unmarked(sum))
	dst, at := wire.Open(dst, 6)
	for _, n := range counts {
		dst = binary.LittleEndian.AppendUint64(dst, n)
	}
	dst = wire.Close(dst, at)
	if len(bounds) > 0 {
		dst, at = wire.Open(dst, 7)
		for _, b := range bounds {
			dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(b))
		}
		dst = wire.Close(dst, at)
	}
	dst = p.appendExemplars(dst, 8)
	dst = p.appendLabels(dst, 9)
	dst = wire.AppendUint(dst, 10, p.flags)
	return wire.Close(dst, begin)
}

// appendExponential appends an ExponentialHistogramDataPoint.
func (p *point) appendExponential(dst []byte, b *otlpform.Buckets) []byte {
	dst, begin := wire.Open(dst, 1)
	dst = p.appendLabels(dst, 1)
	dst = p.appendTimes(dst)
	dst = wire.AppendFixed(dst, 4, b.Count)
	dst = wire.AppendPresentDouble(dst, 5, gone.Unmarked(b.Sum))
	dst = wire.AppendSint(dst, 6, int64(b.Scale))
	dst = wire.AppendFixed(dst, 7, b.Zero)
	dst = appendDense(dst, 8, &b.Positive)
	dst = appendDense(dst, 9, &b.Negative)
	dst = wire.AppendUint(dst, 10, p.flags)
	dst = p.appendExemplars(dst, 11)
	dst = wire.AppendDouble(dst, 14, b.ZeroThreshold)
	return wire.Close(dst, begin)
}

// appendDense appends buckets, or nothing if all are empty.
func appendDense(dst []byte, field uint64, d *otlpform.Dense) []byte {
	offset, counts := d.Trimmed()
	if len(counts) == 0 {
		return dst
	}
	dst, begin := wire.Open(dst, field)
	dst = wire.AppendSint(dst, 1, int64(offset))
	dst, at := wire.Open(dst, 2)
	for _, n := range counts {
		dst = binary.AppendUvarint(dst, n)
	}
	dst = wire.Close(dst, at)
	return wire.Close(dst, begin)
}

// appendExemplars appends exemplars. Labels that are the ids of a trace and of a span become those,
// and the others attributes.
func (p *point) appendExemplars(dst []byte, field uint64) []byte {
	for i := range p.exemplars {
		e := &p.exemplars[i]
		var begin int
		dst, begin = wire.Open(dst, field)
		if !e.Time.IsZero() {
			dst = wire.AppendFixed(dst, 2, uint64(e.Time.UnixNano()))
		}
		dst = wire.AppendPresentDouble(dst, 3, e.Value)
		for _, l := range e.Labels {
			var id [16]byte
			switch {
			case l.Name == "trace_id" && otlpform.DecodeID(id[:], l.Value):
				dst = wire.AppendString(dst, 5, id[:])
			case l.Name == "span_id" && otlpform.DecodeID(id[:8], l.Value):
				dst = wire.AppendString(dst, 4, id[:8])
			default:
				dst = appendAttribute(dst, 7, l.Name, l.Value)
			}
		}
		dst = wire.Close(dst, begin)
	}
	return dst
}

// onlyNew leaves out exemplars of events that an earlier difference has counted.
func (p *point) onlyNew() {
	kept := p.exemplars[:0]
	for _, e := range p.exemplars {
		if e.Time.IsZero() || e.Time.UnixMilli() >= p.start {
			kept = append(kept, e)
		}
	}
	p.exemplars = kept
}
