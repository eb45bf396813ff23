// SPDX-License-Identifier: Apache-2.0

package testkit

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPrometheusAnswers(t *testing.T) {
	Baseline(t)
	p := StartPrometheus(t, "global: {scrape_interval: 100ms, scrape_timeout: 100ms}\n"+
		"scrape_configs: [{job_name: nobody, static_configs: [{targets: ['"+FreeAddr(t)+"']}]}]\n")
	require.Equal(t, 3.0, p.Value("vector(1) + 2"))
	Poll(t, 10*time.Second, func() error {
		if len(p.Query("up")) == 0 {
			return errors.New("no scrape yet")
		}
		return nil
	})
	up := p.Query("up")[0]
	require.Equal(t, 0.0, up.Point.Value)
	require.Equal(t, "nobody", up.Labels["job"])
	require.WithinDuration(t, time.Now(), up.Point.Time, time.Minute)
	require.Equal(t, map[string]float64{"up{}": 0}, p.Values("up"))
	require.Len(t, p.Targets(), 1)
	require.Equal(t, "down", p.Targets()[0].Health)
	require.Contains(t, p.Targets()[0].LastError, "refused")
	require.Contains(t, p.Log(), "Server is ready")
}
