// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export/remote"
	"github.com/quipu-metrics/quipu/histogram"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

// written is a registry whose values are known.
func written() (reg *engine.Registry, requests *engine.CounterVec) {
	reg = engine.NewRegistry()
	requests = engine.Must(reg.NewCounterVec("written_total", "Requests.", []string{"path"}))
	requests.With("/a").Add(2)
	requests.With("/b").Add(3)
	h := engine.Must(reg.NewHistogram("written_seconds", "Latency.", engine.WithBuckets(1, 2)))
	h.Observe(1.5)
	n := engine.Must(reg.NewHistogram("written_bytes", "Sizes.", engine.WithNative(histogram.NativeDefaults())))
	n.Observe(7)
	return reg, requests
}

// checkWritten sends to a receiver that does not know version 2.0, and asks it for all values.
// count is how the receiver counts the observations of a native histogram, and empty if it takes
// none. outcome is what a send returns.
func checkWritten(t *testing.T, server *testkit.Prometheus, path, count string, outcome error, flush func()) {
	reg, requests := written()
	w, err := remote.New(server.URL+path, remote.WithRegistry(reg), remote.WithLabels(engine.Labels{"job": "j"}))
	require.NoError(t, err)
	require.ErrorIs(t, w.Send(t.Context()), outcome)
	want := map[string]float64{
		`written_total{path="/a",job="j"}`: 2, `written_total{path="/b",job="j"}`: 3,
		`written_seconds_bucket{le="2.0"}`: 1, `written_seconds_sum`: 1.5, `written_seconds_count`: 1,
	}
	if count != "" {
		want[count] = 1
	}
	value := func(query string) (float64, error) {
		flush()
		samples := server.Query(query)
		if len(samples) != 1 {
			return 0, fmt.Errorf("%s has %d series", query, len(samples))
		}
		return samples[0].Point.Value, nil
	}
	for query, expected := range want {
		testkit.Poll(t, 20*time.Second, func() error {
			v, err := value(query)
			if err == nil && v != expected {
				err = fmt.Errorf("%s is %v, not yet %v", query, v, expected)
			}
			return err
		})
	}

	// A series that is deleted ends at once, without the five minutes that it would stay otherwise.
	require.True(t, requests.Delete("/b"))
	require.ErrorIs(t, w.Send(t.Context()), outcome)
	testkit.Poll(t, 20*time.Second, func() error {
		flush()
		if n := len(server.Query("written_total")); n != 1 {
			return fmt.Errorf("%d series, not yet 1", n)
		}
		return nil
	})
}

func TestAnOldPrometheusStoresWhatIsSent(t *testing.T) {
	testkit.Baseline(t)
	const receiver = "--web.enable-remote-write-receiver"
	p := testkit.StartPrometheus(t, "", receiver, "--enable-feature=native-histograms")
	checkWritten(t, p, "/api/v1/write", "histogram_count(written_bytes)", nil, func() {})
	without := testkit.StartPrometheus(t, "", receiver) // it refuses every request with a native histogram
	checkWritten(t, without, "/api/v1/write", "", remote.ErrNatives, func() {})
}

func TestVictoriaMetricsStoresWhatIsSent(t *testing.T) {
	testkit.Baseline(t)
	v := testkit.StartVictoria(t)
	checkWritten(t, &v.Prometheus, "/api/v1/write", "", nil, v.Flush)
}

// The example of remote write does what its README says.
func TestTheExampleOfRemoteWriteIsStoredAsItsREADMESays(t *testing.T) {
	testkit.Baseline(t)
	const dir = "../../examples/remote/"
	configuration, err := os.ReadFile(dir + "prometheus.yml")
	require.NoError(t, err)
	readme, err := os.ReadFile(dir + "README.md")
	require.NoError(t, err)
	flags := regexp.MustCompile(`--(web|enable)[^ \n]+`).FindAllString(string(readme), 2)
	require.Len(t, flags, 2)
	queries := strings.Split(string(readme), "```promql\n")[1:]
	require.Len(t, queries, 2)
	program := testkit.Build(t, dir)

	prometheus := testkit.StartPrometheus(t, string(configuration), flags...)
	victoria := testkit.StartVictoria(t)
	for _, server := range []*testkit.Prometheus{prometheus, &victoria.Prometheus} {
		once := testkit.Start(t, program, "-every", "0", "-url", server.URL+"/api/v1/write")
		require.Zero(t, once.Wait(20*time.Second), once.Output())
		require.Equal(t, "sent\n", once.Output())
		testkit.Poll(t, 20*time.Second, func() error {
			if server != prometheus {
				victoria.Flush()
			}
			for _, query := range queries {
				query, _, _ = strings.Cut(query, "```")
				if n := len(server.Query(strings.TrimSpace(query))); n != 1 {
					return fmt.Errorf("%s has %d series", query, n)
				}
				if server != prometheus {
					break // it drops native histograms
				}
			}
			return nil
		})
	}
}
