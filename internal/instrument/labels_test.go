// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

// labelValues returns the values of each label of the middleware's series.
func labelValues(t testing.TB, reg *engine.Registry) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	for series := range samples(t, reg, "http_responses_total") {
		for pair := range strings.SplitSeq(strings.Trim(series, "{}"), ",") {
			name, value, ok := strings.Cut(pair, "=")
			require.True(t, ok, series)
			if value = strings.Trim(value, `"`); !slices.Contains(found[name], value) {
				found[name] = append(found[name], value)
			}
		}
	}
	return found
}

// Methods and paths of all kinds, some of them near the routes that there are.
func TestTenThousandRandomMethodsAndPathsMakeAClosedSetOfLabelValues(t *testing.T) {
	reg := engine.NewRegistry()
	h := Middleware(reg, ServerConfig{ExcludedPaths: []string{}})(testkit.Site())
	random := rand.New(rand.NewPCG(1, 2))
	letters := func(n int, of string) string {
		b := make([]byte, 1+random.IntN(n))
		for i := range b {
			b[i] = of[random.IntN(len(of))]
		}
		return string(b)
	}
	prefixes := []string{"/", "/users/", "/any/", "/slash/", "/users", "//", "/../", "/slash/%7Bx%7D/"}
	const requests = 10_000
	for i := range requests {
		method := letters(8, "ABCDEFGHIJKLMNOPQRSTUVWXYZabc-_!")
		if i%2 == 0 {
			method = methods[random.IntN(len(methods)-1)]
		}
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Method = method
		r.URL = &url.URL{Path: prefixes[random.IntN(len(prefixes))] + letters(12, "abcdefgh0123456789/%. \n\"\\\xff{}")}
		r.Host = letters(10, "abc.:")
		require.NotContains(t, []any{"no", http.ErrAbortHandler}, func() (reason any) {
			defer func() { reason = recover() }()
			h.ServeHTTP(httptest.NewRecorder(), r)
			return nil
		}())
	}
	values := labelValues(t, reg)
	require.ElementsMatch(t, methods[:], values["method"])
	require.Subset(t, []string{unmatchedRoute, "/users/{id}", "/users", "/any/", "/slash/{x}/"}, values["route"])
	require.Len(t, values["route"], 5-1, "all of them but POST /users are found by chance")
	require.Subset(t, []string{"200", "201", "202", "307", "404", "405"}, values["code"])

	total := 0.0
	for _, n := range samples(t, reg, "http_requests_total") {
		total += n
	}
	require.EqualValues(t, requests, total, "nothing is lost")
}

// If ServeMux redirects a CONNECT request, it reports the client's path as the pattern.
func TestPathsOfRedirectedConnectsAreNoRoutes(t *testing.T) {
	reg := engine.NewRegistry()
	mux := testkit.Site()
	mux.HandleFunc("/tunnel", testkit.Answer(http.StatusOK))
	s := testkit.Serve(t, Middleware(reg, ServerConfig{})(mux))
	for _, target := range []string{"/slash/1", "/slash/2", "/slash/%20x", "/tunnel"} {
		conn := testkit.Dial(t, s, fmt.Sprintf("CONNECT %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", target))
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err)
		resp.Body.Close()
	}
	s.Close()
	require.Equal(t, map[string]float64{
		`{method="CONNECT",route="unmatched"}`: 3, `{method="CONNECT",route="/tunnel"}`: 1,
	}, samples(t, reg, "http_requests_total"))
}

// pathOf is a route function that no program should have.
func pathOf(r *http.Request) string { return r.URL.Path }

func TestARouteFuncCannotMakeMoreRoutesThanThereIsRoomFor(t *testing.T) {
	reg := engine.NewRegistry()
	h := Middleware(reg, ServerConfig{Route: pathOf, AioprometheusNames: true})(testkit.Answer(200))
	for i := range maxRoutes + 100 {
		testkit.Get(h, fmt.Sprintf("/%d", i))
	}
	long := "/" + strings.Repeat("x", 5000)
	testkit.Get(h, long)
	found := samples(t, reg, "requests_total_counter")
	require.Len(t, found, maxRoutes+1)
	require.Equal(t, 101.0, found[`{method="GET",path="`+engine.OverflowValue+`"}`])
	testkit.Get(h, "/0")
	require.Equal(t, 2.0, samples(t, reg, "requests_total_counter")[`{method="GET",path="/0"}`])
}

// The second of two goroutines that miss a route comes to addRoute when the first has taken the
// last room.
func TestTheLastRouteThatThereIsRoomForIsAddedOnce(t *testing.T) {
	e := newServer(engine.NewRegistry(), "Adapter", ServerConfig{}).endpoints
	routes := map[*routeEndpoints]bool{}
	for i := range maxRoutes {
		pattern := fmt.Sprintf("/%d", i)
		routes[e.addRoute(pattern)] = true
		require.NotSame(t, e.overflow, e.addRoute(pattern), pattern)
	}
	require.Len(t, routes, maxRoutes)
	require.Same(t, e.overflow, e.addRoute("/more"))
}

func TestLongRoutesAreCut(t *testing.T) {
	reg := engine.NewRegistry()
	h := Middleware(reg, ServerConfig{Route: pathOf})(testkit.Answer(200))
	long := "/" + strings.Repeat("x", 5000)
	testkit.Get(h, long)
	testkit.Get(h, long+"y")
	require.Equal(t, map[string]float64{`{method="GET",route="` + long[:engine.MaxLabelValue] + `"}`: 2},
		samples(t, reg, "http_requests_total"))
}

func TestRouteLabelsArePatternsWithoutTheirMethod(t *testing.T) {
	for pattern, want := range map[string]string{
		"":                          "unmatched",
		"/":                         "/",
		"GET /":                     "/",
		"GET \t /users/{id}":        "/users/{id}",
		"example.com/":              "example.com/",
		"POST example.com/x/{y...}": "example.com/x/{y...}",
		"/with space/x":             "/with space/x",
		"list users":                "list users",
		"UserService.List":          "UserService.List",
		" x":                        " x",
	} {
		require.Equal(t, want, routeLabel(pattern), "%q", pattern)
	}
}

// FuzzMiddlewareLabels checks that for any request line and code the labels are from the closed
// sets, and the page can be read.
func FuzzMiddlewareLabels(f *testing.F) {
	for _, seed := range []struct {
		method, host, path string
		code               int
	}{
		{"GET", "example.com", "/users/1", 200},
		{"get", "", "/users/1/", 99},
		{"CONNECT", "example.com:443", "/slash/1", 1000},
		{"CONNECT", "x", "", 0},
		{"OPTIONS", "", "*", 599},
		{"\xff\n\"} 1", "\x00", "/%zz/\n", -1},
		{"PROPFIND", "a/b", "//any/../users", 600},
		{"", "", "", 101},
	} {
		f.Add(seed.method, seed.host, seed.path, seed.code)
	}
	f.Fuzz(func(t *testing.T, method, host, path string, code int) {
		reg := engine.NewRegistry()
		mux := testkit.Site()
		mux.HandleFunc("/code/", testkit.Answer(code))
		h := Middleware(reg, ServerConfig{ExcludedPaths: []string{}})(mux)
		for _, p := range []string{path, "/slash/" + path, "/code/" + path, "/code/"} {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Method, r.Host, r.URL = method, host, &url.URL{Path: p}
			func() {
				defer func() { _ = recover() }() // some routes panic, and so does a recorder on a bad code
				h.ServeHTTP(httptest.NewRecorder(), r)
			}()
		}
		routes := []string{unmatchedRoute, "/users/{id}", "/users", "/any/", "/slash/{x}/",
			"example.com/hosted", "/panic", "/abort", "/late-panic", "/code/"}
		values := labelValues(t, reg)
		require.Subset(t, routes, values["route"])
		require.Subset(t, methods[:], values["method"])
		for _, code := range values["code"] {
			require.Regexp(t, `^([1-5]\d\d|other)$`, code)
		}
		require.Equal(t, 0.0, page(t, reg).Value(t, "http_requests_in_flight"))
	})
}
