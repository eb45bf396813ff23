// SPDX-License-Identifier: Apache-2.0

package live

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

func TestViewsAreParsed(t *testing.T) {
	for query, want := range map[string]view{
		"view=list":            {kind: viewList},
		"view=limits":          {kind: viewLimits},
		"view=self":            {kind: viewSelf},
		"view=metric&metric=m": {kind: viewMetric, metric: "m"},
		"view=metric&metric=m&label=a&label=1&label=b&label=": {
			kind: viewMetric, metric: "m",
			series: string(appendKey(nil, []engine.Label{{Name: "a", Value: "1"}, {Name: "b"}})),
		},
	} {
		values, err := url.ParseQuery(query)
		require.NoError(t, err)
		v, err := parseView(values)
		require.NoError(t, err)
		require.Equal(t, want, v)
	}
	for _, query := range []string{"", "view=", "view=other", "view=metric", "view=metric&metric="} {
		values, err := url.ParseQuery(query)
		require.NoError(t, err)
		_, err = parseView(values)
		require.Error(t, err, query)
	}
}

// The page explains the registry's own metrics by name.
func TestTheRegistryHasTheMetricsThatThePageExplains(t *testing.T) {
	reg := engine.NewRegistry()
	v := must(reg.NewGaugeVec("g", "", []string{"l"}, engine.WithMaxSeries(1)))
	v.With("a").Set(1)
	v.With("b").Set(1)
	r := newRecorder(reg, minInterval, 2)
	r.open(&view{kind: viewSelf})
	r.sample(second(0))
	for _, name := range selfMetrics {
		m := r.byName[name]
		require.Equal(t, 1, m.details.sample, name)
		if m.sample > 0 {
			continue
		}
		// Those that only show what has happened are not there yet.
		require.Contains(t, []string{
			"quipu_escaping_drops_total", "quipu_expired_series_total", "quipu_mount_drops_total",
			"quipu_source_drops_total", "quipu_waiting_series", "quipu_changed_label_values_total",
		}, name)
	}
	for _, m := range r.metrics {
		if len(m.name) > 6 && m.name[:6] == "quipu_" {
			require.Contains(t, selfMetrics, m.name)
		}
	}
}

func TestTheFirstMessageOfAChosenSeriesHasItsPast(t *testing.T) {
	reg := engine.NewRegistry()
	v := must(reg.NewHistogramVec("h", "", []string{"l"}, engine.WithBuckets(1)))
	v.With("a").Observe(1)
	r, _ := detailed(reg, view{kind: viewMetric, metric: "h"})
	r.sample(second(0))
	w := watching(r, view{kind: viewMetric, metric: "h", series: keyOf([]string{"l", "a"})})
	event, _ := w.compose(nil)
	require.Empty(t, event, "it has none before the next sample")
	r.sample(second(1))
	require.Contains(t, composed(t, w).data, "heat")
}
