// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

// TestPrometheusReadsUTF8Names makes a real Prometheus scrape a registry with names that are no
// identifiers. One that does not ask for an escaping gets underscores.
func TestPrometheusReadsUTF8Names(t *testing.T) {
	testkit.Baseline(t)
	reg := engine.NewRegistry(engine.WithUTF8Names())
	requests := engine.Must(reg.NewCounterVec("http.requests_total", "", []string{"http.method", "1\n\"\\\u00fc"}))
	requests.With("GET", "a").Add(3)
	engine.Must(reg.NewHistogram("h.\U0001d11e", "", engine.WithBuckets(1))).Observe(2)
	engine.Must(reg.NewGaugeVec("open", "", nil)).WithLabels(engine.Labels{"a.b": "1", "c": "2"}).Set(4)
	server := testkit.Serve(t, export.Handler(reg))

	p := testkit.StartPrometheus(t, fmt.Sprintf(`
scrape_configs:
  - job_name: names
    metrics_path: /
    scrape_interval: 500ms
    scrape_timeout: 500ms
    static_configs:
      - targets: [%q]
`, server.Listener.Addr()))
	testkit.Poll(t, 30*time.Second, func() error {
		for _, target := range p.Targets() {
			if target.Health != "up" {
				return fmt.Errorf("%s: %s", target.Health, target.LastError)
			}
		}
		if n := len(p.Query(`up == 1`)); n != 1 {
			return fmt.Errorf("%d targets are up", n)
		}
		return nil
	})
	require.EqualValues(t, 3, p.Value(`http_requests_total{http_method="GET",_____="a"}`))
	require.EqualValues(t, 1, p.Value(`h___count`))
	require.EqualValues(t, 4, p.Value(`open{a_b="1",c="2"}`))
}
