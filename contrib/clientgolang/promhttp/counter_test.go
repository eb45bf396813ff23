// SPDX-License-Identifier: Apache-2.0

package promhttp_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	theirs "github.com/prometheus/client_golang/prometheus"
	their "github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/contrib/clientgolang/prometheus"
	"github.com/quipu-metrics/quipu/contrib/clientgolang/promhttp"
)

type key struct{}

func fromContext(ctx context.Context) string { return fmt.Sprint(ctx.Value(key{})) }

// counted runs requests through both libraries, and returns what they have counted, or the panic.
func counted(t *testing.T, names []string, constant prometheus.Labels, fixed prometheus.Labels) (ours, other string) {
	opts := prometheus.CounterOpts{Name: "c_total", ConstLabels: constant}
	options := []promhttp.Option{
		promhttp.WithExtraMethods("BREW"),
		promhttp.WithLabelFromCtx("who", fromContext),
		promhttp.WithExemplarFromContext(func(context.Context) prometheus.Labels {
			return prometheus.Labels{"trace_id": "7"}
		}),
	}
	hasWho := false
	for _, name := range names {
		hasWho = hasWho || name == "who"
	}
	if !hasWho {
		options = append(options[:1], options[2:]...)
	}
	next := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/missing" {
			w.WriteHeader(http.StatusNotFound)
		}
	})
	trip := promhttp.RoundTripperFunc(func(r *http.Request) (*http.Response, error) {
		if r.URL.Path == "/missing" {
			return nil, http.ErrHandlerTimeout
		}
		return &http.Response{StatusCode: 201, Request: r}, nil
	})
	run := func(h http.Handler, rt http.RoundTripper) {
		for _, method := range []string{"GET", "BREW", "odd"} {
			for _, path := range []string{"/", "/missing"} {
				r := httptest.NewRequest(method, path, nil)
				r = r.WithContext(context.WithValue(r.Context(), key{}, "me"))
				h.ServeHTTP(httptest.NewRecorder(), r)
				_, _ = rt.RoundTrip(r)
			}
		}
	}
	show := func(reg prometheus.Gatherer) string {
		return stamps.ReplaceAllString(fmt.Sprint(must(reg.Gather())), "")
	}
	ours = panicOr(func() string {
		v, reg := prometheus.NewCounterVec(opts, names), prometheus.NewRegistry()
		reg.MustRegister(v)
		v = v.MustCurryWith(fixed)
		run(promhttp.InstrumentHandlerCounter(v, next, options...),
			promhttp.InstrumentRoundTripperCounter(v, trip, options...))
		return show(reg)
	})
	other = panicOr(func() string {
		v, reg := theirs.NewCounterVec(opts, names), theirs.NewRegistry()
		reg.MustRegister(v)
		v = v.MustCurryWith(fixed)
		run(their.InstrumentHandlerCounter(v, next, options...),
			their.InstrumentRoundTripperCounter(v, trip, options...))
		return show(reg)
	})
	return ours, other
}

func panicOr(f func() string) (text string) {
	defer func() {
		if r := recover(); r != nil {
			text = fmt.Sprint("panic: ", r)
		}
	}()
	return f()
}

func TestCountersOfRequestsCountWhatThoseOfClientGolangCount(t *testing.T) {
	for _, names := range [][]string{
		{}, {"code"}, {"method"}, {"code", "method"}, {"method", "who", "code"},
		{"path"}, {"code", "path"}, {"a", "code"},
	} {
		for _, constant := range []prometheus.Labels{nil, {"zone": "z"}, {"code": "200"}} {
			for _, fixed := range []prometheus.Labels{{}, {"a": "1"}, {"code": "200"}} {
				ours, other := counted(t, names, constant, fixed)
				require.Equal(t, other, ours, "%v %v %v", names, constant, fixed)
			}
		}
	}
}
