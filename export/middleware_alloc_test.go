// SPDX-License-Identifier: Apache-2.0

//go:build !race

package export

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

// The recorder is new for every request, because a handler's goroutine may still hold the one of
// the last request.
func TestTheMiddlewareAllocatesOnceForEveryRequest(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/plain", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") })
	mux.HandleFunc("/flush", func(w http.ResponseWriter, _ *http.Request) { w.(http.Flusher).Flush() })
	mux.HandleFunc("/code", answering(http.StatusNotFound))
	label := WithLabelFunc("host", func(r *http.Request) string { return r.Host }, "example.com")
	exemplars := WithExemplars(func(context.Context) engine.Labels { return nil })
	for name, mw := range map[string]func(http.Handler) http.Handler{
		"default":   Middleware(engine.NewRegistry()),
		"options":   Middleware(engine.NewRegistry(), WithAioprometheusNames(), WithGroupStatusCodes(), label),
		"exemplars": Middleware(engine.NewRegistry(), exemplars),
		"excluded":  Middleware(engine.NewRegistry(), WithExcludePaths("/plain", "/flush", "/code", "/none")),
	} {
		for _, wrapped := range []http.Handler{mw(mux), mw(mw(mux))} {
			for _, w := range []http.ResponseWriter{newAllMethods(), &nowhere{header: http.Header{}}} {
				for _, path := range []string{"/plain", "/code", "/flush"} {
					if _, ok := w.(http.Flusher); !ok && path == "/flush" {
						continue
					}
					r := httptest.NewRequest(http.MethodGet, path, nil)
					bare := testing.AllocsPerRun(200, func() { mux.ServeHTTP(w, r) })
					own := 1.0
					if name == "excluded" {
						own = 0
					}
					got := testing.AllocsPerRun(200, func() { wrapped.ServeHTTP(w, r) })
					require.Equal(t, own, got-bare, "%s %s", name, path)
				}
			}
		}
	}
}

func TestABodyThatIsCountedIsASecondAllocation(t *testing.T) {
	h := Middleware(engine.NewRegistry())(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		r.Body.Read(nil)
	}))
	r := httptest.NewRequest(http.MethodPost, "/", http.NoBody)
	r.Body, r.ContentLength = io.NopCloser(zeros{}), -1
	w := newAllMethods()
	require.Equal(t, 2.0, testing.AllocsPerRun(200, func() { h.ServeHTTP(w, r) }))
}

func TestTheRoundTripperAllocatesNothingInSteadyState(t *testing.T) {
	response := &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}
	bare := roundTripperFunc(func(*http.Request) (*http.Response, error) { return response, nil })
	transport := RoundTripper(bare, engine.NewRegistry(), WithHostLabel("example.com"))
	r := httptest.NewRequest(http.MethodGet, "http://example.com/", nil)
	require.Zero(t, testing.AllocsPerRun(200, func() { transport.RoundTrip(r) }))
}
