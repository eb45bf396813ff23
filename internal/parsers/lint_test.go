// SPDX-License-Identifier: Apache-2.0

package parsers

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/metricdoc"
)

// findings are those of promlint, and the text of ours that says the same.
var findings = []struct {
	theirs *regexp.Regexp
	ours   string
}{
	{regexp.MustCompile(`^counter metrics should have "_total" suffix`), "a counter must end in _total"},
	{regexp.MustCompile(`^non-counter metrics should not have "_total" suffix`), "must not end in _total"},
	{regexp.MustCompile(`^no help text`), "it has no help text"},
	{regexp.MustCompile(`^use base unit "(.*)" instead of "(.*)"`), "use the base unit $1 instead of $2"},
	{regexp.MustCompile(`^metric name should not include type`), "its name must not have its type"},
	{regexp.MustCompile(`^metric names should not contain ':'`), "colons are for the names of recording rules"},
	{regexp.MustCompile(`^metric names should be written in 'snake_case'`), "write it in snake_case"},
	{regexp.MustCompile(`^label names should be written in 'snake_case'`), "in snake_case"},
	{regexp.MustCompile(`^metric names should not contain abbreviated units`), "write the unit out"},
	{regexp.MustCompile(`metrics should not have "(_\w+)" suffix`), "must not end in $1"},
	{regexp.MustCompile(`metrics should not have "(\w+)" label`), "must not have the label $1"},
	{regexp.MustCompile(`^metric not unique`), "is there twice"},
}

// badPages returns pages that break the conventions in many ways, and pages of this repository.
func badPages(t *testing.T) (pages []string) {
	names := []string{"a", "a_total", "a_count", "a_sum", "a_bucket", "a:b", "someName", "a_counter_b", "a_gauge",
		"a_histogram_seconds", "a_summary", "a_ms", "a_kb_total", "a_milliseconds", "a_minutes_total", "a_kilobytes",
		"a_fahrenheit", "a_kelvins", "a_metres", "a_Seconds", "MS_x", "a_untyped", "a_info", "s", "ms_a", "a_S"}
	labels := []string{"", `l="1"`, `someLabel="1"`, `le="x"`, `quantile="y"`, `a="1",someLabel="1",otherLabel="2"`}
	for _, name := range names {
		for _, kind := range []string{"counter", "gauge", "histogram", "summary", "untyped", ""} {
			for _, set := range labels {
				for _, help := range []string{"", "# HELP " + name + " Help.\n"} {
					pages = append(pages, help+familyText(name, kind, set))
				}
			}
		}
	}
	pages = append(pages, "# TYPE a gauge\na{b=\"1\"} 1\na{b=\"2\"} 1\na{b=\"1\"} 3\n")
	files, err := filepath.Glob("../../*/testdata/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		if text, err := os.ReadFile(file); err == nil && strings.HasPrefix(string(text), "# ") {
			pages = append(pages, string(text))
		}
	}
	return pages
}

func familyText(name, kind, set string) string {
	head, braces := "", ""
	if kind != "" {
		head = fmt.Sprintf("# TYPE %s %s\n", name, kind)
	}
	if set != "" {
		braces = "{" + set + "}"
	}
	switch kind {
	case "histogram":
		if strings.HasPrefix(set, "le=") {
			set, braces = "", ""
		}
		bucket := strings.TrimPrefix(set+`,le="+Inf"`, ",")
		return head + fmt.Sprintf("%s_bucket{%s} 1\n%[1]s_sum%[3]s 1\n%[1]s_count%[3]s 1\n", name, bucket, braces)
	case "summary":
		if strings.HasPrefix(set, "quantile=") {
			braces = ""
		}
		return head + fmt.Sprintf("%s_sum%s 1\n%[1]s_count%[2]s 1\n", name, braces)
	}
	return head + name + braces + " 1\n"
}

// Every finding of promlint, which "promtool check metrics" runs, is one of ours. What only ours
// says is in the documentation of metricdoc.Metrics.Lint, and here: promlint takes a HELP line
// without a text for help, and looks at no unit but the first of a name.
func TestLintFindsWhatPromlintFinds(t *testing.T) {
	found := map[string]int{}
	read := 0
	for _, page := range badPages(t) {
		theirs, err := promlint.New(strings.NewReader(page)).Lint()
		if err != nil {
			continue // promlint reads no such page
		}
		read++
		metrics, err := metricdoc.Parse(page)
		require.NoError(t, err, page)
		ours := map[string][]string{}
		for _, p := range metrics.Lint() {
			ours[p.Metric] = append(ours[p.Metric], p.Text)
		}
		for _, p := range theirs {
			i := slices.IndexFunc(findings, func(f struct {
				theirs *regexp.Regexp
				ours   string
			}) bool {
				return f.theirs.MatchString(p.Text)
			})
			require.GreaterOrEqual(t, i, 0, "a new rule of promlint: %s", p.Text)
			match := findings[i].theirs.FindStringSubmatchIndex(p.Text)
			want := string(findings[i].theirs.ExpandString(nil, findings[i].ours, p.Text, match))
			found[findings[i].ours]++
			says := func(text string) bool { return strings.Contains(text, want) }
			require.True(t, slices.ContainsFunc(ours[p.Metric], says),
				"%s: %s, ours are %q, of\n%s", p.Metric, p.Text, ours[p.Metric], page)
		}
	}
	require.Len(t, found, len(findings), "this test must see each rule")
	require.Greater(t, read, 500)
}
