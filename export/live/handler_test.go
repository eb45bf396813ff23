// SPDX-License-Identifier: Apache-2.0

package live

import (
	"context"
	"encoding/json"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

func TestThePageAndItsPartsAreServedUnderAnyPrefix(t *testing.T) {
	h := Handler(engine.NewRegistry(), WithRemote(true))
	files, err := fs.Glob(web, "web/*")
	require.NoError(t, err)
	for _, prefix := range []string{"/", "/live/", "/debug/metrics/live/"} {
		for _, file := range append(files, "web/") {
			w := testkit.Get(h, prefix+strings.TrimPrefix(file, "web/"))
			require.Equal(t, http.StatusOK, w.Code, file)
			require.NotEmpty(t, w.Header().Get("Content-Type"), file)
			require.NotEmpty(t, w.Body.String(), file)
		}
		for _, file := range []string{"none.js", "web", "..", "index", "main.js.map"} {
			require.Equal(t, http.StatusNotFound, testkit.Get(h, prefix+file).Code, file)
		}
	}
}

func TestEveryAnswerForbidsWhatThePageDoesNotNeed(t *testing.T) {
	h := Handler(engine.NewRegistry(), WithRemote(true))
	for _, path := range []string{"/", "/main.js", "/settings.json", "/find.json", "/none", "/events"} {
		header := testkit.Get(h, path).Header()
		require.Equal(t, policy, header.Get("Content-Security-Policy"), path)
		require.Contains(t, policy, "default-src 'self'")
		require.NotContains(t, policy, "unsafe")
		require.Equal(t, "nosniff", header.Get("X-Content-Type-Options"), path)
		require.Equal(t, "no-referrer", header.Get("Referrer-Policy"), path)
		require.Equal(t, "no-store", header.Get("Cache-Control"), path)
	}
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions} {
		w := testkit.Do(h, method, "/")
		require.Equal(t, http.StatusMethodNotAllowed, w.Code)
		require.Equal(t, "GET, HEAD", w.Header().Get("Allow"))
	}
	head := testkit.Do(h, http.MethodHead, "/events?view=list")
	require.Equal(t, http.StatusOK, head.Code, "it does not wait for events")
}

// The policy forbids inline scripts and styles, and the page must do without them and without other
// servers.
func TestThePageHasNothingInlineAndNothingFromElsewhere(t *testing.T) {
	page, err := web.ReadFile("web/index.html")
	require.NoError(t, err)
	require.NotRegexp(t, regexp.MustCompile(`(?i)<style|style=|\son[a-z]+=|<script[^>]*>[^<]`), string(page))
	files, err := fs.Glob(web, "web/*.js")
	require.NoError(t, err)
	for _, file := range append(files, "web/index.html", "web/style.css") {
		text, err := web.ReadFile(file)
		require.NoError(t, err)
		if strings.Contains(file, "uPlot") {
			continue // its address stands in its licence line
		}
		require.NotContains(t, string(text), "http:", file)
		require.NotContains(t, string(text), "https:", file)
		require.NotContains(t, string(text), "innerHTML", file)
	}
}

func TestEventsFollowTheRegistry(t *testing.T) {
	reg := engine.NewRegistry()
	c := must(reg.NewCounter("c_total", ""))
	server := serve(t, reg)
	next, leave := watch(t, server, listView)
	defer leave()
	first := next()
	require.Equal(t, "metrics", first.event)
	require.EqualValues(t, 0, first.data["value"].([]any)[0])
	c.Add(42)
	arrived := func() bool { return next().data["value"].([]any)[0] == 42.0 }
	require.Eventually(t, arrived, 10*time.Second, time.Millisecond)
}

func TestRequestsThatCannotBeAnswered(t *testing.T) {
	reg := engine.NewRegistry()
	server := serve(t, reg, WithWatchers(1))
	resp, err := server.Client().Get(server.URL + "/live/events?view=none")
	require.NoError(t, err)
	require.Equal(t, http.StatusBadRequest, resp.StatusCode)
	require.NoError(t, resp.Body.Close())
	next, leave := watch(t, server, listView)
	defer leave()
	next()
	resp, err = server.Client().Get(server.URL + "/live/events?view=list")
	require.NoError(t, err)
	require.Equal(t, http.StatusServiceUnavailable, resp.StatusCode)
	require.NoError(t, resp.Body.Close())
}

func TestAServerThatShutsDownDoesNotWaitForPagesThatAreOpen(t *testing.T) {
	reg := engine.NewRegistry()
	server := serve(t, reg)
	next, leave := watch(t, server, url.Values{"view": {"metric"}, "metric": {"quipu_series"}})
	defer leave()
	next()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	require.NoError(t, server.Config.Shutdown(ctx))
}

// A request may have been read before its server shuts down, and be answered after.
func TestARequestThatComesToAServerThatHasShutDownEnds(t *testing.T) {
	h := Handler(engine.NewRegistry())
	server := &http.Server{}
	r := httptest.NewRequest(http.MethodGet, "http://localhost/events?view=list", nil)
	r.RemoteAddr = "127.0.0.1:4711"
	ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), http.ServerContextKey, server), time.Minute)
	defer cancel()
	before, leave := context.WithCancel(ctx)
	leave()
	h.ServeHTTP(httptest.NewRecorder(), r.WithContext(before))
	require.NoError(t, server.Shutdown(ctx))
	require.NoError(t, server.Shutdown(ctx))
	shutdown := h.(*handler).shutdownOf(r.WithContext(ctx))
	select {
	case <-shutdown: // Shutdown calls the functions without waiting for them
	case <-ctx.Done():
	}
	h.ServeHTTP(httptest.NewRecorder(), r.WithContext(ctx))
	require.NoError(t, ctx.Err())
}

// What leaves with a server must not keep the watchers of another one from watching.
func TestAServerThatShutsDownLeavesTheOthersAlone(t *testing.T) {
	h := Handler(engine.NewRegistry(), WithInterval(minInterval), WithHistory(time.Second))
	testkit.Baseline(t)
	one, other := httptest.NewServer(h), httptest.NewServer(h)
	defer one.Close()
	defer other.Close()
	next, leave := watch(t, one, listView)
	defer leave()
	nextOther, leaveOther := watch(t, other, listView)
	defer leaveOther()
	next()
	nextOther()
	require.NoError(t, one.Config.Shutdown(t.Context()))
	for range 3 {
		nextOther()
	}
}

func TestSettingsAndSearchAreJSON(t *testing.T) {
	reg := engine.NewRegistry()
	must(reg.NewCounterVec("c_total", "", []string{"l"})).With("</script>").Inc()
	h := Handler(reg, WithRemote(true), WithTraceURL("https://traces.example/{trace_id}"))
	var settings map[string]any
	require.NoError(t, json.Unmarshal(testkit.Get(h, "/settings.json").Body.Bytes(), &settings))
	require.Equal(t, map[string]any{
		"interval": 1000.0, "points": 300.0, "traces": "https://traces.example/{trace_id}",
	}, settings)
	var hits found
	require.NoError(t, json.Unmarshal(testkit.Get(h, "/find.json?text=script").Body.Bytes(), &hits))
	require.Equal(t, "</script>", hits.Hits[0].Labels[0][1])
	var uses []labelUse
	require.NoError(t, json.Unmarshal(testkit.Get(h, "/labels.json?metric=c_total").Body.Bytes(), &uses))
	require.Equal(t, []labelUse{{"l", 1, []valueUse{{"</script>", 1}}}}, uses)
}
