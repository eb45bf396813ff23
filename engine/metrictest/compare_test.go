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
			# a comment
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
		"no such metric is registered: typo_total, typo; " +
			"it has level_celsius, requests_total, size_bytes, work_seconds",
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
