// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/examples/hotpath/load"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

// TestPromtoolFindsNothingWrongWithThePage checks the page in text format. GetPage finds series
// that occur twice, which promtool does not.
func TestPromtoolFindsNothingWrongWithThePage(t *testing.T) {
	promtool := testkit.Require(t, "promtool")
	testkit.Baseline(t)
	service := testkit.Start(t, testkit.Build(t, "../../examples/hotpath"), "-addr", "127.0.0.1:0", "-load=false")
	url := service.Find(`^Serving metrics on: (http://\S+)/metrics\n`, time.Minute)[1]

	for _, requests := range []int{0, 500} {
		if requests > 0 {
			ledger := load.Run(t.Context(),
				load.Config{URL: url, Workers: 2, Rate: float64(requests), Duration: time.Second})
			require.Positive(t, ledger.Total())
			require.Zero(t, ledger.Failed+ledger.Wrong)
		}
		page, err := testkit.GetPage(url + "/metrics")
		require.NoError(t, err)
		lint := exec.Command(promtool, "check", "metrics")
		lint.Stdin = strings.NewReader(page.Text)
		out, err := lint.CombinedOutput()
		require.NoError(t, err, "%s", out)
		require.Empty(t, string(out))

		// No update of this service is misuse.
		for _, series := range []string{
			`quipu_dropped_updates_total{reason="labels"}`, `quipu_dropped_updates_total{reason="nan"}`,
			`quipu_dropped_updates_total{reason="negative"}`, `quipu_inexact_snapshots_total{}`,
		} {
			value, ok := page.Samples[series]
			require.True(t, ok, "%s\n%s", series, page.Text)
			require.Zero(t, value, series)
		}
		require.Positive(t, page.Value(t, "quipu_series"))
	}
}
