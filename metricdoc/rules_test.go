// SPDX-License-Identifier: Apache-2.0

package metricdoc

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
)

func objectives(t *testing.T, texts ...string) (list []Objective) {
	for _, text := range texts {
		o, err := ParseObjective(text)
		require.NoError(t, err)
		list = append(list, o)
	}
	return list
}

// The tests of module internal/parsers give such rules to Prometheus, and evaluate them.
func TestTheRulesOfEveryKind(t *testing.T) {
	m := FromRegistry(shop(t)).Without("quipu_")
	rules, warnings, err := m.Rules(objectives(t, `shop_latency_seconds{route="/buy"}<0.3:99.9`,
		`shop_orders_total{state="failed"}/shop_orders_total:99`, "shop_native_seconds<1:99")...)
	require.NoError(t, err)
	require.Empty(t, warnings)
	requireGolden(t, "testdata/shop.rules.yml", string(rules))

	rules, _, err = new(Metrics).Rules()
	require.NoError(t, err)
	require.Equal(t, "groups: []\n", string(rules))
}

func TestWarningsTellWhatWorksOtherwise(t *testing.T) {
	m := FromRegistry(shop(t))
	for text, want := range map[string][]string{
		"shop_latency_seconds<0.5:99.9": {"shop_latency_seconds<0.5:99.9: 0.5 is no bucket of shop_latency_seconds, " +
			"0.3 takes its place: the buckets are 0.1, 0.3, 1"},
		"shop_latency_seconds<0.01:99.9": {"shop_latency_seconds<0.01:99.9: 0.01 is no bucket of " +
			"shop_latency_seconds, 0.1 takes its place: the buckets are 0.1, 0.3, 1"},
		`shop_latency_seconds{rout="x",job="y"}<1:99`: {`shop_latency_seconds{rout="x",job="y"}<1:99: ` +
			`shop_latency_seconds has no label rout`},
		"shop_latency_seconds<1:90": {"shop_latency_seconds<1:90: the part of bad events cannot be above 14.4 times " +
			"the budget, so no alert looks at 1h"},
		"shop_latency_seconds<1:99": nil,
	} {
		_, warnings, err := m.Rules(objectives(t, text)...)
		require.NoError(t, err)
		require.Equal(t, want, warnings, text)
	}
}

func TestObjectivesOfMetricsThatAreNotThereAreErrors(t *testing.T) {
	m := FromRegistry(shop(t))
	for text, want := range map[string]string{
		"none<1:99":                                     "there is no metric none",
		"shop_orders_total<1:99":                        "shop_orders_total is no histogram: its type is counter",
		"shop_latency_seconds_count<1:99":               "shop_latency_seconds_count is no histogram: its type is ",
		"shop_queue_bytes/shop_orders_total:99":         "shop_queue_bytes is no counter: its type is gauge",
		"shop_orders_total/shop_latency_seconds:99":     "shop_latency_seconds is no counter: its type is histogram",
		"shop_orders_total/none_count:99":               "there is no metric none_count",
		"shop_orders_total/shop_queue_bytes_count:9":    "there is no metric shop_queue_bytes_count",
		"shop_orders_total/shop_native_seconds_count:9": "there is no metric shop_native_seconds_count",
		"shop_rare_total/shop_latency_seconds_count":    "",
	} {
		if want == "" {
			text += ":99"
		}
		_, _, err := m.Rules(objectives(t, text)...)
		if want == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, want, text)
	}
}

// Prometheus refuses a file with two groups of one name.
func TestAnObjectiveThatIsGivenTwiceIsAnError(t *testing.T) {
	twice := objectives(t, "shop_latency_seconds<1:99", "shop_latency_seconds<1:99.0")
	_, _, err := FromRegistry(shop(t)).Rules(twice...)
	require.EqualError(t, err, `quipu: metricdoc: objective "shop_latency_seconds<1:99" is there twice`)
}

// Two recording rules of one name and the same labels overwrite each other.
func TestMetricsWhoseRulesWouldHaveOneNameHaveOneRule(t *testing.T) {
	rules, warnings, err := parsed(t, "# TYPE a counter\na 1\n# TYPE a_total counter\na_total 1\n").Rules()
	require.NoError(t, err)
	require.Equal(t, []string{"a_total: its rule job:a:rate5m would be that of a, so it has none"}, warnings)
	require.Equal(t, 1, strings.Count(string(rules), "record:"))
}

func TestTheLabelsOfAlertsAreNoTemplates(t *testing.T) {
	rules, _, err := FromRegistry(shop(t)).Rules(objectives(t, `shop_latency_seconds{route="/{{id}}"}<1:99`)...)
	require.NoError(t, err)
	require.Contains(t, string(rules), `
          severity: 'page'
          slo: 'shop_latency_seconds{route="/{{"{{"}}id}}"}<1:99'
`)
}

func TestAnObjectiveWarnsOfACountThatPrometheusMayNotStore(t *testing.T) {
	reg := shop(t)
	engine.Must(reg.NewHistogram("both_seconds", "Both.", engine.WithBuckets(1),
		engine.WithNative(histogram.NativeDefaults())))
	_, warnings, err := FromRegistry(reg).Rules(objectives(t, "shop_rare_total/both_seconds_count:99")...)
	require.NoError(t, err)
	require.Equal(t, []string{"shop_rare_total/both_seconds_count:99: there is no both_seconds_count if " +
		"Prometheus stores nothing but the native buckets of both_seconds"}, warnings)
}
