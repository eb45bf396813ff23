// SPDX-License-Identifier: Apache-2.0

//go:build !race

package export

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/testkit"
)

func TestAScrapeAllocatesNothingInSteadyState(t *testing.T) {
	series, runs := 100_000, 20
	if testing.Short() {
		series, runs = 1000, 20
	}
	h := Handler(manySeries(t, series))
	for _, tt := range []struct{ name, accept, encoding string }{
		{"curl", "*/*", ""},
		{"nobody", "", ""},
		{"VictoriaMetrics", "text/plain;version=0.0.4;q=1,*/*;q=0.1", "identity"},
		{"Prometheus 3", "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,*/*;q=0.2", "identity"},
		{"protobuf", protobufType, ""},
		{"gzip", "text/plain", "gzip"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
			r.Header = http.Header{"Accept": {tt.accept}, scrapeTimeoutHeader: {"10"}}
			if tt.encoding != "" {
				r.Header["Accept-Encoding"] = []string{tt.encoding}
			}
			w := testkit.NewSink()
			h.ServeHTTP(w, r)
			first := w.Bytes
			maps.Copy(w.Header(), http.Header{"Content-Type": nil, "Vary": nil, "Content-Encoding": nil})
			require.Zero(t, testing.AllocsPerRun(runs, func() {
				delete(w.Header(), "Content-Encoding")
				h.ServeHTTP(w, r)
			}))
			require.Greater(t, w.Bytes, first*runs*9/10, "the pages were written")
		})
	}
}

func TestNegotiationAllocatesNothing(t *testing.T) {
	accept := []string{"text/html;q=0.1",
		protobufType + ";q=0.6,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,*/*;q=0.1"}
	encoding := []string{"br, gzip;q=0.5", "identity;q=0.1"}
	timeout := []string{"1e1"}
	c := newHandlerConfig([]Option{withTagged("zstd"), withTagged("br")})
	encodings := c.offeredEncodings()
	require.Zero(t, testing.AllocsPerRun(100, func() {
		Negotiate(accept...)
		chooseEncoding(encodings, encoding)
		c.timeLimit(timeout)
	}))
}
