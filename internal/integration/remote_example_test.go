// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/testkit"
)

// endsAtOnce starts the example of remote write, waits until the receiver has its series, and stops
// it as Ctrl-C does. Its series end then, without the five minutes that they would stay otherwise.
func endsAtOnce(t *testing.T, server *testkit.Prometheus, flush func(), before func()) {
	t.Helper()
	example := testkit.Start(t, testkit.Build(t, "../../examples/remote"),
		"-url", server.URL+"/api/v1/write", "-every", "500ms")
	ask := func(check func(series int) error) {
		testkit.Poll(t, 30*time.Second, func() error {
			flush()
			return check(len(server.Query(`{job="shop",instance="shop-1"}`)))
		})
	}
	ask(func(series int) error {
		if series == 0 {
			return fmt.Errorf("no series; the example printed: %s", example.Output())
		}
		return nil
	})
	before()
	example.Signal(os.Interrupt)
	require.Zero(t, example.Wait(30*time.Second), example.Output())
	require.Equal(t, "sending every 500ms\nsent the last values\n", example.Output())
	ask(func(series int) error {
		if series > 0 {
			return fmt.Errorf("%d series have not ended", series)
		}
		return nil
	})
}

func TestSeriesOfTheExampleEndWithItInPrometheus(t *testing.T) {
	testkit.Baseline(t)
	configuration, err := os.ReadFile("../../examples/remote/prometheus.yml")
	require.NoError(t, err)
	server := testkit.StartPrometheus(t, string(configuration), "--web.enable-remote-write-receiver",
		"--enable-feature=exemplar-storage,native-histograms")
	endsAtOnce(t, server, func() {}, func() {
		testkit.Poll(t, 30*time.Second, func() error {
			exemplars := server.Exemplars("order_duration_seconds")
			if len(exemplars) == 0 {
				return fmt.Errorf("no exemplars")
			}
			require.Len(t, exemplars[0].Labels["trace_id"], 32)
			return nil
		})
	})
}

func TestSeriesOfTheExampleEndWithItInVictoriaMetrics(t *testing.T) {
	testkit.Baseline(t)
	server := testkit.StartVictoria(t)
	endsAtOnce(t, &server.Prometheus, server.Flush, func() {})
}
