// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/examples/hotpath/load"
	"github.com/quipu-metrics/quipu/histogram"
)

// announce prints the URLs of the metrics, for Prometheus and for people, and a configuration of
// Prometheus that scrapes them.
func announce(w io.Writer, url string, c config) {
	fmt.Fprintf(w, `Serving metrics on: %s/metrics
Look at them live:  %[1]s/live/

# prometheus.yml
scrape_configs:
  - job_name: hotpath
    scrape_interval: 5s
    static_configs:
      - targets: ["%[2]s"]

`, url, strings.TrimPrefix(url, "http://"))
	switch {
	case !c.load:
		fmt.Fprintln(w, "No load. Ctrl-C stops the service.")
	case c.rate == 0:
		fmt.Fprintf(w, "Load: as many requests as %d connections carry. Ctrl-C stops the service.\n", c.workers)
	default:
		fmt.Fprintf(w, "Load: %g requests per second on %d connections. Ctrl-C stops the service.\n", c.rate, c.workers)
	}
}

// report prints the results at the end of the program: those of its metrics and those of the load.
func report(w io.Writer, s *service, ledger *load.Ledger, elapsed time.Duration) {
	total := s.metrics.total(s.routes)
	fmt.Fprintf(w, "\nServed %d requests in %.1f s, %.0f per second.\n",
		total.Count, elapsed.Seconds(), float64(total.Count)/elapsed.Seconds())
	if ledger != nil {
		fmt.Fprintf(w, "The load sent %d requests: %d without an answer, %d with a wrong one.\n",
			ledger.Total()+ledger.Failed, ledger.Failed, ledger.Wrong)
		for _, first := range []string{ledger.FirstFailure, ledger.FirstWrong} {
			if first != "" {
				fmt.Fprintf(w, "  the first: %s\n", first)
			}
		}
	}
	if total.Count == 0 {
		return
	}
	mean := total.Sum / float64(total.Count)
	fmt.Fprintf(w, "Time to serve one: mean %s, median %s, 99 %% in %s.\n", microseconds(mean),
		microseconds(histogram.Quantile(0.5, total.Bounds, total.Counts)),
		microseconds(histogram.Quantile(0.99, total.Bounds, total.Counts)))
	cost := instrumentationCost()
	fmt.Fprintf(w, "Metrics took about %d ns of that (%.1f %%), by a measurement just now on metrics like these.\n",
		cost.Nanoseconds(), 100*cost.Seconds()/mean)
}

func microseconds(seconds float64) string { return fmt.Sprintf("%.0f µs", seconds*1e6) }

// total adds up the latencies of all routes.
func (m *metrics) total(routes []string) engine.HistogramSnapshot {
	var total engine.HistogramSnapshot
	for _, route := range routes {
		s := m.latency.With(route).Snapshot()
		if total.Counts == nil {
			total = s
			continue
		}
		for i, n := range s.Counts {
			total.Counts[i] += n
		}
		total.Count += s.Count
		total.Sum += s.Sum
	}
	return total
}

// instrumentationCost measures the time that the metrics add to a request. It calls a handler that
// does nothing, with and without metrics in another registry, and returns the difference. In this
// loop, caches and branch predictors work better than in a service.
func instrumentationCost() time.Duration {
	routes := http.NewServeMux()
	routes.HandleFunc("GET /kv/{key}", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNoContent)
	})
	bare := timePerRequest(routes)
	return timePerRequest(newMetrics(engine.NewRegistry()).instrument(routes)) - bare
}

// timePerRequest returns the average time of a request.
func timePerRequest(h http.Handler) time.Duration {
	const requests = 50_000
	r, err := http.NewRequest(http.MethodGet, "/kv/a", http.NoBody)
	if err != nil {
		panic(err) // impossible: the request is constant
	}
	w := nowhere{}
	started := time.Now()
	for range requests {
		h.ServeHTTP(w, r)
	}
	return time.Since(started) / requests
}

// nowhere is an http.ResponseWriter that discards the answer.
type nowhere http.Header

func (n nowhere) Header() http.Header         { return http.Header(n) }
func (n nowhere) WriteHeader(int)             {}
func (n nowhere) Write(p []byte) (int, error) { return len(p), nil }
