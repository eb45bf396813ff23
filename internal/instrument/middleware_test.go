// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

func TestRequestsAreCountedByMethodRouteAndCode(t *testing.T) {
	reg := engine.NewRegistry()
	h := Middleware(reg, ServerConfig{})(testkit.Site())
	for _, r := range []string{
		"GET /users/1", "GET /users/2", "HEAD /users/3", "POST /users", "DELETE /users/1", // the last one is a 405
		"PUT /any/thing", "get /any/thing", "GET /nowhere", "GET /any", "GET http://example.com/hosted",
	} {
		method, target, _ := strings.Cut(r, " ")
		require.Nil(t, request(h, method, target))
	}
	require.Equal(t, map[string]float64{
		`{code="200",method="GET",route="/users/{id}"}`:        2,
		`{code="200",method="HEAD",route="/users/{id}"}`:       1,
		`{code="201",method="POST",route="/users"}`:            1,
		`{code="405",method="DELETE",route="unmatched"}`:       1,
		`{code="202",method="PUT",route="/any/"}`:              1,
		`{code="202",method="other",route="/any/"}`:            1,
		`{code="404",method="GET",route="unmatched"}`:          1,
		`{code="307",method="GET",route="/any/"}`:              1,
		`{code="200",method="GET",route="example.com/hosted"}`: 1,
	}, samples(t, reg, "http_responses_total"))

	p := page(t, reg)
	for _, name := range []string{
		"http_requests_total", "http_request_duration_seconds_count", "http_request_size_bytes_count",
		"http_response_size_bytes_count",
	} {
		require.Equal(t, 2.0, p.Value(t, name, "method", "GET", "route", "/users/{id}"), name)
	}
	require.Equal(t, 0.0, p.Value(t, "http_panics_total", "method", "GET", "route", "/users/{id}"), "series begin at 0")
	require.Equal(t, 0.0, p.Value(t, "http_requests_in_flight"))
}

func TestTheFirstCodeThatIsNotInformationalIsTheResponses(t *testing.T) {
	for _, tt := range []struct {
		name  string
		code  string
		serve http.HandlerFunc
	}{
		{"nothing written", "200", func(http.ResponseWriter, *http.Request) {}},
		{"only a body", "200", func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "x")
			w.WriteHeader(500)
		}},
		{"twice", "404", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404); w.WriteHeader(500) }},
		{"informational", "201", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(http.StatusProcessing)
			w.WriteHeader(201)
			w.WriteHeader(http.StatusEarlyHints)
		}},
		{"only informational", "200", testkit.Answer(http.StatusEarlyHints)},
		{"switching protocols", "101", testkit.Answer(http.StatusSwitchingProtocols)},
		{"flushed", "200", func(w http.ResponseWriter, _ *http.Request) {
			w.(http.Flusher).Flush()
			w.WriteHeader(500)
		}},
		{"out of the ordinary", "other", testkit.Answer(799)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			reg := engine.NewRegistry()
			h := Middleware(reg, ServerConfig{})(tt.serve)
			h.ServeHTTP(newAllMethods(), httptest.NewRequest(http.MethodGet, "/", nil))
			require.Equal(t, map[string]float64{
				`{code="` + tt.code + `",method="GET",route="unmatched"}`: 1,
			}, samples(t, reg, "http_responses_total"))
		})
	}
}

func TestPanicsAreCountedOnceAndPassedOn(t *testing.T) {
	for _, tt := range []struct {
		path      string
		reason    any
		panics    float64
		responses map[string]float64
	}{
		{"/panic", "no", 1, map[string]float64{}},
		{"/abort", http.ErrAbortHandler, 0, map[string]float64{}},
		{"/late-panic", "no", 1, map[string]float64{`{code="418",method="GET",route="/late-panic"}`: 1}},
	} {
		for name, wrap := range map[string]func(mw func(http.Handler) http.Handler) http.Handler{
			"once":  func(mw func(http.Handler) http.Handler) http.Handler { return mw(testkit.Site()) },
			"twice": func(mw func(http.Handler) http.Handler) http.Handler { return mw(mw(testkit.Site())) },
		} {
			t.Run(tt.path+" "+name, func(t *testing.T) {
				reg := engine.NewRegistry()
				require.Equal(t, tt.reason, request(wrap(Middleware(reg, ServerConfig{})), http.MethodGet, tt.path))
				p := page(t, reg)
				labels := []string{"method", "GET", "route", tt.path}
				require.Equal(t, tt.panics, p.Value(t, "http_panics_total", labels...))
				require.Equal(t, 1.0, p.Value(t, "http_requests_total", labels...))
				require.Equal(t, 1.0, p.Value(t, "http_request_duration_seconds_count", labels...))
				require.Equal(t, 0.0, p.Value(t, "http_requests_in_flight"))
				require.Equal(t, tt.responses, samples(t, reg, "http_responses_total"))
			})
		}
	}
}

func TestAHandlerThatEndsItsGoroutineCountsAsAPanic(t *testing.T) {
	reg := engine.NewRegistry()
	h := Middleware(reg, ServerConfig{})(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		runtime.Goexit()
	}))
	done := make(chan struct{})
	go func() {
		defer close(done)
		testkit.Get(h, "/")
	}()
	<-done
	p := page(t, reg)
	require.Equal(t, 1.0, p.Value(t, "http_panics_total", "method", "GET", "route", "unmatched"))
	require.Equal(t, 0.0, p.Value(t, "http_requests_in_flight"))
}

func TestAPanicThatIsRecoveredBetweenTwoMiddlewaresIsCounted(t *testing.T) {
	reg := engine.NewRegistry()
	mw := Middleware(reg, ServerConfig{})
	recovering := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer func() {
				if recover() != nil {
					w.WriteHeader(http.StatusInternalServerError)
				}
			}()
			next.ServeHTTP(w, r)
		})
	}
	require.Nil(t, request(mw(recovering(mw(testkit.Site()))), http.MethodGet, "/panic"))
	labels := []string{"method", "GET", "route", "/panic"}
	p := page(t, reg)
	require.Equal(t, 1.0, p.Value(t, "http_panics_total", labels...))
	require.Equal(t, 1.0, p.Value(t, "http_responses_total", append(labels, "code", "500")...))
}

func TestARouteFuncThatPanicsLeavesNothingInFlight(t *testing.T) {
	reg := engine.NewRegistry()
	h := Middleware(reg, ServerConfig{Route: func(*http.Request) string { panic("no route") }})(testkit.Site())
	require.Equal(t, "no route", request(h, http.MethodGet, "/users/1"))
	require.Equal(t, 0.0, page(t, reg).Value(t, "http_requests_in_flight"))
}

func TestRoutesAreFoundBehindCopiesOfTheRequest(t *testing.T) {
	mux := testkit.Site()
	patternOf := func(r *http.Request) string { _, pattern := mux.Handler(r); return pattern }
	for _, tt := range []struct {
		name, route string
		handler     func(reg *engine.Registry) http.Handler
	}{
		{"copied", "unmatched", func(reg *engine.Registry) http.Handler {
			return Middleware(reg, ServerConfig{})(copying(mux))
		}},
		{"inside", "/users/{id}", func(reg *engine.Registry) http.Handler {
			return copying(Middleware(reg, ServerConfig{})(mux))
		}},
		{"both", "/users/{id}", func(reg *engine.Registry) http.Handler {
			return Middleware(reg, ServerConfig{})(copying(Middleware(reg, ServerConfig{})(mux)))
		}},
		{"thrice", "/users/{id}", func(reg *engine.Registry) http.Handler {
			mw := Middleware(reg, ServerConfig{})
			return mw(copying(mw(copying(mw(mux)))))
		}},
		{"function", "/users/{id}", func(reg *engine.Registry) http.Handler {
			return Middleware(reg, ServerConfig{Route: patternOf})(copying(mux))
		}},
		{"one route", "/users/{id}", func(reg *engine.Registry) http.Handler {
			one := http.NewServeMux()
			one.Handle("GET /users/{id}", Middleware(reg, ServerConfig{})(testkit.Answer(200)))
			return one
		}},
		{"mux in mux", "/users/{id}", func(reg *engine.Registry) http.Handler {
			outer := http.NewServeMux()
			outer.Handle("/", mux)
			return Middleware(reg, ServerConfig{})(outer)
		}},
		{"stripped", "/api/", func(reg *engine.Registry) http.Handler {
			outer := http.NewServeMux()
			outer.Handle("/", http.NotFoundHandler())
			outer.Handle("/api/", http.StripPrefix("/api", mux))
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				r.URL.Path = "/api" + r.URL.Path
				Middleware(reg, ServerConfig{})(outer).ServeHTTP(w, r)
			})
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			reg := engine.NewRegistry()
			require.Nil(t, request(tt.handler(reg), http.MethodGet, "/users/1"))
			require.Equal(t, map[string]float64{`{method="GET",route="` + tt.route + `"}`: 1},
				samples(t, reg, "http_requests_total"))
		})
	}
}

func TestTwoSetsOfMetricsCountTheSameRequest(t *testing.T) {
	reg, other := engine.NewRegistry(), engine.NewRegistry()
	mw := Middleware(reg, ServerConfig{})
	renamed := Middleware(reg, ServerConfig{AioprometheusNames: true})
	h := mw(renamed(Middleware(other, ServerConfig{})(Middleware(reg, ServerConfig{})(testkit.Site()))))
	require.Nil(t, request(h, http.MethodGet, "/users/1"))
	require.Equal(t, 1.0, page(t, reg).Value(t, "http_requests_total", "method", "GET", "route", "/users/{id}"))
	require.Equal(t, 1.0, page(t, reg).Value(t, "requests_total_counter", "method", "GET", "path", "/users/{id}"))
	require.Equal(t, 1.0, page(t, other).Value(t, "http_requests_total", "method", "GET", "route", "/users/{id}"))
}

func TestRequestSizesAreTrue(t *testing.T) {
	const mib = 1 << 20
	read := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) })
	for _, tt := range []struct {
		name     string
		body     int
		declared int64 // 0: as it is
		serve    http.Handler
		want     float64
	}{
		{"no body", 0, 0, read, 0},
		{"declared", 100, 0, read, 100},
		{"declared and not read", 100, 0, testkit.Answer(200), 100},
		{"unknown", 3000, -1, read, 3000},
		{"unknown and not read", 3000, -1, testkit.Answer(200), 0},
		{"large", 2 * mib, 0, read, 2 * mib},
		{"a lie", 10, 1 << 62, read, 10},
	} {
		t.Run(tt.name, func(t *testing.T) {
			reg := engine.NewRegistry()
			r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(strings.Repeat("x", tt.body)))
			if tt.declared != 0 {
				r.ContentLength = tt.declared
			}
			Middleware(reg, ServerConfig{})(tt.serve).ServeHTTP(httptest.NewRecorder(), r)
			p := page(t, reg)
			require.Equal(t, tt.want, p.Value(t, "http_request_size_bytes_sum", "method", "POST", "route", "unmatched"))
			require.Equal(t, 1.0, p.Value(t, "http_request_size_bytes_count", "method", "POST", "route", "unmatched"))
		})
	}
}

func TestResponseSizesCountEveryWayOfWriting(t *testing.T) {
	reg := engine.NewRegistry()
	h := Middleware(reg, ServerConfig{})(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Write(make([]byte, 100))
		io.WriteString(w, strings.Repeat("x", 20))
		n, err := w.(io.ReaderFrom).ReadFrom(strings.NewReader("abc"))
		require.NoError(t, err)
		require.EqualValues(t, 3, n)
	}))
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		h.ServeHTTP(newAllMethods(), httptest.NewRequest(method, "/", nil))
	}
	p := page(t, reg)
	require.Equal(t, 123.0, p.Value(t, "http_response_size_bytes_sum", "method", "GET", "route", "unmatched"))
	require.Equal(t, 0.0, p.Value(t, "http_response_size_bytes_sum", "method", "HEAD", "route", "unmatched"))
	require.Equal(t, 1.0, p.Value(t, "http_response_size_bytes_count", "method", "HEAD", "route", "unmatched"))
}

func TestConcurrentRequestsAreAllCounted(t *testing.T) {
	reg := engine.NewRegistry()
	h := Middleware(reg, ServerConfig{})(testkit.Site())
	const goroutines, rounds = 8, 300
	var group sync.WaitGroup
	for range goroutines {
		group.Go(func() {
			for i := range rounds {
				request(h, http.MethodGet, fmt.Sprintf("/users/%d", i))
				request(h, http.MethodPost, "/users")
				request(h, http.MethodGet, "/panic")
				request(h, fmt.Sprintf("M%d", i), fmt.Sprintf("/%d", i))
			}
		})
	}
	stop := make(chan struct{})
	scraped := make(chan error, 1)
	go func() {
		for {
			select {
			case <-stop:
				scraped <- nil
				return
			default:
				var text strings.Builder
				_, err := reg.Expose(&text, engine.Exposition{})
				if _, parsed := testkit.ParsePage(text.String()); err != nil || parsed != nil {
					scraped <- errors.Join(err, parsed)
					return
				}
			}
		}
	}()
	group.Wait()
	close(stop)
	require.NoError(t, <-scraped)
	const all = goroutines * rounds
	require.Equal(t, map[string]float64{
		`{method="GET",route="/users/{id}"}`: all, `{method="POST",route="/users"}`: all,
		`{method="GET",route="/panic"}`: all, `{method="other",route="unmatched"}`: all,
	}, samples(t, reg, "http_requests_total"))
	require.Equal(t, map[string]float64{
		`{code="200",method="GET",route="/users/{id}"}`: all, `{code="201",method="POST",route="/users"}`: all,
		`{code="404",method="other",route="unmatched"}`: all,
	}, samples(t, reg, "http_responses_total"))
	p := page(t, reg)
	require.Equal(t, float64(all), p.Value(t, "http_panics_total", "method", "GET", "route", "/panic"))
	require.Equal(t, 0.0, p.Value(t, "http_requests_in_flight"))
}

// Tracing between the middleware and the mux hides the patterns. The middleware cannot find them,
// but it can log a warning.
func TestAMiddlewareThatNeverSeesARouteSaysSoOnce(t *testing.T) {
	for _, tt := range []struct {
		name    string
		handler func(reg *engine.Registry) http.Handler
		says    bool
	}{
		{"tracing inside", func(reg *engine.Registry) http.Handler {
			return Middleware(reg, ServerConfig{})(copying(testkit.Site()))
		}, true},
		{"no mux at all", func(reg *engine.Registry) http.Handler {
			return Middleware(reg, ServerConfig{})(testkit.Answer(200))
		}, true},
		{"tracing outside", func(reg *engine.Registry) http.Handler {
			return copying(Middleware(reg, ServerConfig{})(testkit.Site()))
		}, false},
		{"tracing between two", func(reg *engine.Registry) http.Handler {
			return Middleware(reg, ServerConfig{})(copying(Middleware(reg, ServerConfig{})(testkit.Site())))
		}, false},
		{"no routes wanted", func(reg *engine.Registry) http.Handler {
			none := func(*http.Request) string { return "" }
			return Middleware(reg, ServerConfig{Route: none})(copying(testkit.Site()))
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
	h := Middleware(reg, ServerConfig{})(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
	}))
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

// If tracing is between two Middlewares, the context of the inner one has the trace.
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
		"tracing between": func(mw func(http.Handler) http.Handler) http.Handler {
			return mw(tracing(mw(testkit.Site())))
		},
	} {
		t.Run(name, func(t *testing.T) {
			reg := engine.NewRegistry()
			testkit.Get(order(Middleware(reg, ServerConfig{Config: Config{Exemplars: from}})), "/users/1")
			text := openMetrics(t, reg)
			requireExemplar(t, text, `http_responses_total{method="GET",route="/users/{id}",code="200"} 1`)
			requireExemplar(t, text,
				`http_request_duration_seconds_bucket{method="GET",route="/users/{id}",le="0.005"} 1`)
		})
	}
}
