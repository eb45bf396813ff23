// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/examples/hotpath/load"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

func TestOutputBeginsWithTheURLAndTheConfigurationToPaste(t *testing.T) {
	p := start(t, "-load=false")
	address := strings.TrimPrefix(p.url, "http://")
	require.True(t, strings.HasPrefix(p.output.String(), "Serving metrics on: http://"+address+`/metrics
Look at them live:  http://`+address+`/live/

# prometheus.yml
scrape_configs:
  - job_name: hotpath
    scrape_interval: 5s
    static_configs:
      - targets: ["`+address+`"]

`), p.output)
	_, err := testkit.GetPage(p.url + "/metrics")
	require.NoError(t, err)
	require.Contains(t, testkit.Fetch(t, p.url+"/live/"), "<title>Live metrics</title>")
	require.NoError(t, p.stop())
	require.Contains(t, p.output.String(), "Served 0 requests")
}

func TestPortThatIsTakenIsAClearError(t *testing.T) {
	p := start(t, "-load=false")
	address := strings.TrimPrefix(p.url, "http://")
	var stdout, stderr bytes.Buffer
	err := run(t.Context(), []string{"-addr", address}, &stdout, &stderr)
	require.ErrorIs(t, err, syscall.EADDRINUSE)
	require.ErrorContains(t, err, "cannot serve on "+address)
	require.ErrorContains(t, err, "-addr")
	require.Empty(t, stdout.String(), "nothing is served, so nothing is announced")

	other := testkit.Start(t, testkit.Build(t, "."), "-addr", address)
	require.Equal(t, 1, other.Wait(10*time.Second))
	require.Contains(t, other.Output(), "hotpath: cannot serve on "+address)
	require.Equal(t, 1, strings.Count(other.Output(), "\n"), other.Output())
}

func TestWrongUsageIsRefused(t *testing.T) {
	for _, args := range [][]string{{"-rate", "NaN"}, {"-rate", "-1"}, {"-workers", "0"}, {"-for", "-1s"}, {"extra"},
		{"-no"}} {
		var stdout, stderr bytes.Buffer
		require.ErrorIs(t, run(t.Context(), args, &stdout, &stderr), errUsage, args)
		require.Contains(t, stderr.String(), "-addr", "the flags are explained")
		require.Empty(t, stdout.String())
	}
	var stderr bytes.Buffer
	require.ErrorIs(t, run(t.Context(), []string{"-h"}, &stderr, &stderr), flag.ErrHelp)
}

func TestForStopsTheProgram(t *testing.T) {
	began := time.Now()
	p := start(t, "-for", "300ms", "-rate", "500")
	require.NoError(t, p.wait())
	require.GreaterOrEqual(t, time.Since(began), 300*time.Millisecond)
	output := p.output.String()
	require.Regexp(t, `Served [1-9]\d* requests in 0\.\d s`, output)
	require.Regexp(t, `The load sent [1-9]\d* requests: 0 without an answer, 0 with a wrong one\.`, output)
	require.Regexp(t, `Metrics took about \d+ ns`, output)
}

func TestInterruptEndsTheProgramCleanly(t *testing.T) {
	binary := testkit.Build(t, ".")
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		p := testkit.Start(t, binary, "-addr", "127.0.0.1:0", "-rate", "0")
		url := p.Find(`^Serving metrics on: (\S+)\n`, 10*time.Second)[1]
		testkit.Poll(t, 10*time.Second, func() error {
			page, err := testkit.GetPage(url)
			if err == nil && page.Samples[testkit.Series("kv_keys")] == 0 {
				err = errors.New("no load yet")
			}
			return err
		})
		p.Signal(signal)
		require.Zero(t, p.Wait(10*time.Second), p.Output())
		require.Contains(t, p.Output(), ": 0 without an answer, 0 with a wrong one.")
	}
}

func TestRequestsUnderWayAreFinished(t *testing.T) {
	p := start(t, "-load=false")
	connection, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
	require.NoError(t, err)
	defer connection.Close()
	_, err = fmt.Fprint(connection, "POST /digest HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na")
	require.NoError(t, err)
	testkit.Poll(t, 10*time.Second, func() error {
		page, err := testkit.GetPage(p.url + "/metrics")
		if err == nil && page.Samples["http_requests_in_flight{}"] != 1 {
			err = errors.New("not in flight")
		}
		return err
	})
	p.cancel()
	time.Sleep(50 * time.Millisecond) // for Shutdown to begin; if it has not, the test is easier
	_, err = fmt.Fprint(connection, "bc")
	require.NoError(t, err)
	answer := make([]byte, 1024)
	n, err := connection.Read(answer)
	require.NoError(t, err)
	require.Contains(t, string(answer[:n]), "200 OK")
	require.NoError(t, p.wait())
	require.Contains(t, p.output.String(), "Served 1 requests")
}

func TestLedgerThatCannotBeWrittenIsAnError(t *testing.T) {
	p := start(t, "-load-for", "50ms", "-ledger", filepath.Join(t.TempDir(), "missing", "ledger.json"))
	require.ErrorContains(t, p.wait(), "cannot write the ledger")
}

// TestPageEqualsTheLedger compares everything on the page that the client can know exactly.
func TestPageEqualsTheLedger(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ledger.json")
	p := start(t, "-rate", "0", "-load-for", "1s", "-workers", "8", "-ledger", file)
	var ledger load.Ledger
	testkit.Poll(t, 30*time.Second, func() error {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		return json.Unmarshal(text, &ledger)
	})
	require.Zero(t, ledger.Failed, ledger.FirstFailure)
	require.Zero(t, ledger.Wrong, ledger.FirstWrong)
	require.Greater(t, ledger.Total(), int64(100))

	var page *testkit.Page
	testkit.Poll(t, 10*time.Second, func() (err error) {
		page, err = testkit.GetPage(p.url + "/metrics")
		if err == nil && page.Samples["http_requests_in_flight{}"] != 0 {
			err = errors.New("requests are in flight after the load")
		}
		return err
	})
	got := map[string]float64{}
	for series, value := range page.Samples {
		if !strings.HasPrefix(series, "quipu_") && !strings.HasPrefix(series, "http_request_body_bytes{") &&
			!strings.HasPrefix(series, "http_request_duration_seconds_bucket") &&
			!strings.HasPrefix(series, "http_request_duration_seconds_sum") {
			got[series] = value
		}
	}
	require.Equal(t, expected(&ledger), got)
	require.NoError(t, p.stop())
	require.Contains(t, p.output.String(), fmt.Sprintf("Served %d requests", ledger.Total()))
}

// expected returns the page that follows from the ledger.
func expected(ledger *load.Ledger) map[string]float64 {
	reads := func(code int) float64 {
		return float64(ledger.Requests[load.Request{Method: "GET", Route: "/kv/{key}", Code: code}])
	}
	want := map[string]float64{
		"http_requests_in_flight{}":       0,
		"kv_keys{}":                       float64(ledger.Keys),
		"kv_bytes{}":                      float64(ledger.KeyBytes),
		"kv_hits_total{}":                 reads(200),
		"kv_misses_total{}":               reads(404),
		"http_request_body_bytes_count{}": float64(ledger.RequestBytes.Count()),
		"http_request_body_bytes_sum{}":   float64(ledger.RequestBytes.Sum()),
	}
	for r, n := range ledger.Requests {
		want[testkit.Series("http_requests_total",
			"method", r.Method, "route", r.Route, "code", strconv.Itoa(r.Code))] = float64(n)
		want[testkit.Series("http_request_duration_seconds_count", "route", r.Route)] += float64(n)
	}
	for route, sizes := range ledger.ResponseBytes {
		want[testkit.Series("http_response_body_bytes_count", "route", route)] = float64(sizes.Count())
		want[testkit.Series("http_response_body_bytes_sum", "route", route)] = float64(sizes.Sum())
		for _, bound := range []float64{16, 64, 256, 1024, 4096, 16384, 65536, 262144, math.Inf(1)} {
			series := testkit.Series("http_response_body_bytes_bucket",
				"route", route, "le", strconv.FormatFloat(bound, 'g', -1, 64))
			want[series] = 0
			for size, n := range sizes {
				if float64(size) <= bound {
					want[series] += float64(n)
				}
			}
		}
	}
	return want
}
