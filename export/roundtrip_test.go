// SPDX-License-Identifier: Apache-2.0

package export

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

func TestARedirectChainCountsEveryRequestOnce(t *testing.T) {
	reg := engine.NewRegistry()
	var served sync.Map
	mux := http.NewServeMux()
	mux.Handle("/a", http.RedirectHandler("/b", http.StatusFound))
	mux.Handle("/b", http.RedirectHandler("/c", http.StatusFound))
	mux.HandleFunc("/c", answering(http.StatusOK))
	s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		served.Store(r.URL.Path, true)
		mux.ServeHTTP(w, r)
	}))
	client := &http.Client{Transport: RoundTripper(RoundTripper(nil, reg), reg)}
	resp, err := client.Get(s.URL + "/a")
	require.NoError(t, err)
	resp.Body.Close()
	require.Equal(t, map[string]float64{`{code="302",method="GET"}`: 2, `{code="200",method="GET"}`: 1},
		samples(t, reg, "http_client_requests_total"))
	p := page(t, reg)
	require.Equal(t, 3.0, p.Value(t, "http_client_request_duration_seconds_count", "method", "GET"))
	require.Equal(t, 0.0, p.Value(t, "http_client_errors_total", "method", "GET", "reason", "timeout"), "series begin at 0")
	require.Equal(t, 0.0, p.Value(t, "http_client_requests_in_flight"))
}

func TestRequestsWithoutAResponseAreCountedByReason(t *testing.T) {
	release := make(chan struct{})
	s := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-release }))
	t.Cleanup(func() { close(release) })
	dead := httptest.NewServer(nil)
	dead.Close()

	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	late, cancelLate := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancelLate()
	for _, tt := range []struct {
		name, reason, url string
		ctx               context.Context
		timeout           time.Duration
	}{
		{"canceled", "canceled", s.URL, canceled, 0},
		{"deadline", "timeout", s.URL, late, 0},
		{"client timeout", "timeout", s.URL, t.Context(), 20 * time.Millisecond},
		{"refused", "other", dead.URL, t.Context(), 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			reg := engine.NewRegistry()
			transport := new(http.Transport)
			client := &http.Client{Transport: RoundTripper(transport, reg), Timeout: tt.timeout}
			defer client.CloseIdleConnections()
			r, err := http.NewRequestWithContext(tt.ctx, http.MethodPut, tt.url, strings.NewReader("x"))
			require.NoError(t, err)
			_, err = client.Do(r)
			require.Error(t, err)
			p := page(t, reg)
			for _, reason := range reasons {
				want := 0.0
				if reason == tt.reason {
					want = 1
				}
				require.Equal(t, want, p.Value(t, "http_client_errors_total", "method", "PUT", "reason", reason), reason)
			}
			require.Equal(t, 1.0, p.Value(t, "http_client_requests_total", "method", "PUT", "code", "error"))
			require.Equal(t, 0.0, p.Value(t, "http_client_requests_in_flight"))
		})
	}
}

// Which of the two ways of http.Client.Timeout comes first is a matter of chance.
func TestAnErrorAfterTheDeadlineIsATimeout(t *testing.T) {
	past, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Hour))
	defer cancel()
	err := errors.New("net/http: request canceled")
	require.Equal(t, "timeout", reasons[reasonOf(past, err)])
	require.Equal(t, "other", reasons[reasonOf(t.Context(), err)])
	require.Equal(t, "canceled", reasons[reasonOf(past, fmt.Errorf("sending: %w", context.Canceled))])
}

func TestRequestsAndResponsesGoThroughUntouched(t *testing.T) {
	body := io.NopCloser(strings.NewReader("x"))
	response := &http.Response{StatusCode: http.StatusOK, Body: body}
	failure := errors.New("refused")
	var sent *http.Request
	reg := engine.NewRegistry()
	err := error(nil)
	transport := RoundTripper(roundTripperFunc(func(r *http.Request) (*http.Response, error) {
		sent = r
		require.Equal(t, 1.0, page(t, reg).Value(t, "http_client_requests_in_flight"))
		return response, err
	}), reg)
	r := httptest.NewRequest("", "http://x/", nil)
	got, gotErr := transport.RoundTrip(r)
	require.NoError(t, gotErr)
	require.Same(t, response, got)
	require.Equal(t, body, got.Body)
	require.Same(t, r, sent)
	err = failure
	_, gotErr = transport.RoundTrip(r)
	require.Equal(t, failure, gotErr)
}

func TestATransportThatPanicsLeavesNothingInFlight(t *testing.T) {
	reg := engine.NewRegistry()
	transport := RoundTripper(roundTripperFunc(func(*http.Request) (*http.Response, error) { panic("no") }), reg)
	require.PanicsWithValue(t, "no", func() { transport.RoundTrip(httptest.NewRequest("", "/", nil)) })
	require.Equal(t, 0.0, page(t, reg).Value(t, "http_client_requests_in_flight"))
}

func TestClientLabelsHaveClosedSetsOfValues(t *testing.T) {
	reg := engine.NewRegistry()
	code := 0
	transport := RoundTripper(roundTripperFunc(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: code}, nil
	}), reg, HostLabel("a.example", "b.example:81"), GroupStatusCodes(), ConstLabels(engine.Labels{"app": "x"}))
	for i := range 1000 {
		code = i
		r := httptest.NewRequest("", fmt.Sprintf("http://host-%d/", i), nil)
		r.Method = fmt.Sprintf("M%d", i)
		_, err := transport.RoundTrip(r)
		require.NoError(t, err)
	}
	code = 200
	for _, host := range []string{"a.example", "b.example:81", "b.example", "A.example"} {
		_, err := transport.RoundTrip(httptest.NewRequest("", "http://"+host, nil))
		require.NoError(t, err)
	}
	_, err := transport.RoundTrip(&http.Request{})
	require.NoError(t, err)
	require.Equal(t, map[string]float64{
		`{app="x",code="1xx",host="other",method="other"}`:   100,
		`{app="x",code="2xx",host="other",method="other"}`:   100,
		`{app="x",code="3xx",host="other",method="other"}`:   100,
		`{app="x",code="4xx",host="other",method="other"}`:   100,
		`{app="x",code="5xx",host="other",method="other"}`:   100,
		`{app="x",code="other",host="other",method="other"}`: 500,
		`{app="x",code="2xx",host="a.example",method="GET"}`: 1, `{app="x",code="2xx",host="b.example:81",method="GET"}`: 1,
		`{app="x",code="2xx",host="other",method="GET"}`: 3,
	}, samples(t, reg, "http_client_requests_total"))
}

func TestManyCodesAreAllCounted(t *testing.T) {
	reg := engine.NewRegistry()
	code := 0
	transport := RoundTripper(roundTripperFunc(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: code}, nil
	}), reg, Skip(func(r *http.Request) bool { return r.URL.Path == "/skip" }))
	for range 2 {
		for code = 100; code < 600; code++ {
			_, err := transport.RoundTrip(httptest.NewRequest("", "/", nil))
			require.NoError(t, err)
		}
	}
	_, err := transport.RoundTrip(httptest.NewRequest("", "/skip", nil))
	require.NoError(t, err)
	counted := samples(t, reg, "http_client_requests_total")
	require.Len(t, counted, 500)
	for series, n := range counted {
		require.Equal(t, 2.0, n, series)
	}
	require.Equal(t, 1000.0, page(t, reg).Value(t, "http_client_request_duration_seconds_count", "method", "GET"))
}

func TestConcurrentClientRequestsAreAllCounted(t *testing.T) {
	reg := engine.NewRegistry()
	transport := RoundTripper(roundTripperFunc(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: len(r.URL.Path) + 199}, nil
	}), reg)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for i := range 300 {
				transport.RoundTrip(httptest.NewRequest("", "/"+strings.Repeat("x", i%50), nil))
			}
		})
	}
	group.Wait()
	counted := samples(t, reg, "http_client_requests_total")
	require.Len(t, counted, 50)
	for series, n := range counted {
		require.Equal(t, 48.0, n, series)
	}
}
