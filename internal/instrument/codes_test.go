// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

func TestCodesAreLabels(t *testing.T) {
	for code, want := range map[int][2]string{
		99: {"other", "other"}, 100: {"100", "1xx"}, 204: {"204", "2xx"}, 499: {"499", "4xx"}, 599: {"599", "5xx"},
		600: {"other", "other"}, 0: {"other", "other"}, -1: {"other", "other"}, 1000: {"other", "other"},
	} {
		require.Equal(t, want, [2]string{labelOfCode(code, false).String(), labelOfCode(code, true).String()}, code)
	}
	require.Equal(t, "error", noResponse.String())
}

// A client chooses methods, paths and codes, as far as the program lets it; then the server fails.
func TestServerErrorsAreFoundUnderTheirRouteWhateverAClientDid(t *testing.T) {
	const routes = 250
	failing := false
	mux := http.NewServeMux()
	for i := range routes {
		pattern := fmt.Sprintf("/route%d/{id}", i)
		if i%2 == 0 {
			pattern = "GET " + pattern
		}
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if failing {
				w.WriteHeader(http.StatusInternalServerError)
				return
			}
			code, err := strconv.Atoi(r.URL.Query().Get("code")) // a proxy whose backend the client chooses
			if err != nil {
				t.Error(err)
			}
			w.WriteHeader(code)
		})
	}
	for name, tt := range map[string]struct {
		config ServerConfig
		metric string
		labels string
	}{
		"default": {ServerConfig{}, "http_responses_total", `{code="500",method="GET",route="/route%d/{id}"}`},
		"aioprometheus": {ServerConfig{AioprometheusNames: true}, "status_codes_counter",
			`{method="GET",path="/route%d/{id}",status_code="500"}`},
	} {
		t.Run(name, func(t *testing.T) {
			reg := engine.NewRegistry()
			h := Middleware(reg, tt.config)(mux)
			w := testkit.NewSink()
			failing = false
			for i := range routes {
				for _, method := range append(methods[:], "HOSTILE", "get") {
					for code := 200; code < 600; code += 41 {
						r := httptest.NewRequest(method, fmt.Sprintf("/route%d/x?code=%d", i, code), nil)
						h.ServeHTTP(w, r)
					}
				}
			}
			failing = true
			for i := range 1000 {
				h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, fmt.Sprintf("/route%d/x", i%routes), nil))
			}
			found := samples(t, reg, tt.metric)
			for i := range routes {
				require.Equal(t, 4.0, found[fmt.Sprintf(tt.labels, i)], i)
			}
			for series := range found {
				require.NotContains(t, series, engine.OverflowValue)
			}
			require.Greater(t, len(found), engine.DefaultMaxSeries, "else the test would prove nothing")
		})
	}
}

// A route that passes on any code has series for a few codes and for the classes. Server errors
// always have their own.
func TestCodesThatAClientChoosesDoNotHideServerErrors(t *testing.T) {
	reg := engine.NewRegistry()
	h := Middleware(reg, ServerConfig{})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		code, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/"))
		if err != nil {
			t.Error(err)
		}
		w.WriteHeader(code)
	}))
	var clients sync.WaitGroup
	for range 4 {
		clients.Go(func() {
			for code := 599; code >= 200; code-- {
				h.ServeHTTP(testkit.NewSink(), httptest.NewRequest(http.MethodGet, fmt.Sprint("/", code), nil))
			}
		})
	}
	clients.Wait()
	found := samples(t, reg, "http_responses_total")
	for code := 500; code <= 511; code++ {
		require.Equal(t, 4.0, found[fmt.Sprintf(`{code="%d",method="GET",route="unmatched"}`, code)])
	}
	total := 0.0
	for n := range maps.Values(found) {
		total += n
	}
	require.Equal(t, 4.0*400, total, "nothing is lost")
	require.LessOrEqual(t, len(found), maxCodeLabels)
	require.Equal(t, 400.0, found[`{code="2xx",method="GET",route="unmatched"}`])
}

// Route may return a pattern whose method is not the request's.
func TestARouteWithAMethodIsCountedUnderThatMethodOnly(t *testing.T) {
	reg := engine.NewRegistry()
	h := Middleware(reg, ServerConfig{Route: func(*http.Request) string { return "GET /things" }})(testkit.Answer(200))
	for _, method := range append(methods[:], "HOSTILE") {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(method, "/", nil))
	}
	require.Equal(t, map[string]float64{
		`{method="GET",route="/things"}`: 1, `{method="HEAD",route="/things"}`: 1,
		`{method="other",route="/things"}`: float64(len(methods)-2) + 1,
	}, samples(t, reg, "http_requests_total"))
}
