// SPDX-License-Identifier: Apache-2.0

//go:build !race

package export

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

func TestTheMiddlewareAllocatesNothingInSteadyState(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/plain", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") })
	mux.HandleFunc("/flush", func(w http.ResponseWriter, _ *http.Request) { w.(http.Flusher).Flush() })
	mux.HandleFunc("/code", answering(http.StatusNotFound))
	label := LabelFunc("host", func(r *http.Request) string { return r.Host }, "example.com")
	for name, mw := range map[string]func(http.Handler) http.Handler{
		"default":  Middleware(engine.NewRegistry()),
		"options":  Middleware(engine.NewRegistry(), GuideNames(), GroupStatusCodes(), label),
		"excluded": Middleware(engine.NewRegistry(), ExcludePaths("/plain", "/flush", "/code", "/none")),
	} {
		for _, wrapped := range []http.Handler{mw(mux), mw(mw(mux))} {
			for _, w := range []http.ResponseWriter{newAllMethods(), &nowhere{header: http.Header{}}} {
				for _, path := range []string{"/plain", "/code", "/flush"} {
					if _, ok := w.(http.Flusher); !ok && path == "/flush" {
						continue
					}
					r := httptest.NewRequest(http.MethodGet, path, nil)
					bare := testing.AllocsPerRun(200, func() { mux.ServeHTTP(w, r) })
					require.Equal(t, bare, testing.AllocsPerRun(200, func() { wrapped.ServeHTTP(w, r) }), "%s %s", name, path)
				}
			}
		}
	}
}

func TestTheRoundTripperAllocatesNothingInSteadyState(t *testing.T) {
	response := &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}
	bare := roundTripperFunc(func(*http.Request) (*http.Response, error) { return response, nil })
	transport := RoundTripper(bare, engine.NewRegistry(), HostLabel("example.com"))
	r := httptest.NewRequest(http.MethodGet, "http://example.com/", nil)
	require.Zero(t, testing.AllocsPerRun(200, func() { transport.RoundTrip(r) }))
}
