// SPDX-License-Identifier: Apache-2.0

package parsers

import (
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	client "github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/tsdb/wlog"
	"github.com/prometheus/prometheus/util/compression"
	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/contrib/clientgolang/bridge"
	"github.com/quipu-metrics/quipu/contrib/clientgolang/prometheus"
	"github.com/quipu-metrics/quipu/contrib/clientgolang/promhttp"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

// mixed is a program that counts in three ways: in a registry of quipu; with the packages that have
// client_golang's names; and in a library that knows nothing of quipu and registers with
// client_golang's default registry, which is the write-ahead log of Prometheus.
type mixed struct {
	reg       *engine.Registry
	events    *engine.CounterVec
	durations *engine.Histogram
	requests  *prometheus.CounterVec
	inFlight  prometheus.Gauge
	latency   *prometheus.HistogramVec
	sizes     prometheus.Summary
	log       *wlog.WL
	rounds    [workers]atomic.Int64 // the ledger: rounds of each worker
	stop      chan struct{}
	work      sync.WaitGroup
	end       time.Time // of the work
}

const (
	workers = 4

	// record is the length of a record of the log. With its header of 7 bytes, a page of the log
	// has room for a whole number of them.
	record = 25
)

func newMixed(t *testing.T) *mixed {
	m := &mixed{reg: engine.NewRegistry(engine.WithUTF8Names()), stop: make(chan struct{})}
	var err error
	m.events, err = m.reg.NewCounterVec("mixed_events_total", "Events.", []string{"worker", "kind"})
	require.NoError(t, err)
	m.durations, err = m.reg.NewHistogram("mixed_duration_seconds", "Durations.", engine.WithBuckets(0.5, 2))
	require.NoError(t, err)

	m.requests = prometheus.NewCounterVec(
		prometheus.CounterOpts{Name: "mixed_requests_total", Help: "Requests."}, []string{"worker", "code"})
	m.inFlight = prometheus.NewGauge(prometheus.GaugeOpts{Name: "mixed_in_flight", Help: "In flight."})
	m.latency = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "mixed_latency_seconds", Help: "Latency.", Buckets: []float64{0.5, 2}}, []string{"worker"})
	m.sizes = prometheus.NewSummary(prometheus.SummaryOpts{Name: "mixed_size_bytes", Help: "Sizes.",
		Objectives: map[float64]float64{0.5: 0.05}})
	prometheus.MustRegister(m.requests, m.inFlight, m.latency, m.sizes)

	m.log, err = wlog.New(nil, client.DefaultRegisterer, t.TempDir(), compression.None)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.log.Close()) })
	return m
}

// start lets the workers count until stopped.
func (m *mixed) start(t *testing.T) {
	for i := range m.rounds {
		m.work.Go(func() {
			worker := strconv.Itoa(i)
			requests := m.requests.MustCurryWith(prometheus.Labels{"worker": worker})
			for {
				select {
				case <-m.stop:
					return
				default:
				}
				m.inFlight.Inc()
				m.events.With(worker, "whole").Inc()
				m.events.With(worker, "half").Add(0.5)
				m.durations.Observe(1)
				requests.WithLabelValues("200").Inc()
				requests.WithLabelValues("500").Add(0.25)
				m.latency.WithLabelValues(worker).Observe(0.25)
				m.sizes.Observe(3)
				if err := m.log.Log(make([]byte, record)); err != nil {
					t.Error(err)
					return
				}
				m.inFlight.Dec()
				if m.rounds[i].Add(1)%100 == 0 {
					time.Sleep(time.Millisecond) // others want to run, too: a scrape must not take long
				}
			}
		})
	}
}

// finish stops the workers and waits for them.
func (m *mixed) finish() {
	close(m.stop)
	m.work.Wait()
	m.end = time.Now()
}

// ledger returns what every series must have, by metric.
func (m *mixed) ledger() map[string]map[string]float64 {
	l := map[string]map[string]float64{}
	put := func(value float64, name string, labels ...string) {
		if l[name] == nil {
			l[name] = map[string]float64{}
		}
		l[name][testkit.Series(name, labels...)] = value
	}
	total := 0.0
	for i := range m.rounds {
		worker, n := strconv.Itoa(i), float64(m.rounds[i].Load())
		total += n
		put(n, "mixed_events_total", "worker", worker, "kind", "whole")
		put(n/2, "mixed_events_total", "worker", worker, "kind", "half")
		put(n, "mixed_requests_total", "worker", worker, "code", "200")
		put(n/4, "mixed_requests_total", "worker", worker, "code", "500")
		for _, le := range []string{"0.5", "2", "+Inf"} {
			put(n, "mixed_latency_seconds_bucket", "worker", worker, "le", le)
		}
		put(n, "mixed_latency_seconds_count", "worker", worker)
		put(n/4, "mixed_latency_seconds_sum", "worker", worker)
	}
	put(0, "mixed_in_flight")
	put(0, "mixed_duration_seconds_bucket", "le", "0.5")
	put(total, "mixed_duration_seconds_bucket", "le", "2")
	put(total, "mixed_duration_seconds_bucket", "le", "+Inf")
	put(total, "mixed_duration_seconds_count")
	put(total, "mixed_duration_seconds_sum")
	put(3, "mixed_size_bytes", "quantile", "0.5")
	put(total, "mixed_size_bytes_count")
	put(3*total, "mixed_size_bytes_sum")
	put(total, "prometheus_tsdb_wal_record_part_writes_total")
	put((record+7)*total, "prometheus_tsdb_wal_record_parts_bytes_written_total")
	return l
}

// TestEverythingIsOnOnePageSideBySide attaches the default registry of package prometheus, which
// shows client_golang's, to quipu's page.
func TestEverythingIsOnOnePageSideBySide(t *testing.T) {
	if testkit.Alone(t) {
		m := newMixed(t)
		require.NoError(t, bridge.Attach(m.reg, prometheus.DefaultGatherer))
		m.run(t, map[string]http.Handler{"sidebyside": export.Handler(m.reg)})
	}
}

// TestEverythingIsOnOnePageByImportPath registers quipu's registry with the default registry of
// package prometheus, whose page package promhttp serves.
func TestEverythingIsOnOnePageByImportPath(t *testing.T) {
	if testkit.Alone(t) {
		m := newMixed(t)
		prometheus.MustRegister(bridge.Collector(m.reg))
		m.run(t, map[string]http.Handler{"importpath": promhttp.Handler()})
	}
}

// TestEverythingIsOnBothPagesWithBridgesBothWays has both at once.
func TestEverythingIsOnBothPagesWithBridgesBothWays(t *testing.T) {
	if testkit.Alone(t) {
		m := newMixed(t)
		require.NoError(t, bridge.Attach(m.reg, prometheus.DefaultGatherer))
		prometheus.MustRegister(bridge.Collector(m.reg))
		m.run(t, map[string]http.Handler{"sidebyside": export.Handler(m.reg), "importpath": promhttp.Handler()})
	}
}

// run lets the program count while real servers scrape its pages, and asks them for the ledger.
func (m *mixed) run(t *testing.T, pages map[string]http.Handler) {
	mux := http.NewServeMux()
	server := testkit.Serve(t, mux)
	config := "global: {scrape_interval: 500ms, scrape_timeout: 500ms}\nscrape_configs:\n"
	for job, h := range pages {
		mux.Handle("/"+job, h)
		config += fmt.Sprintf("- {job_name: %s, metrics_path: /%[1]s, static_configs: [{targets: [%q]}]}\n",
			job, server.Listener.Addr())
	}
	servers := []*testkit.Prometheus{
		testkit.StartPrometheus(t, config),
		testkit.StartPrometheus(t, config, "--enable-feature=native-histograms"), // it asks for protobuf
	}
	m.start(t)
	for _, p := range servers {
		testkit.Poll(t, 60*time.Second, func() error {
			if up := p.Query("sum_over_time(up[1m]) >= 8"); len(up) < len(pages) {
				return fmt.Errorf("8 scrapes of %d pages of %d", len(up), len(pages))
			}
			return nil
		})
	}
	m.finish()
	for _, p := range servers {
		waitForScrape(t, p, len(pages), m.end)
		for job := range pages {
			compareLedger(t, p, job, m.ledger())
		}
		checkScrapes(t, p)
	}
	for job := range pages {
		_, err := testkit.GetPage(server.URL + "/" + job) // it wants every series once
		require.NoError(t, err)
	}
}

// waitForScrape waits for a scrape that began after a time, of every page.
func waitForScrape(t *testing.T, p *testkit.Prometheus, pages int, after time.Time) {
	testkit.Poll(t, 30*time.Second, func() error {
		targets := p.Targets()
		if len(targets) != pages {
			return fmt.Errorf("%d targets", len(targets))
		}
		for _, target := range targets {
			if target.LastError != "" || target.Health != "up" || target.LastScrape.Before(after) {
				return fmt.Errorf("%+v", target)
			}
		}
		return nil
	})
}

// compareLedger wants Prometheus to have the values of the ledger, and no reset of a counter.
func compareLedger(t *testing.T, p *testkit.Prometheus, job string, ledger map[string]map[string]float64) {
	of := func(name string) string { return fmt.Sprintf("%s{job=%q}", name, job) }
	for name, want := range ledger {
		require.Equal(t, want, p.Values(of(name)), job)
		if name != "mixed_in_flight" && name != "mixed_size_bytes" {
			require.Empty(t, p.Query("resets("+of(name)+"[1m]) > 0"), name)
			require.NotEmpty(t, p.Query("resets("+of(name)+"[1m]) == 0"), name)
		}
	}
	require.NotEmpty(t, p.Query(of("go_goroutines")), "client_golang registers that itself")
}

// checkScrapes wants no scrape to have failed, and every sample of a page to have become a series
// of its own.
func checkScrapes(t *testing.T, p *testkit.Prometheus) {
	require.Equal(t, 1.0, p.Value("min(min_over_time(up[1m]))"))
	for _, s := range p.Query("scrape_samples_scraped") {
		job := fmt.Sprintf("{job=%q}", s.Labels["job"])
		const own = 5 // series that Prometheus adds to each target: up, scrape_duration_seconds, ...
		require.Equal(t, s.Point.Value+own, p.Value("count("+job+")"))
		require.Equal(t, s.Point.Value, p.Value("scrape_samples_post_metric_relabeling"+job))
	}
	page, err := testkit.GetPage(p.URL + "/metrics")
	require.NoError(t, err)
	for _, name := range []string{"duplicate_timestamp", "out_of_order", "out_of_bounds"} {
		refused, ok := page.Samples[testkit.Series("prometheus_target_scrapes_sample_"+name+"_total")]
		require.True(t, ok, name)
		require.Zero(t, refused, name)
	}
	require.NotRegexp(t, "level=(warn|error)", p.Log())
}
