// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

// routes returns a mux with a few routes. The benchmarks ask for the last one.
func routes() *http.ServeMux {
	mux := http.NewServeMux()
	for i := range 20 {
		mux.HandleFunc(fmt.Sprintf("GET /things/%d", i), func(http.ResponseWriter, *http.Request) {})
	}
	mux.HandleFunc("GET /users/{id}", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") })
	return mux
}

type namedHandler struct {
	name    string
	handler http.Handler
}

// withAndWithout returns a mux without and with the middleware. The difference is the cost of the
// middleware.
func withAndWithout() []namedHandler {
	mux := routes()
	return []namedHandler{{"without", mux}, {"with", Middleware(engine.NewRegistry(), ServerConfig{})(mux)}}
}

func hostOf(r *http.Request) string { return r.Host }

// BenchmarkMiddleware measures a request through a ServeMux, in memory.
func BenchmarkMiddleware(b *testing.B) {
	mux := routes()
	tier := NewLabel("tier", hostOf, []string{"example.com", "example.org"})
	for _, bm := range append(withAndWithout(),
		namedHandler{"with-aioprometheus-names",
			Middleware(engine.NewRegistry(), ServerConfig{AioprometheusNames: true})(mux)},
		namedHandler{"with-label",
			Middleware(engine.NewRegistry(), ServerConfig{Config: Config{Labels: []Label{tier}}})(mux)},
		namedHandler{"excluded",
			Middleware(engine.NewRegistry(), ServerConfig{ExcludedPaths: []string{"/users/1"}})(mux)},
	) {
		b.Run(bm.name, func(b *testing.B) {
			r := httptest.NewRequest(http.MethodGet, "/users/1", nil)
			w := allMethods{testkit.NewSink()}
			b.ReportAllocs()
			for b.Loop() {
				bm.handler.ServeHTTP(w, r)
			}
		})
	}
}

func BenchmarkMiddlewareParallel(b *testing.B) {
	for _, bm := range withAndWithout() {
		b.Run(bm.name, func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				r := httptest.NewRequest(http.MethodGet, "/users/1", nil)
				w := allMethods{testkit.NewSink()}
				for pb.Next() {
					bm.handler.ServeHTTP(w, r)
				}
			})
		})
	}
}

// BenchmarkMiddlewareLoopback measures a request through a real client and server.
func BenchmarkMiddlewareLoopback(b *testing.B) {
	for _, bm := range withAndWithout() {
		b.Run(bm.name, func(b *testing.B) {
			s := httptest.NewServer(bm.handler)
			defer s.Close()
			b.ReportAllocs()
			for b.Loop() {
				resp, err := http.Get(s.URL + "/users/1")
				require.NoError(b, err)
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
		})
	}
}

func BenchmarkRoundTripper(b *testing.B) {
	host := HostLabel([]string{"example.com"})
	response := &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}
	bare := roundTripperFunc(func(*http.Request) (*http.Response, error) { return response, nil })
	for _, bm := range []struct {
		name      string
		transport http.RoundTripper
	}{
		{"without", bare},
		{"with", RoundTripper(bare, engine.NewRegistry(), Config{})},
		{"with-host", RoundTripper(bare, engine.NewRegistry(), Config{Labels: []Label{host}})},
	} {
		b.Run(bm.name, func(b *testing.B) {
			r := httptest.NewRequest(http.MethodGet, "http://example.com/", nil)
			b.ReportAllocs()
			for b.Loop() {
				bm.transport.RoundTrip(r)
			}
		})
	}
}
