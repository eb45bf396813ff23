// SPDX-License-Identifier: Apache-2.0

package metrictest

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

// lintCase is a metric and a part of the message that Lint reports for it, "" if it reports none.
type lintCase struct {
	kind, name string
	label      string
	find       string
}

func lintCases() []lintCase {
	return []lintCase{
		{"counter", "requests_total", "code", ""},
		{"gauge", "temperature_celsius", "", ""},
		{"gauge", "heat_kelvin", "", ""},
		{"histogram", "work_seconds", "", ""},
		{"summary", "size_bytes", "", ""},
		{"gauge", "s_is_first", "", ""},
		{"gauge", "counter_of_shop", "", ""},
		{"gauge", "microscopes", "", ""},

		{"counter", "visits", "", "must end in _total"},
		{"gauge", "a_total", "", "must not end in _total"},
		{"histogram", "b_total", "", "must not end in _total"},
		{"gauge", "a_bucket", "", "must not end in _bucket"},
		{"summary", "b_bucket", "", "must not end in _bucket"},
		{"gauge", "a_count", "", "must not end in _count"},
		{"gauge", "a_sum", "", "must not end in _sum"},
		{"gauge", "job:a:rate", "", "colons"},
		{"gauge", "poolSize", "", "snake_case"},
		{"gauge", "pool_gauge", "", "gauge, in it"},
		{"histogram", "a_histogram_seconds", "", "histogram, in it"},
		{"counter", "a_counter_total", "", "counter, in it"},
		{"gauge", "wait_ms", "", `instead of "ms"`},
		{"gauge", "wait_S_max", "", `instead of "s"`},
		{"gauge", "wait_milliseconds", "", "seconds instead of milliseconds"},
		{"gauge", "wait_hours", "", "seconds instead of hours"},
		{"gauge", "size_kibibytes", "", "bytes instead of kibibytes"},
		{"gauge", "size_bits", "", "bytes instead of bits"},
		{"gauge", "heat_millikelvins", "", "kelvin instead of millikelvins"},
		{"gauge", "c", "statusCode", "label statusCode in snake_case"},
		{"gauge", "d", "le", "must not have the label le"},
		{"counter", "e_total", "quantile", "must not have the label quantile"},
	}
}

// lintRegistry defines the cases, each with a help text and a series.
func lintRegistry(t *testing.T, cases []lintCase) *engine.Registry {
	t.Helper()
	reg := engine.NewRegistry()
	for _, c := range cases {
		var err error
		var labels []string
		var values []string
		if c.label != "" {
			labels, values = []string{c.label}, []string{"1"}
		} else {
			labels = []string{}
		}
		switch c.kind {
		case "counter":
			var vec *engine.CounterVec
			if vec, err = reg.NewCounterVec(c.name, "Help.", labels); err == nil {
				vec.With(values...).Inc()
			}
		case "gauge":
			var vec *engine.GaugeVec
			if vec, err = reg.NewGaugeVec(c.name, "Help.", labels); err == nil {
				vec.With(values...).Inc()
			}
		case "histogram":
			_, err = reg.NewHistogram(c.name, "Help.")
		default:
			_, err = reg.NewSummary(c.name, "Help.")
		}
		require.NoError(t, err, c.name)
	}
	return reg
}

func TestLintFindsWhatItIsToFind(t *testing.T) {
	for _, c := range lintCases() {
		clean := false
		fake := try(t, func(tb testing.TB) { clean = Lint(tb, lintRegistry(t, []lintCase{c})) })
		require.Empty(t, fake.fatal)
		if c.find == "" {
			require.Empty(t, fake.errors, c.name)
			require.True(t, clean)
			continue
		}
		require.Len(t, fake.errors, 1, c.name)
		require.Contains(t, fake.errors[0], c.find)
		require.True(t, strings.HasPrefix(fake.errors[0], c.name+": "), fake.errors[0])
		require.False(t, clean)
		require.True(t, Lint(t, lintRegistry(t, []lintCase{c}), c.name), "excepted")
	}
}

func TestLintSeesMetricsWithoutSeriesAndLabelsInUse(t *testing.T) {
	reg := engine.NewRegistry()
	_, err := reg.NewCounterVec("jobs", "", []string{"jobKind"})
	require.NoError(t, err)
	open, err := reg.NewGaugeVec("pools", "Pools.", nil, engine.WithConstLabels(engine.Labels{"thisHost": "a"}))
	require.NoError(t, err)
	open.WithLabels(engine.Labels{"poolName": "b"}).Inc()
	fake := try(t, func(tb testing.TB) { Lint(tb, reg) })
	require.Equal(t, []string{
		"jobs: it has no help text",
		"jobs: a counter must end in _total",
		"jobs: write the label jobKind in snake_case",
		"pools: write the label poolName in snake_case",
		"pools: write the label thisHost in snake_case",
	}, fake.errors)
}

func TestLintReportsABreachOfSeveralDefinitionsOfOneNameOnce(t *testing.T) {
	reg := engine.NewRegistry()
	for _, pool := range []string{"read", "write"} {
		_, err := reg.NewCounter("visits", "Visits.", engine.WithConstLabels(engine.Labels{"pool": pool}))
		require.NoError(t, err)
	}
	fake := try(t, func(tb testing.TB) { Lint(tb, reg) })
	require.Equal(t, []string{"visits: a counter must end in _total"}, fake.errors)
}

// In the body of a range over a function, Helper had no effect, and failures showed a line of Lint.
func TestFailuresOfLintShowTheTestsLine(t *testing.T) {
	if os.Getenv("QUIPU_FAIL_LINT") != "" {
		Lint(t, lintRegistry(t, []lintCase{{"counter", "visits", "", ""}})) // the line
		return
	}
	command := exec.Command(os.Args[0], "-test.run=^TestFailuresOfLintShowTheTestsLine$")
	command.Env = append(os.Environ(), "QUIPU_FAIL_LINT=1")
	out, err := command.CombinedOutput()
	require.Error(t, err)
	source, err := os.ReadFile("lint_test.go")
	require.NoError(t, err)
	before, _, _ := strings.Cut(string(source), "// the line\n")
	line := strings.Count(before, "\n") + 1
	require.Contains(t, string(out), fmt.Sprintf("lint_test.go:%d: visits: a counter must end", line))
}

// TestLintAgreesWithPromtool checks that Lint and promtool report the same metrics. Their messages
// may differ.
func TestLintAgreesWithPromtool(t *testing.T) {
	promtool := testkit.Require(t, "promtool")
	reg := lintRegistry(t, lintCases())
	var page strings.Builder
	_, err := reg.Expose(&page, engine.Exposition{NoSelf: true})
	require.NoError(t, err)
	check := exec.Command(promtool, "check", "metrics")
	check.Stdin = strings.NewReader(page.String())
	out, _ := check.CombinedOutput() // its exit code says whether it found problems
	found := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		name, _, _ := strings.Cut(line, " ")
		found[name] = true
	}
	var theirs, ours []string
	for name := range found {
		theirs = append(theirs, name)
	}
	for _, c := range lintCases() {
		if c.find != "" {
			ours = append(ours, c.name)
		}
	}
	slices.Sort(theirs)
	slices.Sort(ours)
	require.Equal(t, theirs, ours, string(out))
}
