// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/examples/hotpath/load"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

// interval is the time between the scrapes of a job, and the time limit of a scrape. A scrape takes
// only milliseconds, but a machine that runs other tests stops for half a second at times.
const interval = time.Second

// accept is the Accept header of Prometheus 2.42.
const accept = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75," +
	"text/plain;version=0.0.4;q=0.5,*/*;q=0.1"

// loadTime returns the duration of the load in the long part of the test.
func loadTime() time.Duration {
	if testing.Short() {
		return 4 * time.Second
	}
	return 10 * time.Second
}

func TestPrometheusAgreesWithTheLedger(t *testing.T) {
	testkit.Require(t, "prometheus")
	promtool := testkit.Require(t, "promtool")
	testkit.Baseline(t)

	program := testkit.Build(t, "../../examples/hotpath")
	service := testkit.Start(t, program, "-addr", "127.0.0.1:0", "-load=false")
	found := service.Find(`^Serving metrics on: (http://(127\.0\.0\.1:\d+))/metrics\n`, time.Minute)
	config := scrapeConfig(t, promtool, service, textOnly(t, found[1]))
	prometheus := testkit.StartPrometheus(t, config)
	waitForScrape(t, prometheus, time.Now())

	// The load comes from this process, so that it begins when Prometheus is ready for it.
	began := time.Now()
	ledger := loadAndWatch(t, prometheus, load.Config{
		URL: found[1], Workers: 4, Rate: 1500, Duration: loadTime(),
	})
	waitForScrape(t, prometheus, ledger.Ended)
	for _, job := range jobs {
		compare(t, scraped{prometheus, job}, ledger)
	}
	checkScrapes(t, prometheus, found[1], began)
	checkNothingWentDown(t, prometheus, found[1], began)
	checkIncrease(t, prometheus, began, ledger.Total())

	// Under the same Prometheus a second service starts at 0, with its built-in load.
	service.Signal(syscall.SIGTERM)
	require.Zero(t, service.Wait(time.Minute))
	require.Contains(t, service.Output(), fmt.Sprintf("Served %d requests", ledger.Total()))
	file := filepath.Join(t.TempDir(), "ledger.json")
	service = testkit.Start(t, program,
		"-addr", found[2], "-load-for", "3s", "-rate", "1000", "-workers", "3", "-ledger", file)
	second := readLedger(t, file)
	waitForScrape(t, prometheus, second.Ended)
	for _, job := range jobs {
		compare(t, scraped{prometheus, job}, second)
		resets := prometheus.Values(`resets(http_request_duration_seconds_count{job="` + job +
			`"}[` + since(began) + "])")
		require.Len(t, resets, len(routes))
		for series, n := range resets {
			require.Equal(t, 1.0, n, series)
		}
	}
	checkIncrease(t, prometheus, began, ledger.Total()+second.Total())

	service.Signal(os.Interrupt)
	require.Zero(t, service.Wait(time.Minute))
	require.Contains(t, service.Output(), fmt.Sprintf("Served %d requests", second.Total()))
}

// jobs are the two ways in which Prometheus gets the page. By itself it asks for OpenMetrics.
var jobs = []string{"hotpath", "text"}

// textOnly returns the address of a proxy that asks for no particular format, which means text
// 0.0.4.
func textOnly(t *testing.T, target string) string {
	to, err := url.Parse(target)
	require.NoError(t, err)
	transport := new(http.Transport)
	proxy := httptest.NewServer(&httputil.ReverseProxy{
		Transport: transport,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Header.Del("Accept")
		},
		ErrorLog: log.New(io.Discard, "", 0), // the service is down for a moment
	})
	t.Cleanup(func() {
		proxy.Close()
		transport.CloseIdleConnections()
	})
	return strings.TrimPrefix(proxy.URL, "http://")
}

// scrapeConfig returns the configuration that the service tells its users to paste, with a second
// job for the text format and a shorter interval.
func scrapeConfig(t *testing.T, promtool string, service *testkit.Process, text string) string {
	_, config, ok := strings.Cut(service.Output(), "\n\n")
	require.True(t, ok, service.Output())
	config, _, ok = strings.Cut(config, "\n\n")
	require.True(t, ok, service.Output())

	file := filepath.Join(t.TempDir(), "prometheus.yml")
	require.NoError(t, os.WriteFile(file, []byte(config), 0o600))
	out, err := exec.Command(promtool, "check", "config", file).CombinedOutput()
	require.NoError(t, err, "%s", out)

	const seldom = "    scrape_interval: 5s\n"
	require.Contains(t, config, seldom)
	config = strings.Replace(config, seldom, "", 1)
	return fmt.Sprintf(`global:
  scrape_interval: %v
  scrape_timeout: %[1]v
%s
  - job_name: text
    static_configs:
      - targets: ["%s"]
`, interval, config, text)
}

// waitForScrape waits until Prometheus has scraped the state at this time. The service counts a
// request a moment after its client has the answer, so the function adds that moment.
func waitForScrape(t *testing.T, p *testkit.Prometheus, after time.Time) {
	after = after.Add(100 * time.Millisecond)
	testkit.Poll(t, 30*time.Second, func() error {
		up := p.Query("up * timestamp(up)")
		for _, s := range up {
			if s.Point.Value <= float64(after.UnixMilli())/1000 {
				return fmt.Errorf("no scrape since %v: %v, targets %v", after, s, p.Targets())
			}
		}
		if len(up) != len(jobs) {
			return fmt.Errorf("not all jobs are there: %v", up)
		}
		return nil
	})
}

// loadAndWatch runs a load, queries Prometheus at the same time, and reads the page more often than
// Prometheus does.
func loadAndWatch(t *testing.T, p *testkit.Prometheus, config load.Config) *load.Ledger {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	result := make(chan *load.Ledger, 1)
	go func() { result <- load.Run(ctx, config) }()

	tick := time.NewTicker(interval / 20)
	defer tick.Stop()
	began, last, seen := time.Now(), 0.0, 0
	before := readPage(t, config.URL)
	for {
		select {
		case <-tick.C:
			now := readPage(t, config.URL)
			for _, name := range cumulative(now) {
				for series, value := range now.Samples {
					if strings.HasPrefix(series, name+"{") {
						require.GreaterOrEqual(t, value, before.Samples[series], "%s went down", series)
					}
				}
			}
			before = now
			total := p.Value(`sum(http_request_duration_seconds_count{job="hotpath"})`)
			require.GreaterOrEqual(t, total, last)
			if total > last {
				seen++
			}
			last = total
			// A request is in flight on the server until a moment after its client has sent the
			// next one.
			inFlight := p.Value(`http_requests_in_flight{job="hotpath"}`)
			require.GreaterOrEqual(t, inFlight, 0.0)
			require.LessOrEqual(t, inFlight, 2*float64(config.Workers))
			if time.Since(began) > config.Duration/2 {
				require.Positive(t, p.Value(`sum(rate(http_request_duration_seconds_count{job="hotpath"}[3s]))`))
			}
			for _, target := range p.Targets() {
				require.Equal(t, "up", target.Health, target)
				require.Empty(t, target.LastError)
			}
		case ledger := <-result:
			require.Greater(t, seen, int(config.Duration/interval)/2, "Prometheus has not seen the load grow")
			return ledger
		}
	}
}

func readLedger(t *testing.T, file string) *load.Ledger {
	ledger := new(load.Ledger)
	testkit.Poll(t, time.Minute, func() error {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		return json.Unmarshal(text, ledger)
	})
	return ledger
}

// since returns the time that has passed, in the syntax of PromQL, for windows that begin with the
// load.
func since(began time.Time) string {
	return fmt.Sprintf("%dms", time.Since(began).Milliseconds())
}

func checkScrapes(t *testing.T, p *testkit.Prometheus, url string, began time.Time) {
	targets := p.Targets()
	require.Len(t, targets, len(jobs))
	require.True(t, slices.ContainsFunc(targets, func(t testkit.Target) bool { return t.ScrapeURL == url+"/metrics" }))
	for _, target := range targets {
		require.Equal(t, "up", target.Health, target)
		require.Empty(t, target.LastError)
	}
	formats := map[string]string{"hotpath": accept, "text": "text/plain"}
	for _, job := range jobs {
		window := `{job="` + job + `"}[` + since(began) + "]"
		slowest := p.Value("max_over_time(scrape_duration_seconds" + window + ")")
		t.Logf("%s: the slowest scrape took %.3f s", job, slowest)
		require.Equal(t, 1.0, p.Value("min_over_time(up"+window+")"), "the slowest scrape took %g s", slowest)
		scrapes := p.Value("count_over_time(up" + window + ")")
		require.Greater(t, scrapes, 0.8*float64(time.Since(began)/interval), "scrapes are missing")

		samples := countSamples(t, url, formats[job])
		require.EqualValues(t, samples, p.Value(`scrape_samples_scraped{job="`+job+`"}`))
		require.EqualValues(t, samples, p.Value(`scrape_samples_post_metric_relabeling{job="`+job+`"}`))
	}
}

// countSamples counts the samples of the page for a client with this Accept header.
func countSamples(t *testing.T, url, accept string) (n int) {
	request, err := http.NewRequest(http.MethodGet, url+"/metrics", nil)
	require.NoError(t, err)
	request.Header.Set("Accept", accept)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	contentType, _, _ := strings.Cut(response.Header.Get("Content-Type"), ";")
	require.True(t, strings.HasPrefix(accept, contentType), "%s is not what was preferred", contentType)
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "#") {
			n++
		}
	}
	return n
}

func readPage(t *testing.T, url string) *testkit.Page {
	page, err := testkit.GetPage(url + "/metrics")
	require.NoError(t, err)
	return page
}

// cumulative returns the names of the page's samples that never go down.
func cumulative(page *testkit.Page) (names []string) {
	for family, kind := range page.Types {
		switch kind {
		case "counter":
			names = append(names, family)
		case "histogram":
			names = append(names, family+"_bucket", family+"_sum", family+"_count")
		case "summary":
			names = append(names, family+"_sum", family+"_count")
		}
	}
	return names
}

// checkNothingWentDown makes Prometheus check the same as loadAndWatch checks on the pages that it
// reads.
func checkNothingWentDown(t *testing.T, p *testkit.Prometheus, url string, began time.Time) {
	checked := 0
	for _, name := range cumulative(readPage(t, url)) {
		for series, resets := range p.Values("resets(" + name + `{job="hotpath"}[` + since(began) + "])") {
			require.Zero(t, resets, "%s %s", name, series)
			checked++
		}
	}
	require.Greater(t, checked, 100)
}

// checkIncrease compares the results of increase() and rate() with the ledger. These functions
// extrapolate from the first and the last scrape in the window to its ends, by up to 1.1 intervals
// each, so the comparison is not exact.
func checkIncrease(t *testing.T, p *testkit.Prometheus, began time.Time, want int64) {
	const name = "http_request_duration_seconds_count"
	elapsed := time.Since(began)
	window := `{job="hotpath"}[` + since(began.Add(-interval)) + "]"
	tolerance := 3 * float64(interval) / float64(elapsed)
	require.InEpsilon(t, want, p.Value("sum(increase("+name+window+"))"), tolerance)
	require.InEpsilon(t, float64(want)/elapsed.Seconds(), p.Value("sum(rate("+name+window+"))"), tolerance)
}
