// SPDX-License-Identifier: Apache-2.0

// Package page writes pages that have families of package prometheus of this module and families
// of client_golang's. The former append their series with package encode, the latter are messages
// that package expfmt writes.
package page

import (
	"io"
	"strings"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"github.com/quipu-metrics/quipu/encode"
)

// Family is a family on a page.
type Family interface {
	Name() string
	// Fits reports whether Append writes what client_golang would in this format.
	Fits(format encode.Format) bool
	// Append appends the family, unless it has no series.
	Append(w *Writer)
	// Message returns the family as a message, or nil if it has no series.
	Message() *dto.MetricFamily
}

// Message is a family of client_golang's.
type Message struct{ *dto.MetricFamily }

// Name implements [Family].
func (m Message) Name() string { return m.GetName() }

// Fits implements [Family].
func (m Message) Fits(encode.Format) bool { return false }

// Append implements [Family]. It is never called, because nothing fits.
func (m Message) Append(*Writer) {}

// Message implements [Family].
func (m Message) Message() *dto.MetricFamily { return m.MetricFamily }

// Messages returns families as messages, without those that have no series.
func Messages(families []Family) []*dto.MetricFamily {
	list := make([]*dto.MetricFamily, 0, len(families))
	for _, f := range families {
		if m := f.Message(); m != nil {
			list = append(list, m)
		}
	}
	return list
}

// Options say how a page is written.
type Options struct {
	Format  expfmt.Format
	Created bool // whether OpenMetrics shows times of creation

	// Failed is told of each error, and says whether the page ends.
	Failed func(error) (stop bool)
}

// Write writes a page. Families are in the order of their names, and no name is there twice.
func Write(to io.Writer, families []Family, o Options) {
	w := &Writer{to: to, Buf: buffers.get(), failed: o.Failed}
	defer func() { buffers.put(w.Buf) }()
	var options []expfmt.EncoderOption
	if o.Created {
		options = append(options, expfmt.WithCreatedLines())
	}
	messages := expfmt.NewEncoder(w, o.Format, options...)
	var own bool
	w.Format, own = formatOf(o.Format)
	w.Created = o.Created || w.Format == encode.Protobuf
	for _, f := range families {
		switch {
		case w.stopped:
			return
		case own && f.Fits(w.Format):
			f.Append(w)
			w.fill()
		default:
			if m := f.Message(); m != nil && len(m.Metric) > 0 {
				w.fail(messages.Encode(m))
			}
		}
	}
	if c, ok := messages.(expfmt.Closer); ok && !w.stopped {
		w.fail(c.Close())
	}
	w.flush()
}

// formatOf returns the format that package encode has for one of expfmt, if it has one.
func formatOf(f expfmt.Format) (encode.Format, bool) {
	switch f.FormatType() {
	case expfmt.TypeTextPlain:
		return encode.Text, true
	case expfmt.TypeProtoDelim:
		return encode.Protobuf, true
	case expfmt.TypeOpenMetrics:
		return encode.OpenMetrics, !strings.Contains(string(f), "version="+expfmt.OpenMetricsVersion_2_0_0)
	}
	return encode.Text, false
}
