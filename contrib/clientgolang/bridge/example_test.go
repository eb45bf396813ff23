// SPDX-License-Identifier: Apache-2.0

package bridge_test

import (
	"fmt"
	"net/http/httptest"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/quipu-metrics/quipu/contrib/clientgolang/bridge"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export"
)

// A program that serves its page with promhttp shows the metrics of a quipu registry beside its
// own.
func ExampleGatherer() {
	old := prometheus.NewRegistry()
	jobs := prometheus.NewCounter(prometheus.CounterOpts{Name: "jobs_total", Help: "Jobs done."})
	old.MustRegister(jobs)
	jobs.Inc()

	reg := engine.NewRegistry()
	engine.Must(reg.NewCounter("events_total", "Events handled.")).Add(2)

	both := prometheus.Gatherers{old, bridge.Gatherer(reg, bridge.WithoutSelf())}
	page := httptest.NewRecorder()
	promhttp.HandlerFor(both, promhttp.HandlerOpts{}).ServeHTTP(page, httptest.NewRequest("GET", "/metrics", nil))
	fmt.Print(page.Body)
	// Output:
	// # HELP events_total Events handled.
	// # TYPE events_total counter
	// events_total 2
	// # HELP jobs_total Jobs done.
	// # TYPE jobs_total counter
	// jobs_total 1
}

// A quipu registry is registered like any other collector, under a prefix here.
func ExampleCollector() {
	reg := engine.NewRegistry()
	engine.Must(reg.NewGaugeVec("busy", "Workers with a job.", []string{"pool"})).With("mail").Set(3)

	old := prometheus.NewRegistry()
	prometheus.WrapRegistererWithPrefix("app_", old).MustRegister(bridge.Collector(reg, bridge.WithoutSelf()))

	families, err := old.Gather()
	if err != nil {
		fmt.Println(err)
	}
	for _, f := range families {
		fmt.Println(f.GetName(), f.GetType(), f.Metric[0].Gauge.GetValue())
	}
	// Output: app_busy GAUGE 3
}

// The page of a quipu registry shows what a library has registered with client_golang. Programs
// attach prometheus.DefaultGatherer.
func ExampleAttach() {
	old := prometheus.NewRegistry()
	queries := prometheus.NewCounterVec(
		prometheus.CounterOpts{Name: "queries_total", Help: "Queries."}, []string{"table"})
	old.MustRegister(queries)
	queries.WithLabelValues("users").Add(5)

	reg := engine.NewRegistry()
	engine.Must(reg.NewCounter("events_total", "Events handled.")).Add(2)
	if err := bridge.Attach(reg, old); err != nil {
		fmt.Println(err)
	}

	page := httptest.NewRecorder()
	export.Handler(reg).ServeHTTP(page, httptest.NewRequest("GET", "/metrics", nil))
	for line := range strings.Lines(page.Body.String()) {
		if !strings.Contains(line, "quipu_") {
			fmt.Print(line)
		}
	}
	fmt.Println(reg.Detach(bridge.Source(old)))
	// Output:
	// # HELP events_total Events handled.
	// # TYPE events_total counter
	// events_total 2
	// # HELP queries_total Queries.
	// # TYPE queries_total counter
	// queries_total{table="users"} 5
	// true
}
