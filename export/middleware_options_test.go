// SPDX-License-Identifier: Apache-2.0

package export

import (
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

func TestExcludedPathsAreServedAndNotCounted(t *testing.T) {
	original := []string{
		"/metrics", "/metrics/", "/docs", "/openapi.json", "/docs/oauth2-redirect", "/redoc", "/favicon.ico",
	}
	for _, tt := range []struct {
		name    string
		opts    []MiddlewareOption
		counted map[string]bool
	}{
		{"default", nil, map[string]bool{"/": true, "/metrics": false, "/metrics2": true, "/metrics/": true,
			"/docs": true, "/openapi.json": true, "/docs/oauth2-redirect": true, "/redoc": true, "/favicon.ico": true}},
		{"aioprometheus", []MiddlewareOption{WithAioprometheusNames()},
			map[string]bool{"/": true, "/x": true, "/metrics2": true, "/DOCS": true}},
		{"aioprometheus and own", []MiddlewareOption{WithExcludePaths("/x"), WithAioprometheusNames()},
			map[string]bool{"/x": false, "/docs": true}},
		{"own", []MiddlewareOption{WithExcludePaths("/x", "/y")},
			map[string]bool{"/": true, "/metrics": true, "/x": false}},
		{"none", []MiddlewareOption{WithExcludePaths()}, map[string]bool{"/metrics": true, "/favicon.ico": true}},
		{"skip", []MiddlewareOption{WithSkip(func(r *http.Request) bool {
			return strings.HasPrefix(r.URL.Path, "/in")
		})},
			map[string]bool{"/": true, "/internal": false, "/metrics": false}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.name == "aioprometheus" {
				for _, path := range original {
					tt.counted[path] = false
				}
			}
			for path, counted := range tt.counted {
				reg := engine.NewRegistry()
				h := Middleware(reg, tt.opts...)(testkit.Answer(http.StatusTeapot))
				require.Equal(t, http.StatusTeapot, testkit.Get(h, path).Code)
				name := "http_requests_total"
				if strings.HasPrefix(tt.name, "aioprometheus") {
					name = "requests_total_counter"
				}
				require.Equal(t, counted, len(samples(t, reg, name)) == 1, path)
			}
		})
	}
}

func TestAioprometheusNamesAreItsFourMetricsAndNothingElse(t *testing.T) {
	reg := engine.NewRegistry()
	h := Middleware(reg, WithAioprometheusNames())(testkit.Site())
	testkit.Get(h, "/users/1")
	testkit.Get(h, "/nowhere")
	require.PanicsWithValue(t, "no", func() { testkit.Get(h, "/panic") })

	families := maps.Clone(page(t, reg).Types)
	maps.DeleteFunc(families, func(name, _ string) bool { return strings.HasPrefix(name, "quipu_") })
	require.Equal(t, map[string]string{
		"requests_total_counter": "counter", "responses_total_counter": "counter",
		"exceptions_total_counter": "counter", "status_codes_counter": "counter",
	}, families)
	require.Equal(t, map[string]float64{
		`{method="GET",path="/users/{id}"}`: 1, `{method="GET",path="unmatched"}`: 1, `{method="GET",path="/panic"}`: 1,
	}, samples(t, reg, "requests_total_counter"))
	require.Equal(t, map[string]float64{
		`{method="GET",path="/users/{id}"}`: 1, `{method="GET",path="unmatched"}`: 1, `{method="GET",path="/panic"}`: 0,
	}, samples(t, reg, "responses_total_counter"))
	require.Equal(t, map[string]float64{
		`{method="GET",path="/users/{id}"}`: 0, `{method="GET",path="unmatched"}`: 0, `{method="GET",path="/panic"}`: 1,
	}, samples(t, reg, "exceptions_total_counter"))
	require.Equal(t, map[string]float64{
		`{method="GET",path="/users/{id}",status_code="200"}`: 1,
		`{method="GET",path="unmatched",status_code="404"}`:   1,
	}, samples(t, reg, "status_codes_counter"))
}
