// SPDX-License-Identifier: Apache-2.0

package export

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

// lockedBuffer is a log that many goroutines write to.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// Tracing between the middleware and the mux hides the patterns. Nothing can find them there, but
// the log can say so.
func TestAMiddlewareThatNeverSeesARouteSaysSoOnce(t *testing.T) {
	for _, tt := range []struct {
		name    string
		handler func(reg *engine.Registry) http.Handler
		says    bool
	}{
		{"tracing inside", func(reg *engine.Registry) http.Handler { return Middleware(reg)(copying(site())) }, true},
		{"no mux at all", func(reg *engine.Registry) http.Handler { return Middleware(reg)(answering(200)) }, true},
		{"tracing outside", func(reg *engine.Registry) http.Handler { return copying(Middleware(reg)(site())) }, false},
		{"tracing between two", func(reg *engine.Registry) http.Handler {
			return Middleware(reg)(copying(Middleware(reg)(site())))
		}, false},
		{"no routes wanted", func(reg *engine.Registry) http.Handler {
			return Middleware(reg, WithRouteFunc(func(*http.Request) string { return "" }))(copying(site()))
		}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var log lockedBuffer
			reg := engine.NewRegistry(engine.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
			h := tt.handler(reg)
			for range unroutedRequests - 1 {
				get(h, "/users/1")
			}
			require.Empty(t, log.String())
			var clients sync.WaitGroup
			for range 4 {
				clients.Go(func() {
					for range unroutedRequests {
						get(h, "/users/1")
					}
				})
			}
			clients.Wait()
			want := 0
			if tt.says {
				want = 1
				require.Contains(t, log.String(), "put Middleware directly around the ServeMux")
			}
			require.Equal(t, want, strings.Count(log.String(), "\n"), log.String())
		})
	}
}

// Requests that no mux needs to have seen prove nothing.
func TestFailuresRedirectsAndOptionsDoNotMeanThatThereAreNoRoutes(t *testing.T) {
	var log lockedBuffer
	reg := engine.NewRegistry(engine.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	code := http.StatusFound
	h := Middleware(reg)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }))
	for range 3 * unroutedRequests {
		get(h, "/")
	}
	for _, code = range []int{http.StatusNotFound, http.StatusInternalServerError} {
		for range 3 * unroutedRequests {
			get(h, "/")
		}
	}
	code = http.StatusNoContent
	for range 3 * unroutedRequests {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodOptions, "/", nil))
	}
	require.Empty(t, log.String())
}

// A context that reaches the innermost Middleware has the trace, if tracing stands between two.
func TestExemplarsComeFromTheContextOfTheInnermostMiddleware(t *testing.T) {
	type key struct{}
	tracing := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), key{}, "4bf92f35")))
		})
	}
	from := WithExemplars(func(ctx context.Context) engine.Labels {
		if id, ok := ctx.Value(key{}).(string); ok {
			return engine.Labels{"trace_id": id}
		}
		return nil
	})
	for name, order := range map[string]func(mw func(http.Handler) http.Handler) http.Handler{
		"tracing outside": func(mw func(http.Handler) http.Handler) http.Handler { return tracing(mw(site())) },
		"tracing between": func(mw func(http.Handler) http.Handler) http.Handler { return mw(tracing(mw(site()))) },
	} {
		t.Run(name, func(t *testing.T) {
			reg := engine.NewRegistry()
			get(order(Middleware(reg, from)), "/users/1")
			text := get(Handler(reg), "/metrics", "Accept", "application/openmetrics-text").Body.String()
			requireExemplar(t, text, `http_responses_total{method="GET",route="/users/{id}",code="200"} 1`)
			requireExemplar(t, text, `http_request_duration_seconds_bucket{method="GET",route="/users/{id}",le="0.005"} 1`)
		})
	}
}

func requireExemplar(t *testing.T, page, series string) {
	t.Helper()
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, series+" #") {
			require.Contains(t, line, `# {trace_id="4bf92f35"}`)
			return
		}
	}
	t.Errorf("there is no exemplar of %s in:\n%s", series, page)
}

func TestARoundTripperTakesExemplarsFromTheRequest(t *testing.T) {
	type key struct{}
	reg := engine.NewRegistry()
	transport := RoundTripper(roundTripperFunc(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK}, nil
	}), reg, WithExemplars(func(ctx context.Context) engine.Labels {
		return engine.Labels{"trace_id": ctx.Value(key{}).(string)}
	}))
	r := httptest.NewRequest(http.MethodGet, "http://x/", nil)
	_, err := transport.RoundTrip(r.WithContext(context.WithValue(r.Context(), key{}, "4bf92f35")))
	require.NoError(t, err)
	text := get(Handler(reg), "/metrics", "Accept", "application/openmetrics-text").Body.String()
	requireExemplar(t, text, `http_client_requests_total{method="GET",code="200"} 1`)
	requireExemplar(t, text, `http_client_request_duration_seconds_bucket{method="GET",le="0.005"} 1`)
}
