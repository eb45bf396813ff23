// SPDX-License-Identifier: Apache-2.0

package metricdoc

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

func TestAGoodRegistryHasNoFindings(t *testing.T) {
	require.Empty(t, FromRegistry(shop(t)).Lint())
}

func TestEachRuleFindsItsProblem(t *testing.T) {
	for _, test := range [][2]string{
		{"# HELP a x\n# TYPE a counter\na 1\n",
			"a: a counter must end in _total (convention)"},
		{"# HELP a x\na{b=\"1\"} 1\na{b=\"1\"} 2\n",
			`a: the series {b="1"} is there twice (duplicate)`},
		{"# HELP jobs_open Jobs, open.\njobs_open 1\n",
			"jobs_open: the help text repeats the name (help)"},
		{"# HELP a x\na{__b=\"1\"} 1\n",
			"a: the label __b begins with __, which Prometheus removes (reserved)"},
		{"# HELP a x\na{job=\"1\"} 1\n",
			"a: the label job is that of the target: Prometheus renames it to exported_job (reserved)"},
		{"# HELP a x\n# UNIT a seconds\na 1\n",
			"a: the name does not end in its unit, seconds: OpenMetrics does not show it (unit)"},
		{"# HELP quipu_x x\nquipu_waiting_series{m=\"a\"} 2",
			`quipu_waiting_series: series wait for room for {m="a"}, 2 times (dropped)`},
		{histogramPage(98, 0, 2),
			"h: 2 % of the observations lie above the highest bucket, 2: quantiles there are cut off (buckets)"},
		{histogramPage(96, 4, 0),
			"h: 96 % of the observations lie in the lowest bucket, up to 1: " +
				"it tells nothing about them (buckets)"},
	} {
		require.Contains(t, findings(t, test[0]), test[1], test[0])
	}
}

// histogramPage returns a page with a histogram that has so many observations in its buckets.
func histogramPage(first, second, beyond int) string {
	return fmt.Sprintf("# HELP h x\n# TYPE h histogram\nh_bucket{le=\"1\"} %d\nh_bucket{le=\"2\"} %d\n"+
		"h_bucket{le=\"+Inf\"} %d\nh_sum 1\nh_count %[3]d\n", first, first+second, first+second+beyond)
}

func TestRulesFindNothingWhereThereIsNothing(t *testing.T) {
	for _, page := range []string{
		histogramPage(50, 49, 1),
		histogramPage(9, 0, 1), // too few to tell
		"# HELP jobs_open Jobs that are open.\njobs_open 1\n",
		"# HELP quipu_waiting_series x\nquipu_waiting_series 0\n",
		"# HELP a_seconds_total x\n# TYPE a_seconds_total counter\n# UNIT a_seconds_total seconds\na_seconds_total 1\n",
	} {
		require.Empty(t, findings(t, page), page)
	}
	reg := engine.NewRegistry()
	engine.Must(reg.NewGauge("a_milliseconds", "A.", engine.WithUnit("milliseconds")))
	var rules []string
	for _, p := range FromRegistry(reg).Lint() {
		rules = append(rules, p.Rule)
	}
	require.Equal(t, []string{"convention", "unit"}, rules)
}

func TestLabelsWithValuesOfSingleEventsAreFound(t *testing.T) {
	for shape, values := range map[string][]string{
		"UUIDs": {"0b0e1d3c-1111-4222-8333-444455556666", "x/0B0E1D3C-1111-4222-8333-444455556667",
			"0b0e1d3c-1111-4222-8333-444455556668"},
		"mail addresses":       {"a@b.org", "b.c@d.example", "x+y@z.net"},
		"times":                {"2026-01-02T03:04:05Z", "2026-01-02 03:05", "2026-01-02T03:06"},
		"addresses with ports": {"10.0.0.1:80", "[::1]:9", "1.2.3.4:5"},
		"IP addresses":         {"10.0.0.1", "fe80:0:0:0:0:0:0:1", "10.0.0.2"},
		"URLs with queries":    {"/a?b=1", "https://x.example/?q=2", "/a?b=3&c=4"},
		"paths with numbers":   {"/users/17", "/users/18/orders", "/users/19/"},
		"long numbers":         {"1700000000", "1700000001", "1234567"},
		"hashes":               {"4bf92f3577b34da6", "0xdeadbeefdeadbeef", "4BF92F3577B34DA6A3CE929D0E0E4736"},
	} {
		text := ""
		for i, v := range values {
			text += fmt.Sprintf("a{l=%q,n=\"x\"} %d\n", v, i)
		}
		require.Equal(t, []string{fmt.Sprintf("a: the label l has values that look like %s, such as %q: "+
			"their number may grow without bound (unbounded)", shape, values[2])},
			findings(t, "# HELP a x\n"+text), shape)
		require.Empty(t, findings(t, "# HELP a_info x\n"+strings.ReplaceAll(text, "a{", "a_info{")))
	}
	var many strings.Builder
	for i := range mostValues + 1 {
		fmt.Fprintf(&many, "a{l=\"v%d\"} 1\n", i)
	}
	require.Equal(t, []string{"a: the label l has 101 values: is their number bounded? (unbounded)"},
		findings(t, "# HELP a x\n"+many.String()))
	require.Empty(t, findings(t, "# HELP a x\na{l=\"/kv/{key}\"} 1\n"+
		"a{l=\"200\"} 1\na{l=\"404\"} 1\na{l=\"500\"} 1\na{l=\"v1.2.3\"} 1\n"))
}

func TestARegistryThatHasDroppedSomethingIsFound(t *testing.T) {
	reg := shop(t)
	engine.Must(reg.NewCounter("down_total", "Down.")).Add(-1)
	problems := FromRegistry(reg).Lint()
	require.Equal(t, []Problem{{"quipu_dropped_updates_total", "dropped",
		`updates or lookups were dropped as misuse for {reason="negative"}, 1 times`}}, problems)
}

func TestEveryCounterOfDropsIsOneOfARegistry(t *testing.T) {
	guide := FromRegistry(engine.NewRegistry())
	rare := map[string]bool{ // they have series only if there is something to tell
		"quipu_overflowed_lookups_total": true, "quipu_changed_label_values_total": true,
		"quipu_source_drops_total": true, "quipu_mount_drops_total": true, "quipu_escaping_drops_total": true,
		"quipu_waiting_series": true,
	}
	for name := range droppedCounters {
		require.True(t, rare[name] || guide.Find(name) != nil, name)
	}
}

func TestLintFindsBucketsAndQuantilesThatAreThereTwice(t *testing.T) {
	const histogram = "# HELP h_seconds Waits.\n# TYPE h_seconds histogram\nh_seconds_bucket{a=\"b\",le=\"1\"} 1\n" +
		"h_seconds_bucket{a=\"b\",le=\"+Inf\"} 1\nh_seconds_sum{a=\"b\"} 1\nh_seconds_count{a=\"b\"} 1\n"
	require.Empty(t, findings(t, histogram))
	for _, again := range []string{
		"h_seconds_bucket{a=\"b\",le=\"1\"} 1\n", "h_seconds_sum{a=\"b\"} 1\n", "h_seconds_count{a=\"b\"} 1\n",
	} {
		require.Equal(t, []string{`h_seconds: a sample of the series {a="b"} is there twice (duplicate)`},
			findings(t, histogram+again))
	}
	require.Equal(t, []string{`s_bytes: a sample of the series {} is there twice (duplicate)`}, findings(t,
		"# HELP s_bytes Sizes.\n# TYPE s_bytes summary\ns_bytes{quantile=\"0.5\"} 1\ns_bytes{quantile=\"0.5\"} 1\n"))
}
