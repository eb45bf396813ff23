// SPDX-License-Identifier: Apache-2.0

package encode

import "strings"

// AppendCounter appends one series of a counter family.
func (f *Family) AppendCounter(dst []byte, fm Format, labels string, s *CounterSample) []byte {
	if fm == Protobuf {
		return f.protoCounter(dst, labels, s)
	}
	r := &f.text[fm]
	dst = appendSeries(dst, r.sample, labels)
	if s.Frac == 0 {
		dst = AppendUint(dst, s.Int)
	} else {
		dst = AppendFloat(dst, float64(s.Int)+s.Frac)
	}
	if fm == OpenMetrics && !f.unknown {
		dst = appendExemplar(dst, s.Exemplar)
		dst = append(dst, '\n')
		return r.appendCreated(dst, labels, s.Created)
	}
	return append(dst, '\n')
}

// AppendGauge appends one series of a gauge, untyped, Info or StateSet family.
func (f *Family) AppendGauge(dst []byte, fm Format, labels string, v float64) []byte {
	if fm == Protobuf {
		return f.protoGauge(dst, labels, v)
	}
	dst = appendSeries(dst, f.text[fm].sample, labels)
	dst = AppendFloat(dst, v)
	return append(dst, '\n')
}

// AppendHistogram appends one series of a histogram family: its cumulative buckets, sum and count. Counts that are
// missing are zero. Without classic Counts the text formats show the +Inf bucket, sum and count of the native ones.
func (f *Family) AppendHistogram(dst []byte, fm Format, labels string, h *HistogramSample) []byte {
	if fm == Protobuf {
		return f.protoHistogram(dst, labels, h)
	}
	r := &f.text[fm]
	counts, sum, parts := h.Counts, h.Sum, r.parts
	total := uint64(0)
	if len(counts) == 0 && h.Native != nil {
		total, sum, parts = h.Native.Count, h.Native.Sum, parts[len(parts)-1:]
	}
	for i, part := range parts {
		if i < len(counts) {
			total += counts[i]
		}
		dst = appendSeriesWith(dst, r.bucket, labels, part)
		dst = AppendUint(dst, total)
		if fm == OpenMetrics && i < len(h.Exemplars) {
			dst = appendExemplar(dst, h.Exemplars[i])
		}
		dst = append(dst, '\n')
	}
	return r.appendTail(dst, fm, labels, sum, total, h.Created)
}

// AppendSummary appends one series of a summary family: its quantiles, sum and count.
func (f *Family) AppendSummary(dst []byte, fm Format, labels string, s *SummarySample) []byte {
	if fm == Protobuf {
		return f.protoSummary(dst, labels, s)
	}
	r := &f.text[fm]
	for i, part := range r.parts {
		if i == len(s.Quantiles) {
			break
		}
		dst = appendSeriesWith(dst, r.sample, labels, part)
		dst = AppendFloat(dst, s.Quantiles[i])
		dst = append(dst, '\n')
	}
	return r.appendTail(dst, fm, labels, s.Sum, s.Count, s.Created)
}

func (r *rendered) appendTail(dst []byte, fm Format, labels string, sum float64, count uint64, created float64) []byte {
	dst = appendSeries(dst, r.sum, labels)
	dst = AppendFloat(dst, sum)
	dst = append(dst, '\n')
	dst = appendSeries(dst, r.count, labels)
	dst = AppendUint(dst, count)
	dst = append(dst, '\n')
	if fm == OpenMetrics {
		dst = r.appendCreated(dst, labels, created)
	}
	return dst
}

func (r *rendered) appendCreated(dst []byte, labels string, created float64) []byte {
	if !timeKnown(created) {
		return dst
	}
	dst = appendSeries(dst, r.created, labels)
	dst = AppendFloat(dst, created)
	return append(dst, '\n')
}

// appendSeries appends a sample's name and labels and the blank before its value. open ends in a brace.
func appendSeries(dst []byte, open, labels string) []byte {
	dst = append(dst, open...)
	if labels == "" {
		dst[len(dst)-1] = ' '
		return dst
	}
	dst = append(dst, labels...)
	return append(dst, '}', ' ')
}

// appendSeriesWith is appendSeries with one more label, whose part begins with a comma and ends the labels.
func appendSeriesWith(dst []byte, open, labels, part string) []byte {
	dst = append(dst, open...)
	if labels == "" {
		return append(dst, part[1:]...)
	}
	dst = append(dst, labels...)
	return append(dst, part...)
}

func appendExemplar(dst []byte, e *Exemplar) []byte {
	if e == nil {
		return dst
	}
	dst = append(dst, " # {"...)
	labels := e.Labels
	// Prometheus refuses a page with a NUL in an exemplar, though not elsewhere: its lexer takes it for the end there.
	for i := strings.IndexByte(labels, 0); i >= 0; i = strings.IndexByte(labels, 0) {
		dst = append(dst, labels[:i]...)
		dst = append(dst, "\uFFFD"...)
		labels = labels[i+1:]
	}
	dst = append(dst, labels...)
	dst = append(dst, "} "...)
	dst = AppendFloat(dst, e.Value)
	if timeKnown(e.Timestamp) {
		dst = append(dst, ' ')
		dst = AppendFloat(dst, e.Timestamp)
	}
	return dst
}
