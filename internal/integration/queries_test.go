// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export"
	"github.com/quipu-metrics/quipu/histogram"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

// TestQueriesOfTheGuideHaveAnswers asks a real Prometheus, which scrapes servers with the
// middleware of this project, all PromQL expressions of docs. Each must have an answer
// that is a number above 0, and where it follows from the requests, that number.
func TestQueriesOfTheGuideHaveAnswers(t *testing.T) {
	testkit.Require(t, "prometheus")
	testkit.Baseline(t)
	classic := startInstrumented(t)
	native := startInstrumented(t, export.WithNativeHistograms(histogram.NativeDefaults()))

	// Before the first scrape all series exist and have received as much as they receive later. So
	// all rates are extrapolated alike, and their ratios are exact.
	round := func() {
		classic.round(t)
		native.round(t)
	}
	round()
	p := testkit.StartPrometheus(t, fmt.Sprintf(`global:
  scrape_interval: 500ms
  scrape_timeout: 500ms
scrape_configs:
  - job_name: service
    static_configs:
      - targets: [%q, %q]
`, classic.server.Listener.Addr(), native.server.Listener.Addr()), "--enable-feature=native-histograms")
	scraped := func() {
		began := time.Now()
		testkit.Poll(t, 30*time.Second, func() error {
			up := p.Query("up * timestamp(up)")
			for _, s := range up {
				if s.Point.Value <= float64(began.UnixMilli())/1000 {
					return fmt.Errorf("no scrape since %v: %v, targets %v", began, s, p.Targets())
				}
			}
			if len(up) != 2 {
				return fmt.Errorf("not all targets are there: %v", up)
			}
			return nil
		})
	}
	scraped()
	round()
	scraped()

	// By the beginning of the comment, and by series.
	want := map[string]map[string]float64{
		"The share of requests that ended in a server error": {`{route="/orders/{id}"}`: 0.3},
		"The same, with 0 for routes": {
			`{route="/orders/{id}"}`: 0.3, `{route="/users/{id}"}`: 0, `{route="/panic"}`: 0,
		},
		"The share of requests sent that got a server error or no response": {`{}`: (2*3.0 + 2) / (2*20 + 2)},
	}
	queries := testkit.ReadPromQL(t, "../../docs")
	require.NotEmpty(t, queries)
	for _, q := range queries {
		highest := 0.0
		for _, s := range p.Query(q.Query) {
			require.True(t, s.Point.Value >= 0 && s.Point.Value < 1000, "%s: %v", q.Query, s) // and not NaN
			highest = max(highest, s.Point.Value)
		}
		require.Positive(t, highest, q.Query)
		for comment, values := range want {
			if !strings.HasPrefix(q.Comment, comment) {
				continue
			}
			delete(want, comment)
			got := p.Values(q.Query)
			require.Len(t, got, len(values), q.Query)
			for series, value := range values {
				require.Contains(t, got, series, q.Query)
				require.InDelta(t, value, got[series], 1e-9, "%s: %s", q.Query, series)
			}
		}
	}
	require.Empty(t, want, "these are not in the guide any more")
}

// instrumented is a server and a client with metrics in one registry.
type instrumented struct {
	server *httptest.Server
	client *http.Client
	wrong  *engine.Counter
}

func startInstrumented(t *testing.T, opts ...export.InstrumentOption) *instrumented {
	reg := engine.NewRegistry()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /users/{id}", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /orders/{id}", func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.PathValue("id"), "bad") {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("GET /panic", func(http.ResponseWriter, *http.Request) { panic("of the test") })
	mux.Handle("GET /metrics", export.Handler(reg))
	released := make(chan struct{})
	mux.HandleFunc("GET /wait", func(http.ResponseWriter, *http.Request) { <-released })

	var middlewareOptions []export.MiddlewareOption
	var clientOptions []export.RoundTripperOption
	for _, opt := range opts {
		middlewareOptions, clientOptions = append(middlewareOptions, opt), append(clientOptions, opt)
	}
	server := httptest.NewUnstartedServer(export.Middleware(reg, middlewareOptions...)(mux))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // the panics
	server.Start()
	transport := new(http.Transport)
	client := &http.Client{Transport: export.RoundTripper(transport, reg, clientOptions...)}
	wrong, err := reg.NewCounter("wrong_total", "Decremented.")
	require.NoError(t, err)

	var waiting sync.WaitGroup // one request is in flight until the test is over
	waiting.Go(func() {
		if response, err := client.Get(server.URL + "/wait"); err == nil {
			response.Body.Close()
		}
	})
	t.Cleanup(func() {
		close(released)
		waiting.Wait()
		transport.CloseIdleConnections()
		server.Close()
	})
	return &instrumented{server, client, wrong}
}

// round sends 10 requests to each of two routes, of which 3 fail at the second, and one to a
// handler that panics. It misuses a metric once.
func (s *instrumented) round(t *testing.T) {
	for i := range 10 {
		s.get(t, "/users/7", http.StatusOK)
		if i < 3 {
			s.get(t, "/orders/bad", http.StatusServiceUnavailable)
		} else {
			s.get(t, "/orders/7", http.StatusOK)
		}
	}
	_, err := s.client.Get(s.server.URL + "/panic")
	require.Error(t, err)
	s.wrong.Add(-1)
}

func (s *instrumented) get(t *testing.T, path string, code int) {
	response, err := s.client.Get(s.server.URL + path)
	require.NoError(t, err)
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	require.NoError(t, err)
	require.Equal(t, code, response.StatusCode)
}
