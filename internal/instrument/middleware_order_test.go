// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

// Tracing between the middleware and the mux hides the patterns. Nothing can find them there, but
// the log can say so.
func TestAMiddlewareThatNeverSeesARouteSaysSoOnce(t *testing.T) {
	for _, tt := range []struct {
		name    string
		handler func(reg *engine.Registry) http.Handler
		says    bool
	}{
		{"tracing inside", func(reg *engine.Registry) http.Handler {
			return Middleware(reg, ServerConfig{})(copying(testkit.Site()))
		}, true},
		{"no mux at all", func(reg *engine.Registry) http.Handler { return Middleware(reg, ServerConfig{})(testkit.Answer(200)) }, true},
		{"tracing outside", func(reg *engine.Registry) http.Handler {
			return copying(Middleware(reg, ServerConfig{})(testkit.Site()))
		}, false},
		{"tracing between two", func(reg *engine.Registry) http.Handler {
			return Middleware(reg, ServerConfig{})(copying(Middleware(reg, ServerConfig{})(testkit.Site())))
		}, false},
		{"no routes wanted", func(reg *engine.Registry) http.Handler {
			return Middleware(reg, ServerConfig{Route: func(*http.Request) string { return "" }})(copying(testkit.Site()))
		}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var log testkit.Output
			reg := engine.NewRegistry(engine.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
			h := tt.handler(reg)
			for range unroutedRequests - 1 {
				testkit.Get(h, "/users/1")
			}
			require.Empty(t, log.String())
			var clients sync.WaitGroup
			for range 4 {
				clients.Go(func() {
					for range unroutedRequests {
						testkit.Get(h, "/users/1")
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
	var log testkit.Output
	reg := engine.NewRegistry(engine.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	code := http.StatusFound
	h := Middleware(reg, ServerConfig{})(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }))
	for range 3 * unroutedRequests {
		testkit.Get(h, "/")
	}
	for _, code = range []int{http.StatusNotFound, http.StatusInternalServerError} {
		for range 3 * unroutedRequests {
			testkit.Get(h, "/")
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
	from := func(ctx context.Context) engine.Labels {
		if id, ok := ctx.Value(key{}).(string); ok {
			return engine.Labels{"trace_id": id}
		}
		return nil
	}
	for name, order := range map[string]func(mw func(http.Handler) http.Handler) http.Handler{
		"tracing outside": func(mw func(http.Handler) http.Handler) http.Handler { return tracing(mw(testkit.Site())) },
		"tracing between": func(mw func(http.Handler) http.Handler) http.Handler { return mw(tracing(mw(testkit.Site()))) },
	} {
		t.Run(name, func(t *testing.T) {
			reg := engine.NewRegistry()
			testkit.Get(order(Middleware(reg, ServerConfig{Config: Config{Exemplars: from}})), "/users/1")
			text := openMetrics(t, reg)
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
	}), reg, Config{Exemplars: func(ctx context.Context) engine.Labels {
		return engine.Labels{"trace_id": ctx.Value(key{}).(string)}
	}})
	r := httptest.NewRequest(http.MethodGet, "http://x/", nil)
	_, err := transport.RoundTrip(r.WithContext(context.WithValue(r.Context(), key{}, "4bf92f35")))
	require.NoError(t, err)
	text := openMetrics(t, reg)
	requireExemplar(t, text, `http_client_requests_total{method="GET",code="200"} 1`)
	requireExemplar(t, text, `http_client_request_duration_seconds_bucket{method="GET",le="0.005"} 1`)
}
