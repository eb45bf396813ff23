// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

func do(h http.Handler, method, target, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, target, strings.NewReader(body)))
	return w
}

func page(t *testing.T, h http.Handler) *testkit.Page {
	w := do(h, http.MethodGet, "/metrics", "")
	require.Equal(t, http.StatusOK, w.Code)
	p, err := testkit.ParsePage(w.Body.String())
	require.NoError(t, err)
	return p
}

func TestRoutesDoTheirWork(t *testing.T) {
	h := newService().server.Handler
	for _, test := range []struct {
		method, target, body string
		code                 int
		answer               string
	}{
		{"POST", "/analyze", `{"text": "so much so Much depends"}`, 200,
			`{"bytes":23,"words":5,"unique":3,"top":[{"word":"much","count":2},{"word":"so","count":2},` +
				`{"word":"depends","count":1}]}` + "\n"},
		{"POST", "/analyze", `{"text": ""}`, 200, `{"bytes":0,"words":0,"unique":0,"top":null}` + "\n"},
		{"POST", "/analyze", `{`, 400, "want {\"text\": \"...\"}\n"},
		{"POST", "/analyze", strings.Repeat("x", maxBody+1), 413, "the body is too large\n"},
		{"POST", "/digest", "abc", 200, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n"},
		{"GET", "/kv/a", "", 404, "no such key\n"},
		{"PUT", "/kv/a", "one", 201, ""},
		{"PUT", "/kv/a", "two", 204, ""},
		{"GET", "/kv/a", "", 200, "two"},
		{"DELETE", "/kv/a", "", 204, ""},
		{"DELETE", "/kv/a", "", 404, "no such key\n"},
		{"GET", "/orders/1", "", 200, `{"id":1,"lines":[{"article":"article-31","quantity":1,"cents":101},` +
			`{"article":"article-32","quantity":2,"cents":102}],"total_cents":305}` + "\n"},
		{"GET", "/orders/5", "", 404, "no such order\n"},
		{"GET", "/orders/x", "", 400, "an order has a number\n"},
		{"GET", "/nowhere", "", 404, "404 page not found\n"},
		{"GET", "/digest", "", 405, "Method Not Allowed\n"},
	} {
		w := do(h, test.method, test.target, test.body)
		require.Equal(t, test.code, w.Code, test)
		require.Equal(t, test.answer, w.Body.String(), test)
	}
}

func TestBackendFailsAtTimes(t *testing.T) {
	h := newService().server.Handler
	failed := 0
	for range 100 {
		if w := do(h, "GET", "/orders/1", ""); w.Code == http.StatusInternalServerError {
			failed++
		}
	}
	require.Equal(t, 2, failed)
	require.Equal(t, 2.0, page(t, h).Value(t, "http_requests_total", "method", "GET", "route", "/orders/{id}", "code", "500"))
}

func TestStoreIsBounded(t *testing.T) {
	s := newService()
	for i := range maxKeys {
		require.Equal(t, http.StatusCreated, do(s.server.Handler, "PUT", "/kv/"+strconv.Itoa(i), "v").Code)
	}
	require.Equal(t, http.StatusInsufficientStorage, do(s.server.Handler, "PUT", "/kv/one-more", "v").Code)
	require.Equal(t, http.StatusNoContent, do(s.server.Handler, "PUT", "/kv/0", "longer").Code)
	p := page(t, s.server.Handler)
	require.Equal(t, float64(maxKeys), p.Value(t, "kv_keys"))
	require.Equal(t, float64(maxKeys+5), p.Value(t, "kv_bytes"))
}

func TestSeriesBeginAtZero(t *testing.T) {
	s := newService()
	p := page(t, s.server.Handler)
	require.Equal(t, []string{"/analyze", "/digest", "/gzip", "/kv/{key}", "/orders/{id}", unmatched}, s.routes)
	for _, route := range s.routes {
		require.Zero(t, p.Value(t, "http_request_duration_seconds_count", "route", route))
	}
}

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

// instrumented is a handler behind the middleware of the service.
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

// BenchmarkRequest is what the metrics add to a request: compare bare with instrumented.
func BenchmarkRequest(b *testing.B) {
	routes := http.NewServeMux()
	routes.HandleFunc("GET /thing/{id}", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
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
