// SPDX-License-Identifier: Apache-2.0

package pagezip_test

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/engine/collect"
)

// page returns a page of a registry.
func page(tb testing.TB, f encode.Format, reg *engine.Registry) []byte {
	tb.Helper()
	var b bytes.Buffer
	_, err := reg.Expose(&b, engine.Exposition{Format: f})
	require.NoError(tb, err)
	return b.Bytes()
}

// kinds fill registries with about n series, each as unlike the others as metrics of services are.
var kinds = []struct {
	name string
	fill func(reg *engine.Registry, n int)
}{
	{"counters", func(reg *engine.Registry, n int) {
		v := engine.Must(reg.NewCounterVec("requests_total", "Requests.", []string{"tenant", "path"}))
		for i := range n {
			v.With(tenant(i)).Add(float64(i))
		}
	}},
	{"random counters", func(reg *engine.Registry, n int) {
		r := rand.New(rand.NewPCG(1, 2))
		v := engine.Must(reg.NewCounterVec("http_requests_total", "Requests.", []string{"method", "code", "path"}))
		for range n {
			method := []string{"GET", "POST", "PUT", "DELETE"}[r.IntN(4)]
			code := []string{"200", "201", "302", "400", "404", "500", "503"}[r.IntN(7)]
			resource := []string{"users", "orders", "items/stock"}[r.IntN(3)]
			path := fmt.Sprintf("/api/v%d/%s/%d", 1+r.IntN(2), resource, r.IntN(n))
			v.With(method, code, path).Add(math.Floor(math.Exp(16 * r.Float64())))
		}
	}},
	{"gauges", func(reg *engine.Registry, n int) {
		r := rand.New(rand.NewPCG(3, 4))
		v := engine.Must(reg.NewGaugeVec("queue_depth_ratio", "Depth.", []string{"queue"}))
		for i := range n {
			v.With(fmt.Sprintf("%08x-%04x", r.Uint32(), i)).Set(math.Round(r.NormFloat64()*1e6) / 1e4)
		}
	}},
	{"histograms", func(reg *engine.Registry, n int) {
		r := rand.New(rand.NewPCG(1, 0))
		v := engine.Must(reg.NewHistogramVec("latency_seconds", "Latency.", []string{"tenant", "path"}))
		for i := range n / 10 {
			v.With(tenant(i)).Observe(latency(r))
		}
	}},
	{"busy histograms", func(reg *engine.Registry, n int) {
		r := rand.New(rand.NewPCG(5, 6))
		labels := []string{"method", "handler"}
		v := engine.Must(reg.NewHistogramVec("http_request_duration_seconds", "Latency.", labels))
		for i := range n / 10 {
			h := v.With([]string{"GET", "POST"}[i%2], fmt.Sprintf("/%x/list", r.Uint32()>>12))
			for range 20 << r.IntN(4) {
				h.Observe(latency(r))
			}
		}
	}},
	{"summaries", func(reg *engine.Registry, n int) {
		r := rand.New(rand.NewPCG(7, 8))
		v := engine.Must(reg.NewSummaryVec("size_bytes", "Size.", []string{"tenant", "path"}))
		for i := range n / 5 {
			s := v.With(tenant(i))
			for range 5 {
				s.Observe(latency(r))
			}
		}
	}},
	{"families", func(reg *engine.Registry, n int) {
		r := rand.New(rand.NewPCG(9, 10))
		if n > 100 {
			engine.Must(0, collect.Go(reg))
		}
		for i := range n / 6 {
			subsystem := []string{"http", "grpc", "sql", "cache"}[r.IntN(4)]
			what := []string{"requests", "errors", "bytes", "retries", "hits"}[r.IntN(5)]
			name := fmt.Sprintf("%s_%s_%d_total", subsystem, what, i)
			help := "How many " + what + " there were since the start of the process."
			v := engine.Must(reg.NewCounterVec(name, help, []string{"pool", "zone"}))
			for j := range 6 {
				value := float64(r.IntN(1 << (2 + 4*j)))
				v.With([]string{"main", "spare"}[j%2], "eu-west-"+strconv.Itoa(j/2)).Add(value)
			}
		}
	}},
}

func tenant(i int) (name, path string) {
	return "tenant-" + strconv.Itoa(i%10), "/api/v1/item/" + strconv.Itoa(i)
}

func latency(r *rand.Rand) float64 { return math.Exp(math.Log(0.1) + 1.5*r.NormFloat64()) }

// pageOf returns the page of a kind.
func pageOf(tb testing.TB, f encode.Format, kind string, n int) []byte {
	for _, k := range kinds {
		if k.name == kind {
			reg := engine.NewRegistry(engine.WithMaxSeries(1_000_000))
			k.fill(reg, n)
			return page(tb, f, reg)
		}
	}
	tb.Fatal(kind)
	return nil
}
