// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export/push"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

const importPath = "/api/v1/import/prometheus"

func TestVictoriaMetricsImportsWhatIsPushed(t *testing.T) {
	testkit.Baseline(t)
	victoria := testkit.StartVictoria(t)
	reg := engine.NewRegistry()
	pushedCounter(t, reg, "imported_total", 5)
	values := []string{"plain", "/var/tmp", "50% of ü?#;+&=\\\"\n"}
	gauges, err := reg.NewGaugeVec("level", "A gauge.", []string{"path"})
	require.NoError(t, err)
	for i, v := range values {
		gauges.With(v).Set(float64(i))
	}
	h, err := reg.NewHistogram("imported_seconds", "A histogram.", engine.WithBuckets(5, 10, 15))
	require.NoError(t, err)
	for _, v := range []float64{3, 5.2, 13, 4} {
		h.Observe(v)
	}

	for _, where := range values {
		p, err := push.New(victoria.URL, "my-job", push.WithRegistry(reg), push.WithPath(importPath),
			push.WithGrouping("where", where), push.WithGrouping("empty", ""))
		require.NoError(t, err)
		require.NoError(t, p.Add(t.Context()))
		require.ErrorContains(t, p.Delete(t.Context()), "no groups")
	}

	for query, series := range map[string]int{
		"imported_total": 3, "level": 9, "imported_seconds_bucket": 12, "imported_seconds_count": 3,
	} {
		testkit.Poll(t, 20*time.Second, func() error {
			victoria.Flush()
			if n := len(victoria.Query(query)); n != series {
				return fmt.Errorf("%s has %d series, not yet %d", query, n, series)
			}
			return nil
		})
		for _, sample := range victoria.Query(query) {
			require.Equal(t, "my-job", sample.Labels["job"])
			require.NotContains(t, sample.Labels, "empty", "an empty label is none")
		}
	}
	totals, paths := victoria.Values("imported_total"), victoria.Values("level")
	require.Len(t, totals, len(values))
	require.Len(t, paths, len(values)*len(values))
	for _, where := range values {
		require.Equal(t, 5.0, totals[testkit.Series("imported_total", "where", where)], where)
		for i, path := range values {
			require.Equal(t, float64(i), paths[testkit.Series("level", "where", where, "path", path)], path)
		}
	}
	buckets := victoria.Values(`imported_seconds_bucket{where="plain"}`)
	for le, want := range map[string]float64{"5": 2, "10": 3, "15": 4, "+Inf": 4} {
		require.Equal(t, want, buckets[testkit.Series("imported_seconds_bucket", "where", "plain", "le", le)], le)
	}
}

func TestRunKeepsVictoriaMetricsUpToDate(t *testing.T) {
	testkit.Baseline(t)
	victoria := testkit.StartVictoria(t)
	reg := engine.NewRegistry()
	c := pushedCounter(t, reg, "running_total", 1)
	p, err := push.New(victoria.URL, "runner", push.WithRegistry(reg), push.WithPath(importPath))
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx, 200*time.Millisecond) }()

	waitFor := func(want float64) {
		t.Helper()
		testkit.Poll(t, 20*time.Second, func() error {
			victoria.Flush()
			if samples := victoria.Query("running_total"); len(samples) != 1 || samples[0].Point.Value != want {
				return errors.New("not the new value yet")
			}
			return nil
		})
	}
	waitFor(1)
	c.Add(41)
	waitFor(42)
	c.Inc()
	stop()
	require.NoError(t, <-ended)
	waitFor(43)
}
