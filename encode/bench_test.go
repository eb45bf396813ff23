// SPDX-License-Identifier: Apache-2.0

package encode

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
)

func BenchmarkAppendUint(b *testing.B) {
	for _, digits := range []int{1, 3, 6, 10, 16, 20} {
		lo := uint64(math.Pow10(digits - 1))
		values := make([]uint64, 256)
		for i := range values {
			values[i] = lo + rand.Uint64N(min(lo, math.MaxUint64-lo)) // the same number of digits
		}
		name := strconv.Itoa(digits) + "digits"
		var dst [64]byte
		b.Run(name+"/encode", func(b *testing.B) {
			i := 0
			for b.Loop() {
				AppendUint(dst[:0], values[i&255])
				i++
			}
		})
		b.Run(name+"/strconv", func(b *testing.B) {
			i := 0
			for b.Loop() {
				strconv.AppendUint(dst[:0], values[i&255], 10)
				i++
			}
		})
	}
}

func BenchmarkAppendFloat(b *testing.B) {
	kinds := map[string]func() float64{
		"integral": func() float64 { return float64(rand.IntN(1e7)) },
		"decimal2": func() float64 { return float64(rand.IntN(1e7)) / 100 },
		"decimal6": func() float64 { return float64(rand.IntN(1e9)) / 1e6 },
		"random":   func() float64 { return rand.Float64() * 1000 },
		"time":     func() float64 { return 1.7e9 + float64(rand.IntN(1e6))/1e3 },
	}
	for _, kind := range []string{"integral", "decimal2", "decimal6", "time", "random"} {
		values := make([]float64, 256)
		for i := range values {
			values[i] = kinds[kind]()
		}
		var dst [64]byte
		b.Run(kind+"/encode", func(b *testing.B) {
			i := 0
			for b.Loop() {
				appendFloat(dst[:0], values[i&255])
				i++
			}
		})
		b.Run(kind+"/strconv", func(b *testing.B) {
			i := 0
			for b.Loop() {
				strconv.AppendFloat(dst[:0], values[i&255], 'g', -1, 64)
				i++
			}
		})
	}
}

// BenchmarkSeries encodes one series per operation into a chunk of 64 KiB.
func BenchmarkSeries(b *testing.B) {
	labels := string(AppendLabel(AppendLabel(nil, "method", "GET"), "code", "200"))
	path := string(AppendLabel(nil, "path", "/api/v1/query_range/\"quoted\"/and/longer"))
	counter := NewFamily("http_requests_total", "h", "", Counter, nil)
	gauge := NewFamily("http_requests_in_flight", "h", "", Gauge, nil)
	histogram := NewFamily("http_request_duration_seconds", "h", "", Histogram,
		[]float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10})
	summary := NewFamily("payload_bytes", "h", "", Summary, []float64{0.5, 0.9, 0.99})
	dotted := NewFamily("http.requests_total", "h", "", Counter, nil)
	underscores := dotted.Escaped(UnderscoresEscaping)
	dottedLabels := string(AppendLabel(AppendLabel(nil, "http.method", "GET"), "http.code", "200"))
	c := &CounterSample{Int: 1234567}
	h := &HistogramSample{Counts: []uint64{1, 20, 300, 4000, 500, 60, 7, 0, 1, 0, 0, 2}, Sum: 312.0625}
	s := &SummarySample{Quantiles: []float64{512, 1499.5, 4096.25}, Count: 123456, Sum: 98765432.5}
	third := 1.0 / 3
	for _, bench := range []struct {
		name   string
		append func(dst []byte, format Format) []byte
	}{
		{"counter", func(dst []byte, format Format) []byte { return counter.AppendCounter(dst, format, labels, c) }},
		{"counterEscaped", func(dst []byte, format Format) []byte {
			return counter.AppendCounter(dst, format, path, c)
		}},
		{"counterQuoted", func(dst []byte, format Format) []byte {
			return dotted.AppendCounter(dst, format, dottedLabels, c)
		}},
		{"counterUnderscores", func(dst []byte, format Format) []byte {
			return underscores.AppendCounter(dst, format, dottedLabels, c)
		}},
		{"gauge", func(dst []byte, format Format) []byte { return gauge.AppendGauge(dst, format, labels, third) }},
		{"histogram", func(dst []byte, format Format) []byte {
			return histogram.AppendHistogram(dst, format, labels, h)
		}},
		{"summary", func(dst []byte, format Format) []byte { return summary.AppendSummary(dst, format, labels, s) }},
	} {
		for format := Text; format <= Protobuf; format++ {
			b.Run(bench.name+"/"+format.String(), func(b *testing.B) {
				dst := make([]byte, 0, 1<<16)
				b.SetBytes(int64(len(bench.append(dst, format))))
				b.ReportAllocs()
				for b.Loop() {
					if len(dst) > 60_000 {
						dst = dst[:0]
					}
					dst = bench.append(dst, format)
				}
			})
		}
	}
}
