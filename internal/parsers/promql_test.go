// SPDX-License-Identifier: Apache-2.0

package parsers

import (
	"testing"

	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/testkit"
)

// TestPrometheusParsesTheQueriesOfTheDocs gives every expression of every page to the parser of
// Prometheus, with all experimental syntax switched off. Another test asks a real Prometheus for
// their values: integration.TestQueriesOfTheGuideHaveAnswers.
func TestPrometheusParsesTheQueriesOfTheDocs(t *testing.T) {
	queries := testkit.ReadPromQL(t, "../..")
	require.Greater(t, len(queries), 10)
	p := parser.NewParser(parser.Options{})
	for _, q := range queries {
		_, err := p.ParseExpr(q.Query)
		require.NoError(t, err, "%s: %s", q.Page, q.Query)
	}
	_, err := p.ParseExpr("sum by (route) (rate(http_requests_total))")
	require.Error(t, err, "this test must notice a mistake")
}
