// SPDX-License-Identifier: Apache-2.0

package encode

import (
	"strings"

	"github.com/quipu-metrics/quipu/internal/labeltext"
)

// rendered holds the names of a family's samples in one text format, each with its opening brace
// and all that stands before the labels: see lineStart.
type rendered struct {
	sample  string // counters, gauges and the quantiles of a summary
	bucket  string // histograms
	sum     string // histograms and summaries
	count   string // histograms and summaries
	created string // OpenMetrics only
	parts   []part // one for each bound
}

// part is the end of a line before its value: `,le="0.1"} ` or `,quantile="0.5"} `. Most parts are
// short, and copying a fixed size takes two instructions, where copying any size is a call
// (BenchmarkSeries).
type part struct {
	text  string
	short [16]byte // its first bytes
}

// append may use the room in dst as scratch space.
func (p *part) append(dst []byte) []byte {
	n := len(dst)
	if len(p.text) > len(p.short) || cap(dst)-n < len(p.short) {
		return append(dst, p.text...)
	}
	*(*[len(p.short)]byte)(dst[n : n+len(p.short)]) = p.short
	return dst[:n+len(p.text)]
}

func (f *Family) render(family, sample string, format Format) rendered {
	r := rendered{sample: lineStart(sample), created: lineStart(family + "_created")}
	label := ""
	switch f.typ {
	case Histogram:
		r.bucket, label = lineStart(family+"_bucket"), ",le=\""
	case Summary:
		label = ",quantile=\""
	default:
		return r
	}
	r.sum, r.count = lineStart(family+"_sum"), lineStart(family+"_count")
	r.parts = make([]part, len(f.bounds))
	for i, b := range f.bounds {
		p := &r.parts[i]
		p.text = string(append(appendBound([]byte(label), b, format), "\"} "...))
		copy(p.short[:], p.text)
	}
	return r
}

// lineStart returns the beginning of a sample with labels: name{ or, if the name needs quotes,
// {"name", with the comma.
func lineStart(name string) string {
	if ValidMetricName(name) {
		return name + "{"
	}
	return string(append(labeltext.AppendQuoted([]byte("{"), name), ','))
}

// textHeader renders the lines before the samples.
func (f *Family) textHeader(family, unit string, format Format) string {
	name := family
	if !ValidMetricName(name) {
		name = string(labeltext.AppendQuoted(nil, name))
	}
	var h []byte
	if f.help != "" {
		h = append(h, "# HELP "+name+" "...)
		h = append(appendHelp(h, f.help, format), '\n')
	}
	typ := f.typ
	if f.unknown && format == OpenMetrics {
		typ = Untyped
	}
	h = append(h, "# TYPE "+name+" "+typ.word(format)+"\n"...)
	// Prometheus compares the unit with the end of the name without unescaping it.
	if unit != "" && strings.HasSuffix(family, "_"+unit) && !strings.ContainsAny(unit, "\"\\\n") {
		h = append(h, "# UNIT "+name+" "+unit+"\n"...)
	}
	return string(h)
}

// appendHelp appends help text as a HELP line has it: backslash and newline are escaped, and in
// OpenMetrics the double quote too.
func appendHelp(dst []byte, help string, format Format) []byte {
	return labeltext.AppendEscaped(dst, help, format == OpenMetrics)
}

func (r *rendered) appendTail(dst []byte, format Format, labels string,
	sum float64, count uint64, created float64) []byte {
	dst = appendSeries(dst, r.sum, labels)
	dst = appendFloat(dst, sum)
	dst = append(dst, '\n')
	dst = appendSeries(dst, r.count, labels)
	dst = AppendUint(dst, count)
	dst = append(dst, '\n')
	if format == OpenMetrics {
		dst = r.appendCreated(dst, labels, created)
	}
	return dst
}

func (r *rendered) appendCreated(dst []byte, labels string, created float64) []byte {
	if !timeKnown(created) {
		return dst
	}
	dst = appendSeries(dst, r.created, labels)
	dst = appendFloat(dst, created)
	return append(dst, '\n')
}

// appendSeries appends a sample's name and labels and the blank before its value. open is the
// result of lineStart.
func appendSeries(dst []byte, open, labels string) []byte {
	dst = append(dst, open...)
	if labels == "" {
		last := &dst[len(dst)-1]
		if *last == '{' {
			*last = ' '
			return dst
		}
		*last = '}'
		return append(dst, ' ')
	}
	dst = append(dst, labels...)
	return append(dst, '}', ' ')
}

// appendSeriesWith appends a sample's name and labels like appendSeries, with one more label.
func appendSeriesWith(dst []byte, open, labels string, part *part) []byte {
	dst = append(dst, open...)
	if labels == "" {
		return append(dst, part.text[1:]...)
	}
	dst = append(dst, labels...)
	return part.append(dst)
}

func (f *Family) appendExemplar(dst []byte, e *Exemplar) []byte {
	if e == nil {
		return dst
	}
	from := len(dst)
	dst, labels := f.escaping.escape(dst, e.Labels)
	to := len(dst)
	dst = append(dst, " # {"...)
	// Prometheus refuses a page with a NUL in an exemplar, where its lexer takes it for the end of
	// the page. It accepts a NUL anywhere else.
	for i := strings.IndexByte(labels, 0); i >= 0; i = strings.IndexByte(labels, 0) {
		dst = append(dst, labels[:i]...)
		dst = append(dst, "\uFFFD"...)
		labels = labels[i+1:]
	}
	dst = append(dst, labels...)
	dst = append(dst, "} "...)
	dst = appendFloat(dst, e.Value)
	if timeKnown(e.Timestamp) {
		dst = append(dst, ' ')
		dst = appendFloat(dst, e.Timestamp)
	}
	return unscratch(dst, from, to)
}
