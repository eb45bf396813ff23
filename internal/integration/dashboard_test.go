// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/testkit"
)

// expressions are those in the files that examples/hotpath has, as JSON and as YAML.
var expressions = regexp.MustCompile(`(?m)^ *"expr": (".*"),?$|^ *expr: '(.*)'$`)

// hotpathQueries returns the expressions of the panels and of the recording rules of
// examples/hotpath.
func hotpathQueries(t *testing.T) (queries []string) {
	variables := strings.NewReplacer("$__rate_interval", "1m", "$job", ".*", "$instance", ".*")
	for _, file := range []string{"dashboard.json", "rules.yml"} {
		text, err := os.ReadFile("../../examples/hotpath/testdata/" + file)
		require.NoError(t, err)
		for _, match := range expressions.FindAllStringSubmatch(string(text), -1) {
			query := match[2]
			if match[1] != "" {
				query, err = strconv.Unquote(match[1])
				require.NoError(t, err)
			}
			queries = append(queries, variables.Replace(query))
		}
	}
	require.Greater(t, len(queries), 30, "this test must see both files")
	return queries
}

// A real Prometheus has answers to every panel and every recording rule of examples/hotpath, with
// the page as OpenMetrics and as text, which differ in how they write bounds.
func TestDashboardAndRulesOfHotpathHaveAnswers(t *testing.T) {
	testkit.Require(t, "prometheus")
	promtool := testkit.Require(t, "promtool")
	testkit.Baseline(t)
	out, err := exec.Command(promtool, "check", "rules", "../../examples/hotpath/testdata/rules.yml").CombinedOutput()
	require.NoError(t, err, "%s", out)

	program := testkit.Build(t, "../../examples/hotpath")
	service := testkit.Start(t, program, "-addr", "127.0.0.1:0", "-rate", "200")
	found := service.Find(`^Serving metrics on: (http://(127\.0\.0\.1:\d+))/metrics\n`, time.Minute)
	p := testkit.StartPrometheus(t, scrapeConfig(t, promtool, service, textOnly(t, found[1])))
	for _, query := range hotpathQueries(t) {
		testkit.Poll(t, 30*time.Second, func() error {
			answered := map[string]bool{}
			for _, s := range p.Query(query) {
				if s.Point.Value == s.Point.Value { // no NaN, which has no line on a panel
					answered[s.Labels["job"]] = true
				}
			}
			if len(answered) == 0 || strings.Contains(query, "by (job)") && len(answered) != len(jobs) {
				return fmt.Errorf("%s has answers for %v only", query, answered)
			}
			return nil
		})
	}
}
