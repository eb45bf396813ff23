// SPDX-License-Identifier: Apache-2.0

package metricdoc

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
)

func TestARegistryTellsAlsoOfMetricsWithoutSeries(t *testing.T) {
	m := FromRegistry(shop(t))
	rare := m.Find("shop_rare_total")
	require.Equal(t, []string{"why"}, rare.Labels)
	require.Empty(t, rare.Series)
	require.Equal(t, encode.Counter, rare.Type)
	require.Nil(t, m.Find("shop"))
	require.NotNil(t, m.Find("quipu_scrapes_total"))
	require.Nil(t, m.Without("quipu_").Find("quipu_scrapes_total"))

	reg := engine.NewRegistry()
	engine.Must(reg.NewHistogramVec("h_seconds", "H.", []string{"a"}, engine.WithBuckets(1, 2)))
	engine.Must(reg.NewSummaryVec("s", "S.", []string{"b"}, engine.WithObjectives(map[float64]float64{0.9: 0.01})))
	m = FromRegistry(reg)
	require.Equal(t, []float64{1, 2}, m.Find("h_seconds").Bounds)
	require.Equal(t, []float64{0.9}, m.Find("s").Quantiles)
	require.Equal(t, []float64{0.01}, m.Find("s").Errors)
}

func TestDefinitionsOfOneNameMakeOneFamily(t *testing.T) {
	reg := engine.NewRegistry()
	for zone, bounds := range map[string][]float64{"a": {1, 2}, "b": {2, 4}} {
		h := engine.Must(reg.NewHistogram("h", "H.", engine.WithConstLabels(engine.Labels{"zone": zone}),
			engine.WithBuckets(bounds...)))
		h.Observe(1)
	}
	f := FromRegistry(reg).Find("h")
	require.Equal(t, []float64{1, 2, 4}, f.Bounds)
	require.Equal(t, []string{"zone"}, f.Labels)
	require.Len(t, f.Series, 2)
}

func TestMetricsOfMountedRegistriesAreThere(t *testing.T) {
	reg := engine.NewRegistry()
	require.NoError(t, reg.Mount(shop(t), engine.WithPrefix("east_")))
	f := FromRegistry(reg).Find("east_shop_orders_total")
	require.Equal(t, []string{"code", "state"}, f.Labels)
	require.Len(t, f.Series, 2)
}

// A page says the same as its registry, apart from what the format has no words for.
func TestThePageOfARegistrySaysTheSame(t *testing.T) {
	for _, format := range []encode.Format{encode.Text, encode.OpenMetrics} {
		reg := shop(t)
		want := FromRegistry(reg).Without("quipu_")
		var page strings.Builder
		_, err := reg.Expose(&page, engine.Exposition{Format: format})
		require.NoError(t, err)
		got := parsed(t, page.String()).Without("quipu_")
		require.NotNil(t, want.Find("shop_rare_total"))
		for _, w := range want.Families {
			f := got.Find(w.Name)
			if len(w.Series) == 0 {
				require.Nil(t, f, w.Name)
				continue
			}
			require.Equal(t, []any{w.Name, w.Help, w.Unit, w.Type, w.Labels, w.Bounds, w.Native, w.Quantiles},
				[]any{f.Name, f.Help, f.Unit, f.Type, f.Labels, f.Bounds, f.Native, f.Quantiles})
			require.Len(t, f.Series, len(w.Series))
			for i, s := range w.Series {
				requireSeries(t, s, f.Series[i])
			}
		}
	}
}

func requireSeries(t *testing.T, want, got Series) {
	require.Equal(t, want.text(), got.text())
	switch {
	case want.Histogram != nil:
		require.Equal(t, want.Histogram.Bounds, got.Histogram.Bounds)
		require.Equal(t, want.Histogram.Counts, got.Histogram.Counts)
		require.Equal(t, want.Histogram.Count, got.Histogram.Count)
		require.Equal(t, want.Histogram.Sum, got.Histogram.Sum)
	case want.Summary != nil:
		require.Equal(t, want.Summary.Count, got.Summary.Count)
		for i, e := range want.Summary.Estimates {
			require.Equal(t, e.Quantile, got.Summary.Estimates[i].Quantile)
			require.Equal(t, e.Value, got.Summary.Estimates[i].Value)
		}
	default:
		require.Equal(t, want.Value, got.Value)
	}
}
