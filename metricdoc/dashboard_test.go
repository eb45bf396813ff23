// SPDX-License-Identifier: Apache-2.0

package metricdoc

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
)

// requireGolden compares a text with a file, which it writes where Golden does.
func requireGolden(t *testing.T, file, got string) {
	if os.Getenv(UpdateVariable) != "" {
		require.NoError(t, writeFile(file, got))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

// The tests of module internal/parsers give such dashboards to Grafana's parser and their queries
// to Prometheus.
func TestTheDashboardOfEveryKind(t *testing.T) {
	requireGolden(t, "testdata/shop.json", string(FromRegistry(shop(t)).Without("quipu_").Dashboard("Shop")))
}

func TestAnotherMetricLeavesPanelsAsTheyWere(t *testing.T) {
	panels := func(reg *engine.Registry) (all map[string]string) {
		var d struct{ Panels []json.RawMessage }
		require.NoError(t, json.Unmarshal(FromRegistry(reg).Dashboard("Shop"), &d))
		all = map[string]string{}
		for _, p := range d.Panels {
			var about struct{ Title string }
			require.NoError(t, json.Unmarshal(p, &about))
			all[about.Title] = string(p)
		}
		return all
	}
	before := panels(shop(t))
	reg := shop(t)
	engine.Must(reg.NewHistogramVec("shop_zzz_seconds", "Last.", []string{"a"}))
	after := panels(reg)
	require.Len(t, after, len(before)+4)
	for title, text := range before {
		require.Equal(t, text, after[title])
	}
}

func TestLabelsWithManyValuesAreSummedUp(t *testing.T) {
	reg := engine.NewRegistry()
	c := engine.Must(reg.NewCounterVec("many_total", "Many.", []string{"id", "kind"}))
	for i := range mostValues + 1 {
		c.With(strings.Repeat("x", i+1), "a").Inc()
	}
	text := string(FromRegistry(reg).Dashboard("x"))
	require.Contains(t, text, `"sum by (kind) (rate(many_total{`)
	require.NotContains(t, text, "by (id")
}

func TestGrafanaUnitsFollowTheUnitAndTheType(t *testing.T) {
	for name, want := range map[string][2]string{
		"a_seconds": {"s", "percentunit"}, "a_bytes_total": {"bytes", "binBps"}, "a_joules": {"joule", "watt"},
		"a_requests_total": {"short", "reqps"}, "a_requests_failed_total": {"short", "reqps"}, "a": {"short", "cps"},
	} {
		f := parsed(t, name+" 1\n").Families[0]
		require.Equal(t, want, [2]string{f.grafanaUnit(), f.grafanaRate()}, name)
	}
	require.Contains(t, string(parsed(t, "process_start_time_seconds 1.7e9\n").Dashboard("x")),
		`"time() - process_start_time_seconds{`)
	require.NotContains(t, string(parsed(t, "gc_pause_time_seconds 0.25\n").Dashboard("x")), "time() -")
}

// Of a histogram that has both forms, Prometheus may store the native one alone, without _count.
func TestVariablesHaveValuesInWhateverFormAHistogramIsStored(t *testing.T) {
	reg := engine.NewRegistry()
	engine.Must(reg.NewHistogram("a_seconds", "Both.", engine.WithBuckets(1),
		engine.WithNative(histogram.NativeDefaults())))
	text := string(FromRegistry(reg).Dashboard("x"))
	require.Contains(t, text, `"label_values({__name__=~\"a_seconds(_count)?\"}, job)"`)
	require.Contains(t, text, `"label_values({__name__=~\"a_seconds(_count)?\",job=~\"$job\"}, instance)"`)
}
