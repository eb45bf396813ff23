// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export"
	"github.com/quipu-metrics/quipu/histogram"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

// TestPrometheusReadsEveryFormat makes a real Prometheus scrape the same registry at three paths,
// each of which offers one more format. It checks which format Prometheus chose and which samples
// it then has.
func TestPrometheusReadsEveryFormat(t *testing.T) {
	testkit.Baseline(t)
	reg := engine.NewRegistry()
	ledger := fillRegistry(t, reg)
	server, chosen := serveFormats(t, reg)

	var config strings.Builder
	config.WriteString("scrape_configs:\n")
	for _, job := range []string{"text", "openmetrics", "protobuf"} {
		fmt.Fprintf(&config, `
  - job_name: %s
    metrics_path: /%[1]s
    scrape_interval: 500ms
    scrape_timeout: 500ms
    static_configs:
      - targets: [%q]
`, job, server.Listener.Addr())
	}
	p := testkit.StartPrometheus(t, config.String(), "--enable-feature=exemplar-storage,native-histograms")
	testkit.Poll(t, 30*time.Second, func() error {
		for _, target := range p.Targets() {
			if target.Health != "up" {
				return fmt.Errorf("%s is %s: %s", target.ScrapeURL, target.Health, target.LastError)
			}
		}
		if n := len(p.Query("jobs_total")); n != 3*2 {
			return fmt.Errorf("%d of 6 series", n)
		}
		return nil
	})

	for job, format := range map[string]encode.Format{
		"text": encode.Text, "openmetrics": encode.OpenMetrics, "protobuf": encode.Protobuf,
	} {
		require.Equal(t, format.ContentType(), chosen(job), job)
		value := func(query string, args ...any) float64 {
			return p.Value(strings.ReplaceAll(fmt.Sprintf(query, args...), "$", fmt.Sprintf("job=%q", job)))
		}
		require.EqualValues(t, ledger.done, value(`jobs_total{$,state="done"}`))
		require.EqualValues(t, 2.5, value(`jobs_total{$,state="we\"ird\n\\"}`))
		require.EqualValues(t, -3.25, value(`temperature_celsius{$}`))
		require.EqualValues(t, len(ledger.values), value(`size_bytes_count{$}`))
		require.InEpsilon(t, ledger.sum, value(`size_bytes_sum{$}`), 1e-12)
		require.EqualValues(t, ledger.atMost(1000), value(`size_bytes_bucket{$,le=%q}`, bound(job, 1000)))
		require.InDelta(t, ledger.quantile(0.5), value(`age_seconds{$,quantile="0.5"}`), 0.05*ledger.span())
		require.EqualValues(t, len(ledger.values), value(`age_seconds_count{$}`))
		if job == "protobuf" {
			requireNative(t, ledger, value)
		} else {
			require.EqualValues(t, len(ledger.values), value(`native_bytes_count{$}`), "text has the count only")
		}
	}

	for _, job := range []string{"openmetrics", "protobuf"} {
		var ids []string
		for _, e := range p.Exemplars(fmt.Sprintf(`{job=%q}`, job)) {
			ids = append(ids, fmt.Sprintf("%s %s %v", e.Series["__name__"], e.Labels["trace_id"], e.Value))
		}
		require.Contains(t, ids, "jobs_total counter-trace 1", job)
		require.Contains(t, ids, "size_bytes_bucket histogram-trace 999", job)
	}
	require.Empty(t, p.Exemplars(`{job="text"}`))
}

// bound returns a bound as the format of the job writes it. In protobuf it is a number, which
// Prometheus writes as OpenMetrics does.
func bound(job string, v float64) string {
	if job == "text" {
		return fmt.Sprint(v)
	}
	return fmt.Sprintf("%.1f", v)
}

// requireNative checks the results that Prometheus computes from native buckets of schema 3, which
// grow by 9 %.
func requireNative(t *testing.T, l *formatsLedger, value func(string, ...any) float64) {
	require.EqualValues(t, len(l.values), value(`histogram_count(native_bytes{$})`))
	require.InEpsilon(t, l.sum, value(`histogram_sum(native_bytes{$})`), 1e-12)
	growth := math.Exp2(1.0 / 8)
	for _, q := range []float64{0.1, 0.5, 0.9, 0.99} {
		exact := l.quantile(q)
		got := value(`histogram_quantile(%v, native_bytes{$})`, q)
		require.True(t, got <= exact*growth && got >= exact/growth, "q %v: %v, exactly %v", q, got, exact)
	}
	require.EqualValues(t, len(l.values), value(`histogram_count(both_bytes{$})`))
}

// formatsLedger holds the values that the registry must show.
type formatsLedger struct {
	done   int
	values []float64 // sorted
	sum    float64
}

func (l *formatsLedger) atMost(bound float64) (n int) {
	n, found := slices.BinarySearch(l.values, bound)
	for found && n < len(l.values) && l.values[n] == bound {
		n++
	}
	return n
}

func (l *formatsLedger) quantile(q float64) float64 {
	return l.values[int(math.Ceil(q*float64(len(l.values))))-1]
}

// span returns the distance of the values in the middle, which translates an error in rank into one
// in value.
func (l *formatsLedger) span() float64 { return (l.quantile(0.6) - l.quantile(0.4)) / 0.2 * 1.5 }

func fillRegistry(t *testing.T, reg *engine.Registry) *formatsLedger {
	counter := func(v *engine.CounterVec, err error) *engine.CounterVec { require.NoError(t, err); return v }
	jobs := counter(reg.NewCounterVec("jobs_total", "Jobs.", []string{"state"}))
	jobs.With("we\"ird\n\\").Add(2.5)
	gauge, err := reg.NewGauge("temperature_celsius", "Temperature.", engine.WithUnit("celsius"))
	require.NoError(t, err)
	gauge.Set(-3.25)
	buckets := engine.WithBuckets(histogram.Must(histogram.Exponential(1, 10, 6))...)
	size, err := reg.NewHistogram("size_bytes", "Sizes.", buckets, engine.WithUnit("bytes"))
	require.NoError(t, err)
	native, err := reg.NewHistogram("native_bytes", "Sizes.", engine.WithNative(histogram.NativeDefaults()))
	require.NoError(t, err)
	both, err := reg.NewHistogram("both_bytes", "Sizes.", engine.WithNative(histogram.NativeDefaults()), buckets)
	require.NoError(t, err)
	age, err := reg.NewSummary("age_seconds", "Ages.")
	require.NoError(t, err)

	l := &formatsLedger{done: 12345}
	jobs.With("done").Add(float64(l.done - 1))
	jobs.With("done").AddWithExemplar(1, engine.Labels{"trace_id": "counter-trace"})
	random := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		v := math.Round(math.Exp(random.NormFloat64()*2 + 5))
		l.values = append(l.values, v)
		l.sum += v
		size.Observe(v)
		native.Observe(v)
		both.Observe(v)
		age.Observe(v)
	}
	const v = 999
	l.values = append(l.values, v)
	l.sum += v
	size.ObserveWithExemplar(v, engine.Labels{"trace_id": "histogram-trace"})
	native.Observe(v)
	both.Observe(v)
	age.Observe(v)
	slices.Sort(l.values)
	return l
}

// serveFormats serves the registry at /text, /openmetrics and /protobuf. chosen returns the format
// of the last answer at a path.
func serveFormats(t *testing.T, reg *engine.Registry) (server *httptest.Server, chosen func(job string) string) {
	var mu sync.Mutex
	answered := map[string]string{}
	mux := http.NewServeMux()
	for job, handler := range map[string]http.Handler{
		"text":        export.Handler(reg, export.WithFormats(encode.Text)),
		"openmetrics": export.Handler(reg, export.WithFormats(encode.OpenMetrics, encode.Text)),
		"protobuf":    export.Handler(reg),
	} {
		mux.HandleFunc("/"+job, func(w http.ResponseWriter, r *http.Request) {
			handler.ServeHTTP(w, r)
			mu.Lock()
			defer mu.Unlock()
			answered[job] = w.Header().Get("Content-Type")
		})
	}
	server = httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server, func(job string) string {
		mu.Lock()
		defer mu.Unlock()
		return answered[job]
	}
}
