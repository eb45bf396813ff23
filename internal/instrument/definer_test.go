// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

func TestTwoMiddlewaresWithOtherConstantLabelsShareARegistry(t *testing.T) {
	reg := engine.NewRegistry()
	for i, server := range []string{"back", "front"} {
		mux := http.NewServeMux()
		mux.HandleFunc("/x", testkit.Answer(http.StatusOK))
		h := Middleware(reg, ServerConfig{Config: Config{ConstLabels: engine.Labels{"server": server}}})(mux)
		for range i + 1 {
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/x", nil))
		}
	}
	require.Equal(t, map[string]float64{
		`{code="200",method="GET",route="/x",server="back"}`:  1,
		`{code="200",method="GET",route="/x",server="front"}`: 2,
	}, samples(t, reg, "http_responses_total"))
	p := page(t, reg)
	require.Equal(t, 0.0, p.Value(t, "http_requests_in_flight", "server", "front"))
}

func TestTwoRoundTrippersWithOtherConstantLabelsShareARegistry(t *testing.T) {
	reg := engine.NewRegistry()
	s := testkit.Serve(t, http.HandlerFunc(testkit.Answer(http.StatusOK)))
	for i, backend := range []string{"search", "users"} {
		config := Config{ConstLabels: engine.Labels{"backend": backend}}
		client := &http.Client{Transport: RoundTripper(nil, reg, config)}
		for range i + 1 {
			resp, err := client.Get(s.URL)
			require.NoError(t, err)
			resp.Body.Close()
		}
	}
	require.Equal(t, map[string]float64{`{backend="search",code="200",method="GET"}`: 1,
		`{backend="users",code="200",method="GET"}`: 2},
		samples(t, reg, "http_client_requests_total"))
}

func TestAMiddlewareThatClashesNamesTheLineOfTheFirstDefinition(t *testing.T) {
	reg := engine.NewRegistry()
	Middleware(reg, ServerConfig{})
	err := panicError(t, func() { Middleware(reg, ServerConfig{Config: Config{DurationBuckets: []float64{1}}}) })
	require.ErrorIs(t, err, engine.ErrTaken)
	require.Regexp(t, `buckets differ: .* in the first definition, at \S*definer_test\.go:\d+$`, err.Error())
}

func panicError(t *testing.T, f func()) (err error) {
	t.Helper()
	defer func() { err, _ = recover().(error) }()
	f()
	return nil
}

func TestMiddlewaresOfOneRegistryShareTheirMetrics(t *testing.T) {
	reg := engine.NewRegistry()
	testkit.Get(Middleware(reg, ServerConfig{})(testkit.Site()), "/users/1")
	testkit.Get(Middleware(reg, ServerConfig{})(testkit.Site()), "/users/2")
	require.Equal(t, map[string]float64{`{method="GET",route="/users/{id}"}`: 2},
		samples(t, reg, "http_requests_total"))
}
