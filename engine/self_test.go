// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

func TestTheRegistryReportsOnItself(t *testing.T) {
	r := engine.NewRegistry()
	v, err := r.NewGaugeVec("g", "", []string{"a"})
	require.NoError(t, err)
	own := scrape(t, r).float(t, "quipu_series")
	v.With("1")
	v.With("2")
	n, err := r.Expose(io.Discard, engine.Exposition{})
	require.NoError(t, err)
	_, err = r.Expose(io.Discard, engine.Exposition{Names: []string{"none"}})
	require.NoError(t, err)
	page := scrape(t, r)
	require.EqualValues(t, own+2, page.float(t, "quipu_series"))
	require.EqualValues(t, 3, page.float(t, "quipu_scrapes_total"), "those before this one")
	require.Greater(t, page.float(t, "quipu_scrape_bytes_total"), float64(n))
	require.EqualValues(t, 3, page.float(t, "quipu_scrape_duration_seconds_count"))
	require.NotContains(t, valuesOf(t, r), "quipu_scrapes_total")
}

func TestTheRegistrysOwnNamesAreTaken(t *testing.T) {
	r := engine.NewRegistry()
	for _, name := range []string{"quipu_scrapes_total", "quipu_scrapes", "quipu_scrape_duration_seconds_count",
		"quipu_series"} {
		_, err := r.NewGauge(name, "")
		require.ErrorIs(t, err, engine.ErrTaken, name)
		require.Contains(t, err.Error(), "the registry itself", name)
	}
	_, err := r.NewCounter("quipu_scrapes_total", "Pages written.")
	require.ErrorIs(t, err, engine.ErrTaken, "even the same definition: its numbers are the registry's")
	r.Clear()
	require.Contains(t, scrape(t, r).values, "quipu_scrapes_total")
}

func TestConstLabelsMayHaveTheNamesThatSelfMetricsUse(t *testing.T) {
	r := engine.NewRegistry(engine.WithConstLabels(engine.Labels{"reason": "x", "app": "y"}))
	must(r.NewCounter("c_total", "")).Inc()
	require.Contains(t, pageOf(t, r), `c_total{app="y",reason="x"} 1`)
}
