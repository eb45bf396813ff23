// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
	"github.com/quipu-metrics/quipu/metricdoc"
)

func TestWhatClientsSendMakesNoNewLabelValues(t *testing.T) {
	h := newService().server.Handler
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 1000 {
		do(h, fmt.Sprintf("M%d", random.Uint32()), fmt.Sprintf("/%d/%d", i, random.Uint32()), "")
		do(h, "GET", fmt.Sprintf("/kv/%d", random.Uint32()), "")
	}
	p := page(t, h)
	require.Equal(t, 1000.0, p.Value(t, "http_requests_total", "method", "other", "route", unmatched, "code", "404"))
	require.Equal(t, 1000.0, p.Value(t, "http_requests_total", "method", "GET", "route", "/kv/{key}", "code", "404"))
	require.Equal(t, 2, strings.Count(p.Text, "\nhttp_requests_total{"))
}

// instrumented returns a handler with the metrics of the service around it.
func instrumented(handler http.HandlerFunc) (http.Handler, *engine.Registry) {
	reg := engine.NewRegistry()
	routes := http.NewServeMux()
	routes.HandleFunc("/", handler)
	return newMetrics(reg).instrument(routes), reg
}

func TestMiddlewareSeesTheCode(t *testing.T) {
	for name, test := range map[string]struct {
		handler http.HandlerFunc
		code    string
	}{
		"silent": {func(http.ResponseWriter, *http.Request) {}, "200"},
		"body":   {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "x") }, "200"},
		"code":   {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(418) }, "418"},
		"twice": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "x")
			w.WriteHeader(500)
		}, "200"},
		"early hints": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(201)
		}, "201"},
		"panic":      {func(http.ResponseWriter, *http.Request) { panic("a bug") }, "500"},
		"late panic": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(202); panic("a bug") }, "202"},
		"flush": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(203)
			if http.NewResponseController(w).Flush() != nil {
				panic("the middleware hides Flush")
			}
		}, "203"},
	} {
		h, reg := instrumented(test.handler)
		func() {
			defer func() {
				require.Equal(t, strings.Contains(name, "panic"), recover() != nil, "%s: panics are passed on", name)
			}()
			do(h, "GET", "/", "")
		}()
		var text strings.Builder
		_, err := reg.Expose(&text, engine.Exposition{})
		require.NoError(t, err)
		p, err := testkit.ParsePage(text.String())
		require.NoError(t, err)
		require.Equal(t, 1.0, p.Value(t, "http_requests_total", "method", "GET", "route", "/", "code", test.code), name)
		require.Equal(t, 1, strings.Count(p.Text, "\nhttp_requests_total{"), name)
		require.Zero(t, p.Value(t, "http_requests_in_flight"), name)
	}
}

// BenchmarkRequest measures the cost of the metrics: the difference between instrumented and bare.
func BenchmarkRequest(b *testing.B) {
	routes := http.NewServeMux()
	routes.HandleFunc("GET /thing/{id}", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNoContent)
	})
	for name, h := range map[string]http.Handler{
		"bare":         routes,
		"instrumented": newMetrics(engine.NewRegistry()).instrument(routes),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			r := httptest.NewRequest(http.MethodGet, "/thing/1", nil)
			w := nowhere{}
			for b.Loop() {
				h.ServeHTTP(w, r)
			}
		})
	}
}

// The reference of the metrics, a dashboard and rules for them are in testdata. QUIPU_UPDATE=1 go
// test ./examples/hotpath writes them.
func TestReferenceDashboardAndRulesAreThoseOfTheMetrics(t *testing.T) {
	reg := newService().registry
	metricdoc.Golden(t, reg, "testdata/metrics.md")

	metrics := metricdoc.FromRegistry(reg).Without("quipu_")
	var objectives []metricdoc.Objective
	for _, text := range []string{
		"http_request_duration_seconds<0.1024:99.9", `http_requests_total{code=~"5.."}/http_requests_total:99`,
	} {
		o, err := metricdoc.ParseObjective(text)
		require.NoError(t, err)
		objectives = append(objectives, o)
	}
	rules, warnings, err := metrics.Rules(objectives...)
	require.NoError(t, err)
	require.Empty(t, warnings)
	for file, text := range map[string][]byte{
		"testdata/dashboard.json": metrics.Dashboard("Hotpath"), "testdata/rules.yml": rules,
	} {
		if os.Getenv(metricdoc.UpdateVariable) != "" {
			require.NoError(t, os.WriteFile(file, text, 0o644))
		}
		want, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Equal(t, string(want), string(text), file)
	}
	require.Empty(t, metrics.Lint())
}
