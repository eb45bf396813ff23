// SPDX-License-Identifier: Apache-2.0

//go:build !race

package encode

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAppendingAllocatesNothing(t *testing.T) {
	labels := label("path", hostile, "code", "200")
	e := &Exemplar{Labels: labels, Value: 0.1, Timestamp: 1700000000.5}
	native := nativeSample()
	native.Exemplars = []*Exemplar{e}
	counter := NewFamily("c_total", "h", "", Counter, nil)
	gauge := NewFamily("g", "h", "", Gauge, nil)
	histogram := NewFamily("h", "h", "", Histogram, []float64{0.1, 1})
	summary := NewFamily("s", "h", "", Summary, []float64{0.5, 0.9})
	hs := &HistogramSample{Counts: []uint64{1, 2, 3}, Sum: 0.3, Created: 1.5, Exemplars: []*Exemplar{e, nil, e},
		Native: native}
	ss := &SummarySample{Quantiles: []float64{1.5, 0.1 + 0.2}, Count: 3, Sum: 0.3, Created: 1.5}
	buf := make([]byte, 0, 1<<16)
	for format := Text; format <= Protobuf; format++ {
		require.Zero(t, testing.AllocsPerRun(100, func() {
			dst := counter.Begin(buf, format)
			dst = counter.AppendCounter(dst, format, labels, &CounterSample{Int: 1 << 60, Created: 1.5, Exemplar: e})
			dst = counter.AppendCounter(dst, format, labels, &CounterSample{Int: 1, Frac: 0.1})
			dst = counter.End(dst, 0, format)
			start := len(dst)
			dst = gauge.Continue(dst, format)
			dst = gauge.AppendGauge(dst, format, labels, 0.1)
			dst = histogram.AppendHistogram(dst, format, labels, hs)
			dst = summary.AppendSummary(dst, format, labels, ss)
			dst = gauge.End(dst, start, format)
			dst = AppendLabel(dst, "name", hostile)
			_ = AppendTrailer(dst, format)
		}), format.String())
	}
}

func TestAppendingEscapedNamesAllocatesNothing(t *testing.T) {
	buf := make([]byte, 0, 1<<16)
	labels := label("http.method", "GET", "code", "200", "url.path", hostile)
	e := &Exemplar{Labels: label("trace.id", "\x00"), Value: 0.1, Timestamp: 1700000000.5}
	native := nativeSample()
	native.Exemplars = []*Exemplar{e}
	for escaping := range NoEscaping + 1 {
		counter := NewFamily("c.c_total", "h", "", Counter, nil)
		histogram := NewFamily("h.h", "h", "", Histogram, []float64{0.1, 1})
		hs := &HistogramSample{Counts: []uint64{1, 2, 3}, Sum: 0.3, Exemplars: []*Exemplar{e, nil, e}, Native: native}
		for format := Text; format <= Protobuf; format++ {
			require.Zero(t, testing.AllocsPerRun(100, func() {
				c, h := counter.Escaped(escaping), histogram.Escaped(escaping)
				dst := c.Begin(buf, format)
				dst = c.AppendCounter(dst, format, labels, &CounterSample{Int: 1 << 60, Created: 1.5, Exemplar: e})
				_ = h.AppendHistogram(dst, format, labels, hs)
			}), "%v %v", escaping, format)
		}
	}
}
