// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

// reports lists requests of every kind.
func reports() (list []Served) {
	for i, method := range []string{"GET", "HEAD", "POST", "made-up", ""} {
		for _, route := range []string{"", "/users/{id}", "GET /things", "/x y"} {
			for _, code := range []int{0, 99, 200, 404, 503, 700} {
				q := Served{Context: context.Background(), Method: method, Route: route, Code: code, Received: int64(i)}
				if q.Panicked = code == 0; !q.Panicked {
					q.Sent = int64(100 * i)
				}
				list = append(list, q)
			}
		}
	}
	return list
}

// serveReport answers as a report says.
func serveReport(q Served) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Pattern = q.Route
		if q.Panicked {
			panic("no")
		}
		w.(interface{ recording() *recorder }).recording().noteHeader(q.Code) // net/http refuses some
		io.WriteString(w, strings.Repeat("x", int(q.Sent)))
	}
}

var durations = regexp.MustCompile(`(?m)^http_request_duration_seconds_(sum|bucket).*\n`)

func TestReportsToAServerHaveThePageOfTheMiddleware(t *testing.T) {
	for _, config := range []ServerConfig{{}, {AioprometheusNames: true}, {Config: Config{GroupCodes: true}}} {
		reported, served := engine.NewRegistry(), engine.NewRegistry()
		server, mw := NewServer(reported, "Adapter", config), Middleware(served, config)
		for _, q := range reports() {
			server.Begin()
			server.Count(&q)
			server.End()

			r := httptest.NewRequest(http.MethodGet, "/", strings.NewReader(strings.Repeat("x", int(q.Received))))
			r.Method = q.Method
			func() {
				defer func() { require.Equal(t, q.Panicked, recover() != nil) }()
				mw(serveReport(q)).ServeHTTP(newAllMethods(), r)
			}()
		}
		want := durations.ReplaceAllString(page(t, served).Text, "")
		require.Equal(t, want, durations.ReplaceAllString(page(t, reported).Text, ""))
	}
}

func TestSizesThatAreNotKnownAreNotObserved(t *testing.T) {
	reg := engine.NewRegistry()
	s := NewServer(reg, "Adapter", ServerConfig{})
	s.Count(&Served{Context: t.Context(), Method: "GET", Route: "/x", Code: 200, Received: NoSize, Sent: NoSize})
	p := page(t, reg)
	labels := []string{"method", "GET", "route", "/x"}
	require.Equal(t, 1.0, p.Value(t, "http_request_duration_seconds_count", labels...))
	for _, name := range []string{"http_request_size_bytes", "http_response_size_bytes"} {
		require.Equal(t, 0.0, p.Value(t, name+"_count", labels...))
		require.Equal(t, 0.0, p.Value(t, name+"_sum", labels...))
	}
}

func TestAServerMeasuresTimeAndRequestsInFlight(t *testing.T) {
	reg := engine.NewRegistry()
	s := NewServer(reg, "Adapter", ServerConfig{})
	began := s.Begin()
	time.Sleep(10 * time.Millisecond)
	require.Equal(t, 1.0, page(t, reg).Value(t, "http_requests_in_flight"))
	require.GreaterOrEqual(t, s.Since(began), 10*time.Millisecond)
	require.Less(t, s.Since(began), time.Minute)
	s.End()
	require.Equal(t, 0.0, page(t, reg).Value(t, "http_requests_in_flight"))
}

// A client chooses methods and codes, and a server without net/http may hand out strings whose
// memory it uses again.
func TestAServerKeepsNoStringsAndMakesNoSeriesOfThem(t *testing.T) {
	reg := engine.NewRegistry()
	s := NewServer(reg, "Adapter", ServerConfig{})
	count := func(i int) {
		s.Count(&Served{Context: t.Context(), Method: "M" + strconv.Itoa(i), Route: "/x", Code: 200})
	}
	count(0)
	before := len(page(t, reg).Samples)
	for i := range 10_000 {
		count(i)
	}
	require.Len(t, page(t, reg).Samples, before)
	for i := range maxRoutes + 10 { // routes are bounded too
		s.Count(&Served{Context: t.Context(), Method: "GET", Route: fmt.Sprint("/", i)})
	}
	require.Len(t, samples(t, reg, "http_requests_total"), maxRoutes+1) // one for the rest
}

func TestServersWithTheSameMetricsHaveOneKey(t *testing.T) {
	reg := engine.NewRegistry()
	s := NewServer(reg, "Adapter", ServerConfig{})
	require.True(t, s.Key() == NewServer(reg, "Adapter", ServerConfig{}).Key())
	require.False(t, s.Key() == NewServer(engine.NewRegistry(), "Adapter", ServerConfig{}).Key())
	require.True(t, s.Excludes([]byte("/metrics")))
	require.False(t, s.Excludes([]byte("/metrics/x")))
}

func TestAServerRefusesFunctionsThatTakeRequestsOfNetHTTP(t *testing.T) {
	label := NewLabel("host", hostOf, []string{"a"})
	for _, config := range []ServerConfig{
		{Config: Config{Skip: func(*http.Request) bool { return true }}},
		{Config: Config{Labels: []Label{label}}},
		{Route: hostOf},
	} {
		require.PanicsWithValue(t, "quipu: fiber: WithSkip, WithRouteFunc and WithLabelFunc take requests of "+
			"net/http, and this server has none", func() { NewServer(engine.NewRegistry(), "fiber", config) })
	}
	taken := engine.NewRegistry()
	_, err := taken.NewGauge("http_requests_total", "")
	require.NoError(t, err)
	require.Panics(t, func() { NewServer(taken, "fiber", ServerConfig{}) })
}
