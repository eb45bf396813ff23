// SPDX-License-Identifier: Apache-2.0

//go:build !race

package instrument

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

// The recorder is new for every request, because a handler's goroutine may still hold the one of
// the last request.
func TestTheMiddlewareAllocatesOnceForEveryRequest(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/plain", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") })
	mux.HandleFunc("/flush", func(w http.ResponseWriter, _ *http.Request) { w.(http.Flusher).Flush() })
	mux.HandleFunc("/code", testkit.Answer(http.StatusNotFound))
	label := NewLabel("host", func(r *http.Request) string { return r.Host }, []string{"example.com"})
	exemplars := func(context.Context) engine.Labels { return nil }
	excluded := []string{"/plain", "/flush", "/code", "/none"}
	for name, mw := range map[string]func(http.Handler) http.Handler{
		"default": Middleware(engine.NewRegistry(), ServerConfig{}),
		"options": Middleware(engine.NewRegistry(), ServerConfig{
			Config: Config{GroupCodes: true, Labels: []Label{label}}, AioprometheusNames: true,
		}),
		"exemplars": Middleware(engine.NewRegistry(), ServerConfig{Config: Config{Exemplars: exemplars}}),
		"excluded":  Middleware(engine.NewRegistry(), ServerConfig{ExcludedPaths: excluded}),
	} {
		for _, wrapped := range []http.Handler{mw(mux), mw(mw(mux))} {
			for _, w := range []http.ResponseWriter{newAllMethods(), testkit.NewSink()} {
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
	mw := Middleware(engine.NewRegistry(), ServerConfig{})
	h := mw(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		r.Body.Read(nil)
	}))
	r := httptest.NewRequest(http.MethodPost, "/", http.NoBody)
	r.Body, r.ContentLength = io.NopCloser(zeros{}), -1
	w := newAllMethods()
	require.Equal(t, 2.0, testing.AllocsPerRun(200, func() { h.ServeHTTP(w, r) }))
}

func TestTheRoundTripperAllocatesNothingInSteadyState(t *testing.T) {
	label := HostLabel([]string{"example.com"})
	response := &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}
	bare := roundTripperFunc(func(*http.Request) (*http.Response, error) { return response, nil })
	transport := RoundTripper(bare, engine.NewRegistry(), Config{Labels: []Label{label}})
	r := httptest.NewRequest(http.MethodGet, "http://example.com/", nil)
	require.Zero(t, testing.AllocsPerRun(200, func() { transport.RoundTrip(r) }))
}
