// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

func TestARedirectChainCountsEveryRequestOnce(t *testing.T) {
	reg := engine.NewRegistry()
	var served sync.Map
	mux := http.NewServeMux()
	mux.Handle("/a", http.RedirectHandler("/b", http.StatusFound))
	mux.Handle("/b", http.RedirectHandler("/c", http.StatusFound))
	mux.HandleFunc("/c", testkit.Answer(http.StatusOK))
	s := testkit.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		served.Store(r.URL.Path, true)
		mux.ServeHTTP(w, r)
	}))
	client := &http.Client{Transport: RoundTripper(RoundTripper(nil, reg, Config{}), reg, Config{})}
	resp, err := client.Get(s.URL + "/a")
	require.NoError(t, err)
	resp.Body.Close()
	require.Equal(t, map[string]float64{`{code="302",method="GET"}`: 2, `{code="200",method="GET"}`: 1},
		samples(t, reg, "http_client_requests_total"))
	p := page(t, reg)
	require.Equal(t, 3.0, p.Value(t, "http_client_request_duration_seconds_count", "method", "GET"))
	require.Equal(t, 0.0, p.Value(t, "http_client_errors_total", "method", "GET", "reason", "timeout"),
		"series begin at 0")
	require.Equal(t, 0.0, p.Value(t, "http_client_requests_in_flight"))
}

func TestRequestsWithoutAResponseAreCountedByReason(t *testing.T) {
	release := make(chan struct{})
	s := testkit.Serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-release }))
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
			client := &http.Client{Transport: RoundTripper(transport, reg, Config{}), Timeout: tt.timeout}
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
				require.Equal(t, want, p.Value(t, "http_client_errors_total", "method", "PUT", "reason", reason),
					reason)
			}
			require.Equal(t, 1.0, p.Value(t, "http_client_requests_total", "method", "PUT", "code", "error"))
			require.Equal(t, 0.0, p.Value(t, "http_client_requests_in_flight"))
		})
	}
}

// http.Client.Timeout ends a request in two ways. Which comes first is random.
func TestAnErrorAfterTheDeadlineIsATimeout(t *testing.T) {
	past, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Hour))
	defer cancel()
	err := errors.New("net/http: request canceled")
	require.Equal(t, "timeout", reasons[reasonOf(past, err)])
	require.Equal(t, "other", reasons[reasonOf(t.Context(), err)])
	require.Equal(t, "timeout", reasons[reasonOf(past, fmt.Errorf("sending: %w", context.Canceled))],
		"the context knows best")
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
	}), reg, Config{})
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

func TestATransportThatPanicsIsCountedAndLeavesNothingInFlight(t *testing.T) {
	reg := engine.NewRegistry()
	transport := RoundTripper(roundTripperFunc(func(*http.Request) (*http.Response, error) { panic("no") }), reg,
		Config{})
	require.PanicsWithValue(t, "no", func() { transport.RoundTrip(httptest.NewRequest("", "/", nil)) })
	require.Equal(t, map[string]float64{`{method="GET",reason="panic"}`: 1},
		positive(samples(t, reg, "http_client_errors_total")))
	require.Equal(t, map[string]float64{`{code="error",method="GET"}`: 1},
		samples(t, reg, "http_client_requests_total"))
	require.Equal(t, 0.0, page(t, reg).Value(t, "http_client_requests_in_flight"))
}

func TestClientLabelsHaveClosedSetsOfValues(t *testing.T) {
	reg := engine.NewRegistry()
	code := 0
	hosts := []string{"a.example", "b.example:81"}
	transport := RoundTripper(roundTripperFunc(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: code}, nil
	}), reg, Config{GroupCodes: true, Labels: []Label{HostLabel(hosts)}, ConstLabels: engine.Labels{"app": "x"}})
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
		`{app="x",code="1xx",host="other",method="other"}`:      100,
		`{app="x",code="2xx",host="other",method="other"}`:      100,
		`{app="x",code="3xx",host="other",method="other"}`:      100,
		`{app="x",code="4xx",host="other",method="other"}`:      100,
		`{app="x",code="5xx",host="other",method="other"}`:      100,
		`{app="x",code="other",host="other",method="other"}`:    500,
		`{app="x",code="2xx",host="a.example",method="GET"}`:    1,
		`{app="x",code="2xx",host="b.example:81",method="GET"}`: 1,
		`{app="x",code="2xx",host="other",method="GET"}`:        3,
	}, samples(t, reg, "http_client_requests_total"))
}

func TestManyCodesAreAllCounted(t *testing.T) {
	reg := engine.NewRegistry()
	code := 0
	transport := RoundTripper(roundTripperFunc(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: code}, nil
	}), reg, Config{Skip: func(r *http.Request) bool { return r.URL.Path == "/skip" }})
	for range 2 {
		for code = 100; code < 600; code++ {
			_, err := transport.RoundTrip(httptest.NewRequest("", "/", nil))
			require.NoError(t, err)
		}
	}
	_, err := transport.RoundTrip(httptest.NewRequest("", "/skip", nil))
	require.NoError(t, err)
	want := map[string]float64{"1xx": 2 * (100 - maxCodes), "2xx": 200, "3xx": 200, "4xx": 200, "5xx": 2 * (600 - 512)}
	for code := 100; code < 100+maxCodes; code++ {
		want[fmt.Sprint(code)] = 2
	}
	for code := 500; code < 512; code++ {
		want[fmt.Sprint(code)] = 2
	}
	counted := map[string]float64{}
	for series, n := range samples(t, reg, "http_client_requests_total") {
		counted[strings.TrimSuffix(strings.TrimPrefix(series, `{code="`), `",method="GET"}`)] = n
	}
	require.Equal(t, want, counted)
	require.Equal(t, 1000.0, page(t, reg).Value(t, "http_client_request_duration_seconds_count", "method", "GET"))
}

// A transport that returns neither a response nor an error breaks its contract, and http.Client
// returns an error.
func TestATransportThatReturnsNothingIsPassedOnAndCounted(t *testing.T) {
	reg := engine.NewRegistry()
	bare := roundTripperFunc(func(*http.Request) (*http.Response, error) { return nil, nil })
	transport := RoundTripper(bare, reg, Config{})
	response, err := transport.RoundTrip(httptest.NewRequest("", "http://x/", nil))
	require.Nil(t, response)
	require.NoError(t, err)
	_, bareErr := (&http.Client{Transport: bare}).Get("http://x/")
	_, err = (&http.Client{Transport: transport}).Get("http://x/")
	want := strings.Replace(bareErr.Error(), "instrument.roundTripperFunc", "*instrument.roundTripper", 1)
	require.EqualError(t, err, want)
	p := page(t, reg)
	require.Equal(t, 2.0, p.Value(t, "http_client_requests_total", "method", "GET", "code", "error"))
	require.Equal(t, 2.0, p.Value(t, "http_client_errors_total", "method", "GET", "reason", "nil_response"))
	require.Equal(t, 0.0, p.Value(t, "http_client_errors_total", "method", "GET", "reason", "other"))
	require.Equal(t, 0.0, p.Value(t, "http_client_requests_in_flight"))
}

// With a cause, the transport's error is the cause, which may be any error.
func TestARequestThatIsCanceledIsCountedAsThatWhateverTheCause(t *testing.T) {
	release := make(chan struct{})
	for _, p := range protocols {
		s := serveOver(t, p, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
		for name, tt := range map[string]struct {
			end  func(ctx context.Context) (context.Context, context.CancelFunc)
			want string
		}{
			"no cause": {func(ctx context.Context) (context.Context, context.CancelFunc) {
				return context.WithCancel(ctx)
			}, "canceled"},
			"a cause": {func(ctx context.Context) (context.Context, context.CancelFunc) {
				ctx, cancel := context.WithCancelCause(ctx)
				return ctx, func() { cancel(errors.New("another goroutine of the group has failed")) }
			}, "canceled"},
			"a cause that is a timeout": {func(ctx context.Context) (context.Context, context.CancelFunc) {
				ctx, cancel := context.WithCancelCause(ctx)
				return ctx, func() { cancel(context.DeadlineExceeded) }
			}, "canceled"},
			"a deadline with a cause": {func(ctx context.Context) (context.Context, context.CancelFunc) {
				return context.WithTimeoutCause(ctx, time.Millisecond, errors.New("too slow"))
			}, "timeout"},
		} {
			t.Run(p.name+", "+name, func(t *testing.T) {
				reg := engine.NewRegistry()
				client := &http.Client{Transport: RoundTripper(s.Client().Transport, reg, Config{})}
				ctx, cancel := tt.end(t.Context())
				defer cancel()
				r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL, nil)
				require.NoError(t, err)
				if tt.want == "canceled" {
					time.AfterFunc(5*time.Millisecond, cancel)
				}
				_, err = client.Do(r)
				require.Error(t, err)
				require.Equal(t, map[string]float64{
					`{method="GET",reason="` + tt.want + `"}`: 1,
				}, positive(samples(t, reg, "http_client_errors_total")))
			})
		}
	}
	close(release)
}

// positive leaves out the zeros.
func positive(found map[string]float64) map[string]float64 {
	maps.DeleteFunc(found, func(_ string, n float64) bool { return n == 0 })
	return found
}

func TestConcurrentClientRequestsAreAllCounted(t *testing.T) {
	reg := engine.NewRegistry()
	transport := RoundTripper(roundTripperFunc(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: len(r.URL.Path) + 199}, nil
	}), reg, Config{})
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for i := range 300 {
				transport.RoundTrip(httptest.NewRequest("", "/"+strings.Repeat("x", i%30), nil))
			}
		})
	}
	group.Wait()
	counted := samples(t, reg, "http_client_requests_total")
	require.Len(t, counted, 30)
	for series, n := range counted {
		require.Equal(t, 80.0, n, series)
	}
}

func TestARoundTripperTakesExemplarsFromTheRequest(t *testing.T) {
	type key struct{}
	reg := engine.NewRegistry()
	transport := RoundTripper(roundTripperFunc(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK}, nil
	}), reg, Config{Exemplars: func(ctx context.Context) engine.Labels {
		return engine.Labels{"trace_id": ctx.Value(key{}).(string)}
	}})
	r := httptest.NewRequest(http.MethodGet, "http://x/", nil)
	_, err := transport.RoundTrip(r.WithContext(context.WithValue(r.Context(), key{}, "4bf92f35")))
	require.NoError(t, err)
	text := openMetrics(t, reg)
	requireExemplar(t, text, `http_client_requests_total{method="GET",code="200"} 1`)
	requireExemplar(t, text, `http_client_request_duration_seconds_bucket{method="GET",le="0.005"} 1`)
}
