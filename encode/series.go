// SPDX-License-Identifier: Apache-2.0

package encode

// AppendCounter appends one series of a counter family. labels is label text: see [AppendLabel].
func (f *Family) AppendCounter(dst []byte, format Format, labels string, s *CounterSample) []byte {
	if f.plain != nil {
		from := len(dst)
		dst, labels = f.escaping.escape(dst, labels)
		to := len(dst)
		return unscratch(f.plain.AppendCounter(dst, format, labels, s), from, to)
	}
	if format == Protobuf {
		return f.protoCounter(dst, labels, s)
	}
	r := &f.text[format]
	dst = appendSeries(dst, r.sample, labels)
	if s.Frac == 0 {
		dst = AppendUint(dst, s.Int)
	} else {
		dst = appendFloat(dst, float64(s.Int)+s.Frac)
	}
	if format == OpenMetrics && !f.unknown {
		dst = f.appendExemplar(dst, s.Exemplar)
		dst = append(dst, '\n')
		return r.appendCreated(dst, labels, s.Created)
	}
	return append(dst, '\n')
}

// AppendGauge appends one series of a gauge, untyped, Info or StateSet family. labels is label
// text: see [AppendLabel].
func (f *Family) AppendGauge(dst []byte, format Format, labels string, v float64) []byte {
	if f.plain != nil {
		from := len(dst)
		dst, labels = f.escaping.escape(dst, labels)
		to := len(dst)
		return unscratch(f.plain.AppendGauge(dst, format, labels, v), from, to)
	}
	if format == Protobuf {
		return f.protoGauge(dst, labels, v)
	}
	dst = appendSeries(dst, f.text[format].sample, labels)
	dst = appendFloat(dst, v)
	return append(dst, '\n')
}

// AppendHistogram appends one series of a histogram family: its cumulative buckets, sum and count.
// labels is label text: see [AppendLabel]. Missing counts are zero. Without classic Counts the text
// formats show the +Inf bucket, sum and count of the native histogram.
func (f *Family) AppendHistogram(dst []byte, format Format, labels string, h *HistogramSample) []byte {
	if f.plain != nil {
		from := len(dst)
		dst, labels = f.escaping.escape(dst, labels)
		to := len(dst)
		return unscratch(f.plain.AppendHistogram(dst, format, labels, h), from, to)
	}
	if format == Protobuf {
		return f.protoHistogram(dst, labels, h)
	}
	r := &f.text[format]
	counts, sum, parts := h.Counts, h.Sum, r.parts
	total := uint64(0)
	if len(counts) == 0 && h.Native != nil {
		total, sum, parts = h.Native.Count, h.Native.Sum, parts[len(parts)-1:]
	}
	begin := len(dst)
	for i := range parts {
		if i < len(counts) {
			total += counts[i]
		}
		if i == 0 || labels == "" {
			dst = appendSeriesWith(dst, r.bucket, labels, &parts[i])
		} else { // name and labels as in the first line, in one piece
			dst = append(dst, dst[begin:begin+len(r.bucket)+len(labels)]...)
			dst = parts[i].append(dst)
		}
		dst = AppendUint(dst, total)
		if format == OpenMetrics && i < len(h.Exemplars) {
			dst = f.appendExemplar(dst, h.Exemplars[i])
		}
		dst = append(dst, '\n')
	}
	return r.appendTail(dst, format, labels, sum, total, h.Created)
}

// AppendSummary appends one series of a summary family: its quantiles, sum and count. labels is
// label text: see [AppendLabel].
func (f *Family) AppendSummary(dst []byte, format Format, labels string, s *SummarySample) []byte {
	if f.plain != nil {
		from := len(dst)
		dst, labels = f.escaping.escape(dst, labels)
		to := len(dst)
		return unscratch(f.plain.AppendSummary(dst, format, labels, s), from, to)
	}
	if format == Protobuf {
		return f.protoSummary(dst, labels, s)
	}
	r := &f.text[format]
	for i := range min(len(r.parts), len(s.Quantiles)) {
		dst = appendSeriesWith(dst, r.sample, labels, &r.parts[i])
		dst = appendFloat(dst, s.Quantiles[i])
		dst = append(dst, '\n')
	}
	return r.appendTail(dst, format, labels, s.Sum, s.Count, s.Created)
}
