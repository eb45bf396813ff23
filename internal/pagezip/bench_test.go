// SPDX-License-Identifier: Apache-2.0

package pagezip_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"testing"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/internal/pagezip"
)

type resetter interface {
	io.WriteCloser
	Reset(w io.Writer)
}

type counter int

func (c *counter) Write(p []byte) (int, error) { *c += counter(len(p)); return len(p), nil }

// BenchmarkWriter compresses pages of 100 000 series or so with this package and with levels 1 and
// 6 of compress/gzip.
func BenchmarkWriter(b *testing.B) {
	for _, f := range []encode.Format{encode.Text, encode.OpenMetrics, encode.Protobuf} {
		for _, k := range kinds {
			if f == encode.OpenMetrics && k.name != "counters" && k.name != "histograms" {
				continue
			}
			text := pageOf(b, f, k.name, 100_000)
			for _, w := range []struct {
				name string
				new  func(io.Writer) resetter
			}{
				{"own", func(w io.Writer) resetter { return pagezip.NewWriter(w) }},
				{"level=1", func(w io.Writer) resetter { z, _ := gzip.NewWriterLevel(w, 1); return z }},
				{"level=6", func(w io.Writer) resetter { z, _ := gzip.NewWriterLevel(w, 6); return z }},
			} {
				b.Run(fmt.Sprintf("%s/%s/%s", formatNames[f], k.name, w.name), func(b *testing.B) {
					var n counter
					z := w.new(&n)
					b.SetBytes(int64(len(text)))
					b.ReportAllocs()
					for b.Loop() {
						n = 0
						z.Reset(&n)
						for rest := text; len(rest) > 0; {
							chunk := rest[:min(64<<10, len(rest))]
							z.Write(chunk)
							rest = rest[len(chunk):]
						}
						z.Close()
					}
					lines := bytes.Count(text, []byte("\n"))
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(lines), "ns/line")
					b.ReportMetric(float64(n), "page-B")
				})
			}
		}
	}
}
