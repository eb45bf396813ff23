// SPDX-License-Identifier: Apache-2.0

package export_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export"
)

// users returns a mux with one route.
func users() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /users/{id}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "Hello,", r.PathValue("id"))
	})
	return mux
}

// visit serves requests for some paths.
func visit(h http.Handler, paths ...string) {
	for _, path := range paths {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path, nil))
	}
}

// showSeries prints the lines of a registry's page that begin with a prefix.
func showSeries(reg *engine.Registry, prefix string) {
	var page strings.Builder
	if _, err := export.Render(&page, reg, ""); err != nil {
		fmt.Println(err)
	}
	for line := range strings.Lines(page.String()) {
		if strings.HasPrefix(line, prefix) {
			fmt.Print(line)
		}
	}
}

func ExampleMiddleware() {
	reg := engine.NewRegistry()
	mux := users()
	mux.Handle("/metrics", export.Handler(reg))
	handler := export.Middleware(reg)(mux) // for http.ListenAndServe

	visit(handler, "/users/alice", "/users/bob", "/admin.php", "/metrics")
	showSeries(reg, "http_responses_total")
	showSeries(reg, "http_response_size_bytes_sum")
	// Output:
	// http_responses_total{method="GET",route="/users/{id}",code="200"} 2
	// http_responses_total{method="GET",route="unmatched",code="404"} 1
	// http_response_size_bytes_sum{method="GET",route="/users/{id}"} 24
	// http_response_size_bytes_sum{method="GET",route="unmatched"} 19
}

func ExampleMiddlewareOption() {
	reg := engine.NewRegistry()
	mux := users()
	handler := export.Middleware(reg,
		export.WithExcludePaths("/healthz"),
		export.WithGroupStatusCodes(),
		export.WithConstLabels(engine.Labels{"server": "front"}),
		export.WithDurationBuckets(.001, .01, .1, 1),
	)(mux)
	visit(handler, "/users/alice", "/nowhere", "/healthz")
	showSeries(reg, "http_responses_total")
	// Output:
	// http_responses_total{method="GET",route="/users/{id}",code="2xx",server="front"} 1
	// http_responses_total{method="GET",route="unmatched",code="4xx",server="front"} 1
}

func ExampleWithAioprometheusNames() {
	reg := engine.NewRegistry()
	visit(export.Middleware(reg, export.WithAioprometheusNames())(users()), "/users/alice")
	for _, name := range []string{"requests", "responses", "exceptions", "status"} {
		showSeries(reg, name)
	}
	// Output:
	// requests_total_counter{method="GET",path="/users/{id}"} 1
	// responses_total_counter{method="GET",path="/users/{id}"} 1
	// exceptions_total_counter{method="GET",path="/users/{id}"} 0
	// status_codes_counter{method="GET",path="/users/{id}",status_code="200"} 1
}

// A handler between the middleware and the mux may pass on a copy of the request, as
// http.StripPrefix does. A function can still ask the mux.
func ExampleWithRouteFunc() {
	reg := engine.NewRegistry()
	mux := users()
	handler := export.Middleware(reg, export.WithRouteFunc(func(r *http.Request) string {
		asked := r.Clone(r.Context())
		asked.URL.Path = strings.TrimPrefix(r.URL.Path, "/api")
		_, pattern := mux.Handler(asked)
		return pattern
	}))(http.StripPrefix("/api", mux))
	visit(handler, "/api/users/alice")
	showSeries(reg, "http_requests_total")
	// Output: http_requests_total{method="GET",route="/users/{id}"} 1
}

func ExampleInstrumentOption() {
	reg := engine.NewRegistry()
	tenantOf := func(r *http.Request) string { return r.Header.Get("X-Tenant") }
	tenant := export.WithLabelFunc("tenant", tenantOf, "acme", "initech")
	handler := export.Middleware(reg, tenant)(users())
	for _, name := range []string{"acme", "acme", "somebody else"} {
		r := httptest.NewRequest(http.MethodGet, "/users/alice", nil)
		r.Header.Set("X-Tenant", name)
		handler.ServeHTTP(httptest.NewRecorder(), r)
	}
	showSeries(reg, "http_requests_total")
	// Output:
	// http_requests_total{method="GET",route="/users/{id}",tenant="acme"} 2
	// http_requests_total{method="GET",route="/users/{id}",tenant="other"} 1
}

// Requests of the health checks of a load balancer are no traffic of users.
func ExampleWithSkip() {
	reg := engine.NewRegistry()
	isCheck := func(r *http.Request) bool { return r.URL.Path == "/healthz" }
	handler := export.Middleware(reg, export.WithSkip(isCheck))(users())
	visit(handler, "/users/alice", "/healthz", "/healthz")
	showSeries(reg, "http_responses_total")
	// Output: http_responses_total{method="GET",route="/users/{id}",code="200"} 1
}
