// SPDX-License-Identifier: Apache-2.0

package metrictest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

func TestEqualFamiliesCompareEqualHoweverTheyAreWritten(t *testing.T) {
	reg := sample(t)
	for name, want := range map[string]string{
		"as exposed": "# HELP work_seconds Work.\n# TYPE work_seconds histogram\n" +
			"work_seconds_bucket{app=\"x\",le=\"1\"} 2\nwork_seconds_bucket{app=\"x\",le=\"2.5\"} 3\n" +
			"work_seconds_bucket{app=\"x\",le=\"10\"} 3\nwork_seconds_bucket{app=\"x\",le=\"+Inf\"} 4\n" +
			"work_seconds_sum{app=\"x\"} 103.5\nwork_seconds_count{app=\"x\"} 4\n",
		"other order, no comments": `
			work_seconds_count{app="x"} 4
			work_seconds_sum{app="x"} 1.035e2
			work_seconds_bucket{le="+Inf",app="x"} 4.0
			work_seconds_bucket{le="10.0",app="x"} 3
			work_seconds_bucket{le="2.5",app="x"} 3
			work_seconds_bucket{le="1.0",app="x"} 2`,
		"two families": `
			# what a counter with labels looks like
			requests_total{app="x",path="/a\"\\\n",code="404"} 1
			level_celsius{app="x"} NaN
			# TYPE requests_total counter
			requests_total{app="x",path="/",code="200"} 3
			# HELP requests_total Requests \\ of\nall kinds.
		`,
	} {
		t.Run(name, func(t *testing.T) { require.True(t, Compare(t, reg, want)) })
	}
	require.True(t, Compare(t, reg, "", "empty"), "nothing is expected of it, and there is nothing")
}

func TestComparingANameThatNoMetricHasIsAnError(t *testing.T) {
	reg := sample(t)
	same := true
	fake := try(t, func(tb testing.TB) { same = Compare(tb, reg, "", "empty", "typo_total", "typo") })
	require.False(t, same)
	require.Equal(t, []string{
		"no such metric is registered: typo_total, typo; it has level_celsius, requests_total, size_bytes, work_seconds",
	}, fake.errors)
	fake = try(t, func(tb testing.TB) { Compare(tb, reg, "# TYPE typo_total counter", "typo_total") })
	require.Len(t, fake.errors, 1, "a type without samples is a difference")
	fake = try(t, func(tb testing.TB) { Compare(tb, reg, "", "quipu_scrapes_total") })
	require.Contains(t, fake.errors[0], "+ quipu_scrapes_total", "the registry's own are known")
}

func TestDifferencesAreShownLineByLine(t *testing.T) {
	reg := sample(t)
	for name, test := range map[string]struct {
		want, diff string
		names      []string
	}{
		"value": {
			want: `
				requests_total{app="x",path="/",code="200"} 4
				requests_total{app="x",path="/a\"\\\n",code="404"} 1`,
			diff: `
- requests_total{app="x",code="200",path="/"} 4
+ requests_total{app="x",code="200",path="/"} 3
  requests_total{app="x",code="404",path="/a\"\\\n"} 1
`,
		},
		"one too few and one too many": {
			want: `
				requests_total{app="x",path="/",code="200"} 3
				requests_total{app="x",path="/",code="500"} 1`,
			diff: `
  requests_total{app="x",code="200",path="/"} 3
+ requests_total{app="x",code="404",path="/a\"\\\n"} 1
- requests_total{app="x",code="500",path="/"} 1
`,
		},
		"type and help": {
			want: `
				# TYPE level_celsius counter
				# HELP level_celsius Of water.
				level_celsius{app="x"} NaN`,
			diff: `
- # HELP level_celsius Of water.
- # TYPE level_celsius counter
+ # TYPE level_celsius gauge
  level_celsius{app="x"} NaN
`,
		},
		"no such family": {
			want: "gone 1",
			diff: "\n- gone 1\n",
		},
		"expected to be empty": {
			names: []string{"level_celsius"},
			diff:  "\n+ level_celsius{app=\"x\"} NaN\n",
		},
		"buckets in the order of their bounds": {
			want: `
				work_seconds_bucket{app="x",le="2.5"} 3
				work_seconds_bucket{app="x",le="10"} 3
				work_seconds_bucket{app="x",le="100"} 3
				work_seconds_bucket{app="x",le="+Inf"} 4
				work_seconds_sum{app="x"} 103.5
				work_seconds_count{app="x"} 4`,
			diff: `
+ work_seconds_bucket{app="x",le="1"} 2
  work_seconds_bucket{app="x",le="2.5"} 3
  work_seconds_bucket{app="x",le="10"} 3
- work_seconds_bucket{app="x",le="100"} 3
  work_seconds_bucket{app="x",le="+Inf"} 4
  work_seconds_count{app="x"} 4
  work_seconds_sum{app="x"} 103.5
`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			same := true
			fake := try(t, func(tb testing.TB) { same = Compare(tb, reg, test.want, test.names...) })
			require.False(t, same)
			require.Equal(t, []string{"metrics differ (- is expected, + is exposed):" + test.diff}, fake.errors)
			require.Empty(t, fake.fatal)
		})
	}
}

func TestWhatIsTheSameFarFromADifferenceIsLeftOut(t *testing.T) {
	reg := engine.NewRegistry()
	vec, err := reg.NewCounterVec("a_total", "", []string{"i"})
	require.NoError(t, err)
	var want strings.Builder
	for i := range 100 {
		label := fmt.Sprintf("%03d", i)
		vec.With(label).Inc()
		value := 1
		if i == 50 {
			value = 2
		}
		fmt.Fprintf(&want, "a_total{i=%q} %d\n", label, value)
	}
	fake := try(t, func(tb testing.TB) { Compare(tb, reg, want.String()) })
	require.Equal(t, []string{`metrics differ (- is expected, + is exposed):
  (47 lines that are the same)
  a_total{i="047"} 1
  a_total{i="048"} 1
  a_total{i="049"} 1
- a_total{i="050"} 2
+ a_total{i="050"} 1
  a_total{i="051"} 1
  a_total{i="052"} 1
  a_total{i="053"} 1
  (46 lines that are the same)
`}, fake.errors)
}

func TestExpectedTextThatMakesNoSenseEndsTheTest(t *testing.T) {
	reg := sample(t)
	for _, test := range []struct {
		want, message string
		names         []string
	}{
		{"", "nothing to compare", nil},
		{"a 1\nb 2", "the family b, which is not among those to compare: a", []string{"a"}},
		{"a 1\na 1", "a is there twice", nil},
		{"a{x=\"1\",y=\"2\"} 1\na{y=\"2\",x=\"1\"} 1", "is there twice", nil},
		{"# TYPE a counter\n# TYPE a counter", "TYPE a is there twice", nil},
		{"a", "does not begin with the name of a metric", nil},
		{"1a 2", "does not begin with the name of a metric", nil},
		{"a one", `"one" is no value`, nil},
		{"a 1 1700000000000", "is no value", nil},
		{"a{b} 1", "is not like name=", nil},
		{"a{b=\"1\"c=\"2\"} 1", "no comma and no brace", nil},
		{"a{b=\"1\",b=\"2\"} 1", "label b is there twice", nil},
		{"a{b=\"1} 1", "no quote ends label b", nil},
		{"a{b=\"\\x\"} 1", "a backslash before", nil},
		{"a{b=\"1\"}1", "no space before the value", nil},
		{"# TYPE a untyped", `"untyped" is no type`, nil},
		{"# TYPE 1 counter", `"1" is no name`, nil},
	} {
		fake := try(t, func(tb testing.TB) { Compare(tb, reg, test.want, test.names...) })
		require.Contains(t, fake.fatal, test.message, test.want)
	}
}

func TestPagesAreReadStrictly(t *testing.T) {
	_, err := parsePage("# TYPE a counter\na 1\na 1\n")
	require.ErrorContains(t, err, "twice")
	families, err := parsePage("")
	require.NoError(t, err)
	require.Empty(t, families)
}

func FuzzParse(f *testing.F) {
	f.Add("# HELP a A.\n# TYPE a histogram\na_bucket{le=\"1\"} 1\na_sum 2\na_count 1\n")
	f.Add("a{b=\"\\\\\\n\\\"\"} NaN")
	f.Add("# TYPE\n{\n}")
	f.Fuzz(func(t *testing.T, text string) {
		families, err := parseExpected(text, nil)
		if err == nil {
			for _, family := range families {
				for _, s := range family.Samples {
					again, err := parseExpected(s.String(), nil)
					require.NoError(t, err)
					require.Equal(t, s.String(), again[0].Samples[0].String())
				}
			}
		}
		_, _ = parsePage(text)
	})
}
