// SPDX-License-Identifier: Apache-2.0

package examples

import (
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/testkit"
)

// patience is how long a test waits for something that usually takes a second. The machine may be
// busy.
const patience = 30 * time.Second

// start builds and starts an example, and returns the URL from the first line that it prints.
func start(t *testing.T, name string) (program *testkit.Process, url string) {
	t.Helper()
	program = testkit.Start(t, testkit.Build(t, "./"+name), "-addr", "127.0.0.1:0")
	return program, program.Find(`^Serving metrics on: (http://127\.0\.0\.1:[1-9]\d*/metrics)\n`, patience)[1]
}

// page is a page that is checked. err is the first thing that is wrong with it.
type page struct {
	*testkit.Page
	err error
}

// value returns the value of a series, and NaN when there is none.
func (p *page) value(name string, labels ...string) float64 {
	v, ok := p.Samples[testkit.Series(name, labels...)]
	if !ok {
		p.wrong("there is no %s", testkit.Series(name, labels...))
		return math.NaN()
	}
	return v
}

// wrong sets err unless it is set.
func (p *page) wrong(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf(format+"\n%s", append(args, p.Text)...)
	}
}

func (p *page) expect(ok bool, format string, args ...any) {
	if !ok {
		p.wrong(format, args...)
	}
}

func (p *page) expectType(name, want string) {
	p.expect(p.Types[name] == want, "%s has the type %q, not %s", name, p.Types[name], want)
}

// TestEveryExampleServesItsMetrics starts each example, waits until its page is as the example
// promises, and stops it as Ctrl-C does.
func TestEveryExampleServesItsMetrics(t *testing.T) {
	host, err := os.Hostname()
	require.NoError(t, err)
	for name, check := range map[string]func(p *page){
		"timer": func(p *page) {
			p.expectType("request_processing_seconds", "summary")
			p.expectType("request_total", "counter")
			count := p.value("request_processing_seconds_count")
			sum := p.value("request_processing_seconds_sum")
			p.expect(count >= 3, "%v observations", count)
			p.expect(sum > 0 && sum <= 1.5*count, "a sum of %v", sum) // each takes a second at most
			// One request may be in progress.
			requests := p.value("request_total", "route", "/")
			p.expect(requests == count || requests == count+1, "%v requests, %v observations", requests, count)
			median := p.value("request_processing_seconds", "quantile", "0.5")
			p.expect(median > 0 && median <= p.value("request_processing_seconds", "quantile", "0.99"),
				"a median of %v", median)
		},
		"inprogress": func(p *page) {
			p.expectType("request_in_progress", "gauge")
			n := p.value("request_in_progress", "route", "/")
			p.expect(n > 0 && n <= 3 && n == math.Trunc(n), "%v in progress", n)
			p.expect(p.value("request_total", "route", "/") >= n, "more in progress than there were")
		},
		"counterrors": func(p *page) {
			p.expectType("request_handler_exceptions_total", "counter")
			failed := p.value("request_handler_exceptions_total", "route", "/")
			p.expect(failed > 0 && failed <= p.value("request_total", "route", "/"), "%v failed", failed)
		},
		"simpleservice": func(p *page) {
			p.expectType("events_total", "counter")
			n := p.value("events_total", "kind", "timer_expiry", "host", host)
			p.expect(n >= 2, "%v events", n)
		},
		"appservice": func(p *page) { checkAppService(p, host) },
		"typed": func(p *page) {
			p.expectType("orders_total", "counter")
			p.expectType("order_duration_seconds", "histogram")
			labels := []string{"product", "tea", "express", "false", "code", "200"}
			n := p.value("orders_total", labels...)
			p.expect(n >= 1, "%v orders", n)
			p.expect(math.Abs(n-p.value("order_duration_seconds_count", labels...)) <= 1, "orders and durations differ")
			p.expect(p.value("order_duration_seconds_bucket", append(labels, "le", "+Inf")...) >= 1, "no bucket")
		},
		"collector": func(p *page) {
			p.expectType("db_connections", "gauge")
			p.expectType("db_waits_total", "counter")
			connections := p.value("db_connections", "state", "idle") + p.value("db_connections", "state", "in_use")
			p.expect(connections >= 1 && connections <= 4, "%v connections", connections)
			p.expect(p.value("db_waits_total") >= 1, "no waits")
			p.expect(p.value("db_wait_seconds_total") > 0, "no time spent in waits")
		},
		"utf8names": func(p *page) {
			p.expectType("messaging_client_sent_messages_total", "counter")
			p.expectType("messaging_client_operation_duration", "histogram")
			n := p.value("messaging_client_sent_messages_total", "messaging_destination_name", "mail")
			p.expect(n > 0, "%v messages", n)
		},
		"source": func(p *page) {
			p.expectType("spool_files", "gauge")
			for _, queue := range []string{"mail", "print"} {
				files, size := p.value("spool_files", "queue", queue), p.value("spool_bytes", "queue", queue)
				p.expect(files >= 1 && size == 5*files, "%s: %v files of %v bytes", queue, files, size)
			}
		},
		"curry": func(p *page) {
			p.expectType("jobs_total", "counter")
			for _, tenant := range []string{"acme", "umbrella"} {
				labels := []string{"tenant", tenant, "queue", "mail"}
				failed, done := p.value("jobs_total", append(labels, "result", "error")...),
					p.value("jobs_total", append(labels, "result", "ok")...)
				p.expect(failed >= 1 && done >= 1, "%s: %v jobs failed and %v did not", tenant, failed, done)
				count := p.value("job_duration_seconds_count", labels...)
				p.expect(math.Abs(count-failed-done) <= 1, "%s: %v durations of %v jobs", tenant, count, failed+done)
			}
		},
		"sessions": func(p *page) {
			p.expectType("clicks_total", "counter")
			p.expect(p.value("clicks_total", "tenant", "acme", "user", "__overflow__") >= 1, "nobody shares a series")
			p.expect(p.value("quipu_overflowed_lookups_total", "metric", "clicks_total") >= 1, "no lookup is counted")
			p.expect(p.value("quipu_expired_series_total", "metric", "clicks_total") >= 1, "nobody has left")
		},
		"mount": func(p *page) {
			p.expectType("app_pool_busy", "gauge")
			p.expectType("app_pool_jobs_total", "counter")
			for _, pool := range []string{"mail", "print"} {
				jobs, busy := p.value("app_pool_jobs_total", "pool", pool), p.value("app_pool_busy", "pool", pool)
				p.expect(jobs >= 1 && busy >= 0 && busy <= 2, "%s: %v jobs, %v busy", pool, jobs, busy)
			}
			p.expect(p.value("app_pool_full_total", "pool", "mail") >= 1, "the one worker is never busy")
		},
		"collect": func(p *page) {
			p.expect(p.value("go_goroutines") >= 1, "no goroutines")
			p.expect(p.value("go_gc_duration_seconds_count") >= 1, "no garbage collections")
			p.expect(strings.Contains(p.Text, "\ngo_build_info{"), "no build information")
			if runtime.GOOS == "linux" {
				p.expect(p.value("process_start_time_seconds") > 1e9, "the process started too early")
			}
		},
		"roundtripper": func(p *page) {
			p.expectType("http_client_requests_total", "counter")
			requests := 0.0
			for series, n := range p.Samples {
				if strings.HasPrefix(series, "http_client_requests_total{") {
					p.expect(strings.Contains(series, `host="127.0.0.1:`), "%s has another host", series)
					requests += n
				}
			}
			p.expect(requests >= 3, "%v requests", requests)
		},
		"exemplars": func(p *page) {
			p.expect(p.value("request_errors_total") >= 1, "no failures")
			p.expect(p.value("request_duration_seconds_count") >= 10, "few requests")
		},
		"native": func(p *page) {
			for _, name := range []string{"request_duration_seconds", "response_size_bytes"} {
				p.expectType(name, "histogram")
				p.expect(p.value(name+"_count") >= 10, "few observations of %s", name)
				p.expect(p.value(name+"_sum") > 0, "no sum of %s", name)
			}
			p.value("response_size_bytes_bucket", "le", "1e+06")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			program, url := start(t, name)
			testkit.Poll(t, patience, func() error {
				read, err := testkit.GetPage(url)
				if err != nil {
					return err
				}
				p := page{Page: read}
				check(&p)
				return p.err
			})
			program.Signal(os.Interrupt)
			require.Zero(t, program.Wait(patience), program.Output())
			require.Equal(t, "Serving metrics on: "+url+"\n", program.Output())
			_, err := http.Get(url)
			require.Error(t, err, "nobody serves any more")
		})
	}
}

func checkAppService(p *page, host string) {
	consts := func(labels ...string) []string { return append(labels, "host", host, "app", "ExampleApp") }
	requests := p.value("requests_total", consts("path", "/")...)
	p.expect(requests >= 2, "%v requests", requests)

	path := consts("path", "/data")
	p.expectType("request_payload_size_bytes", "summary")
	p.expectType("request_latency_seconds", "histogram")
	for _, name := range []string{"request_payload_size_bytes", "request_latency_seconds"} {
		n := p.value(name+"_count", path...)
		p.expect(n >= requests-1 && n <= requests+1, "%v of %s in %v requests", n, name, requests)
	}
	p.expect(p.value("request_payload_size_bytes", append(path, "quantile", "0.99")...) <= 1024, "a large payload")
	p.value("request_payload_size_bytes", append(path, "quantile", "0.5")...)
	for _, le := range []string{"0.1", "0.5", "1", "5", "+Inf"} {
		p.value("request_latency_seconds_bucket", append(path, "le", le)...)
	}

	if _, err := os.Stat("/proc/meminfo"); err != nil {
		return // the example prints that it needs /proc
	}
	used := p.value("memory_usage_bytes", consts("type", "virtual")...)
	p.expect(used > 1e6 && used < 1e14, "%v bytes of memory in use", used)
	p.expect(p.value("memory_usage_bytes", consts("type", "swap")...) >= 0, "a negative amount of swap")
	busy := p.value("cpu_usage_percent", consts("core", "0")...)
	p.expect(busy >= 0 && busy <= 100, "%v %% busy", busy)
}

// get fetches a URL with an Accept header.
func get(t *testing.T, url, accept string) (body, contentType string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	request.Header.Set("Accept", accept)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return string(text), response.Header.Get("Content-Type")
}

func TestExemplarsAreInOpenMetrics(t *testing.T) {
	_, url := start(t, "exemplars")
	const exemplar = ` # \{trace_id="[0-9a-f]{16}"\} \S+ \S+\n`
	counter := regexp.MustCompile(`\nrequest_errors_total \d+(\.0)?` + exemplar)
	bucket := regexp.MustCompile(`\nrequest_duration_seconds_bucket\{le="\S+"\} \d+` + exemplar)
	testkit.Poll(t, patience, func() error {
		text, contentType := get(t, url, "application/openmetrics-text")
		require.Contains(t, contentType, "application/openmetrics-text; version=1.0.0")
		require.True(t, strings.HasSuffix(text, "# EOF\n"))
		if !counter.MatchString(text) || !bucket.MatchString(text) {
			return fmt.Errorf("an exemplar is missing:\n%s", text)
		}
		return nil
	})
	text, _ := get(t, url, "text/plain")
	require.NotContains(t, text, "trace_id")
}

func TestNativeHistogramsAreInProtobuf(t *testing.T) {
	_, url := start(t, "native")
	const protobuf = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
	body, contentType := get(t, url, protobuf)
	require.Contains(t, contentType, protobuf)
	require.Contains(t, body, "request_duration_seconds")
}

// TestReadmeListsEveryExample checks that the list is complete.
func TestReadmeListsEveryExample(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	entries, err := os.ReadDir(".")
	require.NoError(t, err)
	for _, e := range entries {
		if e.IsDir() {
			require.Contains(t, string(readme), "]("+e.Name()+"/)", "README.md does not list "+e.Name())
		}
	}
}
