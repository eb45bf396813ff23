// SPDX-License-Identifier: Apache-2.0

package export

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/testkit"
)

func BenchmarkServeHTTP(b *testing.B) {
	for _, series := range []int{10, 1000, 100_000} {
		h := Handler(manySeries(b, series))
		for _, bm := range []struct{ name, accept, encoding string }{
			{"text", "text/plain", "identity"},
			{"openmetrics", "application/openmetrics-text", "identity"},
			{"protobuf", protobufType, "identity"},
			{"text-gzip", "text/plain", "gzip"},
			{"protobuf-gzip", protobufType, "gzip"},
		} {
			b.Run(fmt.Sprintf("series=%d/%s", series, bm.name), func(b *testing.B) {
				r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
				r.Header = http.Header{"Accept": {bm.accept}, "Accept-Encoding": {bm.encoding}}
				w := testkit.NewSink()
				b.ReportAllocs()
				for b.Loop() {
					clear(w.Header())
					h.ServeHTTP(w, r)
				}
				b.ReportMetric(float64(w.Bytes)/float64(b.N), "page-B")
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(series), "ns/series")
			})
		}
	}
}

// BenchmarkLoopback measures a scrape through a real server.
func BenchmarkLoopback(b *testing.B) {
	for _, encoding := range []string{"identity", "gzip"} {
		b.Run(encoding, func(b *testing.B) {
			s := httptest.NewServer(Handler(manySeries(b, 100_000)))
			defer s.Close()
			r, err := http.NewRequest(http.MethodGet, s.URL, nil)
			require.NoError(b, err)
			r.Header.Set("Accept-Encoding", encoding)
			for b.Loop() {
				resp, err := http.DefaultClient.Do(r)
				require.NoError(b, err)
				_, err = io.Copy(io.Discard, resp.Body)
				require.NoError(b, err)
				resp.Body.Close()
			}
		})
	}
}

func BenchmarkNegotiate(b *testing.B) {
	accept := "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6," +
		"application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4," +
		"text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
	b.ReportAllocs()
	for b.Loop() {
		Negotiate(accept)
	}
}
