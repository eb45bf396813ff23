// SPDX-License-Identifier: Apache-2.0

package parsers

import (
	"maps"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/prometheus/prometheus/model/histogram"

	"github.com/quipu-metrics/quipu/encode"
)

// expect returns the samples that Prometheus must read from the family. It is written from the
// rules of the formats and not from the encoder.
func (f *family) expect(format encode.Format) []Sample {
	om, pb := format == encode.OpenMetrics, format == encode.Protobuf
	meta := Sample{Type: f.typ.String(), Help: f.help}
	if format == encode.Text && strings.Trim(f.help, " \t\x00") == "" {
		meta.Help = "" // Prometheus' lexer drops it
	}
	name, sample := f.name, f.name
	unknown := f.unknown || f.typ == encode.Counter && (!strings.HasSuffix(f.name, "_total") || f.name == "_total")
	switch f.typ {
	case encode.Untyped:
		meta.Type = "unknown"
	case encode.Counter:
		switch {
		case om && unknown:
			meta.Type = "unknown"
		case om:
			name = strings.TrimSuffix(f.name, "_total")
		}
	case encode.Info:
		name = strings.TrimSuffix(f.name, "_info")
		sample = name + "_info"
	}
	if (f.typ == encode.Info || f.typ == encode.StateSet) && !om {
		meta.Type = "gauge"
	}
	noUnit := f.typ == encode.Info || f.typ == encode.StateSet
	if !noUnit && (pb || om && strings.HasSuffix(name, "_"+f.unit)) {
		meta.Unit = f.unit
	}

	var out []Sample
	for i := range f.series {
		s := &f.series[i]
		add := func(name string, v float64, extra ...string) *Sample {
			one := meta
			one.Name, one.Value, one.Labels, one.Time = name, v, map[string]string{}, s.millis
			maps.Copy(one.Labels, s.labels)
			for k := 0; k < len(extra); k += 2 {
				one.Labels[extra[k]] = extra[k+1]
			}
			out = append(out, one)
			return &out[len(out)-1]
		}
		from, created := len(out), 0.0
		switch f.typ {
		case encode.Counter:
			created = s.counter.Created
			v := add(sample, float64(s.counter.Int)+s.counter.Frac)
			if pb || om && !unknown {
				v.Exemplars = exemplars(om, s.counter.Exemplar)
			}
		case encode.Summary:
			created = s.summary.Created
			for q, v := range s.summary.Quantiles {
				add(name, v, "quantile", number(f.bounds[q]))
			}
			add(name+"_sum", s.summary.Sum)
			add(name+"_count", float64(s.summary.Count))
		case encode.Histogram:
			created = s.histogram.Created
			f.expectHistogram(&s.histogram, format, add)
		default:
			add(sample, s.gauge)
		}
		if created > 0 && om && !unknown {
			add(name+"_created", created)
		}
		for k := from; k < len(out) && pb; k++ {
			out[k].Created = int64(created * 1000)
		}
	}
	return out
}

func (f *family) expectHistogram(h *encode.HistogramSample, format encode.Format,
	add func(string, float64, ...string) *Sample) {
	n := h.Native
	classic := len(h.Counts) > 0
	if n != nil && format == encode.Protobuf {
		s := add(f.name, 0)
		s.Native = &histogram.Histogram{
			Schema: n.Schema, ZeroThreshold: n.ZeroThreshold, ZeroCount: n.ZeroCount, Count: n.Count, Sum: n.Sum,
			PositiveSpans: spans(n.Positive), PositiveBuckets: n.Positive.Deltas,
			NegativeSpans: spans(n.Negative), NegativeBuckets: n.Negative.Deltas,
		}
		if !classic {
			return
		}
	}
	count, sum := uint64(0), h.Sum
	if !classic {
		sum, count = n.Sum, n.Count
		add(f.name+"_bucket", float64(count), "le", "+Inf")
	}
	for i, c := range h.Counts {
		count += c
		bound := math.Inf(1)
		if i < len(f.bounds) {
			bound = f.bounds[i]
		}
		s := add(f.name+"_bucket", float64(count), "le", number(bound))
		if format != encode.Text {
			s.Exemplars = exemplars(format == encode.OpenMetrics, h.Exemplars[i])
		}
	}
	add(f.name+"_sum", sum)
	add(f.name+"_count", float64(count))
}

func spans(b encode.Buckets) []histogram.Span {
	var out []histogram.Span
	for _, s := range b.Spans {
		out = append(out, histogram.Span{Offset: s.Offset, Length: s.Length})
	}
	return out
}

// number spells a float as OpenMetrics does in labels. Prometheus stores le and quantile in this
// form.
func number(v float64) string {
	if math.IsInf(v, 1) {
		return "+Inf"
	}
	s := strconv.FormatFloat(v, 'g', -1, 64)
	if !strings.ContainsAny(s, ".e") {
		s += ".0"
	}
	return s
}

// exemplars returns the exemplars that Prometheus must read. OpenMetrics replaces a NUL in them.
func exemplars(om bool, list ...*encode.Exemplar) []Exemplar {
	var out []Exemplar
	for _, e := range list {
		if e == nil {
			continue
		}
		one := Exemplar{Labels: map[string]string{}, Value: e.Value, Timestamp: int64(e.Timestamp * 1000)}
		for _, l := range labelText.FindAllStringSubmatch(e.Labels, -1) {
			value := unescape.Replace(l[2])
			if om {
				value = strings.ReplaceAll(value, "\x00", "\uFFFD")
			}
			one.Labels[unquoted(l[1])] = value
		}
		out = append(out, one)
	}
	return out
}

// labelText matches one label of a label text.
var labelText = regexp.MustCompile(`(\w+|"(?:[^"\\]|\\.)*")="((?:[^"\\]|\\.)*)"`)

// unquoted returns the name that label text has.
func unquoted(name string) string {
	if inner, ok := strings.CutPrefix(name, `"`); ok {
		return unescape.Replace(strings.TrimSuffix(inner, `"`))
	}
	return name
}
