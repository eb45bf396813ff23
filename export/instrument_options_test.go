// SPDX-License-Identifier: Apache-2.0

package export

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

func TestStatusCodesCanBeGrouped(t *testing.T) {
	for _, tt := range []struct {
		opts []MiddlewareOption
		want map[string]float64
		name string
	}{
		{[]MiddlewareOption{WithGroupStatusCodes()}, map[string]float64{
			`{code="2xx",method="GET",route="unmatched"}`:   2,
			`{code="4xx",method="GET",route="unmatched"}`:   3,
			`{code="other",method="GET",route="unmatched"}`: 1,
		}, "http_responses_total"},
		{[]MiddlewareOption{WithGroupStatusCodes(), WithAioprometheusNames()}, map[string]float64{
			`{method="GET",path="unmatched",status_code="2xx"}`:   2,
			`{method="GET",path="unmatched",status_code="4xx"}`:   3,
			`{method="GET",path="unmatched",status_code="other"}`: 1,
		}, "status_codes_counter"},
	} {
		reg := engine.NewRegistry()
		for _, code := range []int{200, 299, 400, 404, 499, 600} {
			testkit.Get(Middleware(reg, tt.opts...)(testkit.Answer(code)), "/")
		}
		require.Equal(t, tt.want, samples(t, reg, tt.name))
	}
}

func TestConstLabelsAndBucketsReachTheMetrics(t *testing.T) {
	reg := engine.NewRegistry(engine.WithPrefix("shop_"), engine.WithConstLabels(engine.Labels{"zone": "a"}))
	h := Middleware(reg, WithConstLabels(engine.Labels{"server": "front"}), WithDurationBuckets(1, 2))(testkit.Site())
	testkit.Get(h, "/users/1")
	p := page(t, reg)
	labels := []string{"method", "GET", "route", "/users/{id}", "server", "front", "zone", "a"}
	require.Equal(t, 1.0, p.Value(t, "shop_http_requests_total", labels...))
	require.Equal(t, 1.0, p.Value(t, "shop_http_responses_total", append(labels, "code", "200")...))
	require.Equal(t, 0.0, p.Value(t, "shop_http_requests_in_flight", "server", "front", "zone", "a"))
	require.Len(t, samples(t, reg, "shop_http_request_duration_seconds_bucket"), 3)
}

func TestLabelFuncsHaveClosedSetsOfValues(t *testing.T) {
	reg := engine.NewRegistry()
	header := func(name string) func(*http.Request) string {
		return func(r *http.Request) string { return r.Header.Get(name) }
	}
	h := Middleware(reg, WithLabelFunc("tier", header("Tier"), "gold", "tin", "gold", "other"),
		WithLabelFunc("app", header("App"), "web"))(testkit.Site())
	testkit.Get(h, "/users/1", "Tier", "gold", "App", "web")
	testkit.Get(h, "/users/1", "Tier", "tin", "App", "phone")
	testkit.Get(h, "/users/1", "Tier", "other", "App", "web")
	for i := range 100 {
		testkit.Get(h, "/users/1", "Tier", fmt.Sprint(i))
	}
	require.Equal(t, map[string]float64{
		`{app="web",code="200",method="GET",route="/users/{id}",tier="gold"}`:    1,
		`{app="other",code="200",method="GET",route="/users/{id}",tier="tin"}`:   1,
		`{app="web",code="200",method="GET",route="/users/{id}",tier="other"}`:   1,
		`{app="other",code="200",method="GET",route="/users/{id}",tier="other"}`: 100,
	}, samples(t, reg, "http_responses_total"))
}

func TestNativeHistogramsReplaceBucketsUnlessBothAreWanted(t *testing.T) {
	native := WithNativeHistograms(histogram.NativeDefaults())
	for name, tt := range map[string]struct {
		opts    []MiddlewareOption
		buckets int // of durations, +Inf included
	}{
		"native": {[]MiddlewareOption{native}, 1},
		"both":   {[]MiddlewareOption{native, WithDurationBuckets(1, 2)}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			reg := engine.NewRegistry()
			testkit.Get(Middleware(reg, tt.opts...)(testkit.Site()), "/users/1")
			require.Len(t, samples(t, reg, "http_request_duration_seconds_bucket"), tt.buckets)
			require.Len(t, samples(t, reg, "http_response_size_bytes_bucket"), 1)
			labels := []string{"method", "GET", "route", "/users/{id}"}
			require.Equal(t, 1.0, page(t, reg).Value(t, "http_request_duration_seconds_count", labels...))
			page := testkit.Get(Handler(reg), "/metrics", "Accept",
				"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited")
			require.Contains(t, page.Header().Get("Content-Type"), "protobuf")
		})
	}
	reg := engine.NewRegistry()
	_, err := RoundTripper(roundTripperFunc(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK}, nil
	}), reg, WithNativeHistograms(histogram.NativeDefaults())).RoundTrip(&http.Request{})
	require.NoError(t, err)
	require.Len(t, samples(t, reg, "http_client_request_duration_seconds_bucket"), 1)
}

func TestADefinitionThatCannotWorkPanics(t *testing.T) {
	f := func(*http.Request) string { return "" }
	many := slices.Repeat([]string{""}, 600)
	for i := range many {
		many[i] = fmt.Sprint(i)
	}
	for _, tt := range []struct {
		name, says string
		make       func(reg *engine.Registry)
	}{
		{"no registry", "Middleware needs a registry", func(*engine.Registry) { Middleware(nil) }},
		{"no handler", "nil handler", func(reg *engine.Registry) { Middleware(reg)(nil) }},
		{"taken name", "Middleware cannot define its metrics: quipu: counter http_requests_total: " +
			"name is taken: type differs: counter, but gauge in the first definition, at ", func(reg *engine.Registry) {
			_, err := reg.NewGauge("http_requests_total", "Mine.")
			require.NoError(t, err)
			Middleware(reg)
		}},
		{"clashing label", `"route" is a constant label and a variable one`, func(reg *engine.Registry) {
			Middleware(reg, WithConstLabels(engine.Labels{"route": "x"}))
		}},
		{"label twice", `"method" is there twice`, func(reg *engine.Registry) {
			Middleware(reg, WithLabelFunc("method", f, "x"))
		}},
		{"label func twice", `label "x" is there twice`, func(reg *engine.Registry) {
			Middleware(reg, WithLabelFunc("x", f, "x"), WithLabelFunc("x", f, "x"))
		}},
		{"too many values", "over 1000 combinations", func(reg *engine.Registry) {
			Middleware(reg, WithLabelFunc("x", f, many...), WithLabelFunc("y", f, "1"))
		}},
		{"buckets", "invalid buckets", func(reg *engine.Registry) { Middleware(reg, WithDurationBuckets(2, 1)) }},
		{"nil route func", "WithRouteFunc(nil)", func(*engine.Registry) { WithRouteFunc(nil) }},
		{"native options", "Middleware cannot define its metrics", func(reg *engine.Registry) {
			Middleware(reg, WithNativeHistograms(histogram.NativeOptions{Schema: 100}))
		}},
		{"nil exemplars", "WithExemplars(nil)", func(*engine.Registry) { WithExemplars(nil) }},
		{"nil skip", "WithSkip(nil)", func(*engine.Registry) { WithSkip(nil) }},
		{"nil label func", `WithLabelFunc("x")`, func(*engine.Registry) { WithLabelFunc("x", nil, "y") }},
		{"no label values", `WithLabelFunc("x")`, func(*engine.Registry) { WithLabelFunc("x", f) }},
		{"no client registry", "RoundTripper needs a registry", func(*engine.Registry) { RoundTripper(nil, nil) }},
		{"no hosts", "WithHostLabel()", func(*engine.Registry) { WithHostLabel() }},
		{"taken client name", "RoundTripper cannot define its metrics", func(reg *engine.Registry) {
			_, err := reg.NewGauge("http_client_errors_total", "Mine.")
			require.NoError(t, err)
			RoundTripper(nil, reg)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			defer func() { require.Contains(t, fmt.Sprint(recover()), tt.says) }()
			tt.make(engine.NewRegistry())
		})
	}
}

func TestANilOptionOfMiddlewareAndRoundTripperIsNamed(t *testing.T) {
	reg := engine.NewRegistry()
	var unset InstrumentOption
	for want, f := range map[string]func(){
		"quipu: Middleware: option 1 of 1 is nil": func() { Middleware(reg, nil) },
		"quipu: Middleware: option 2 of 2 is nil": func() { Middleware(reg, WithAioprometheusNames(), unset) },
		"quipu: RoundTripper: option 2 of 3 is nil": func() {
			RoundTripper(nil, reg, WithGroupStatusCodes(), nil, nil)
		},
		"quipu: RoundTripper: option 1 of 1 is nil": func() { RoundTripper(nil, reg, unset) },
	} {
		require.PanicsWithValue(t, want, f)
	}
	for range reg.All() {
		require.Fail(t, "nothing is defined")
	}
}
