// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"flag"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCommandsReadTheStandardInput(t *testing.T) {
	r := runWith(t.Context(), shopPage, "doc", "-")
	require.NoError(t, r.err)
	require.Contains(t, r.out, "### `wait_seconds`\n\nWaits.\n\n- type: histogram\n- unit: seconds\n")
	require.NotContains(t, r.out, "quipu_")
	r = runWith(t.Context(), shopPage, "doc", "-self", "-")
	require.Contains(t, r.out, "quipu_dropped_updates_total")

	r = runWith(t.Context(), shopPage, "dashboard", "-title", "My shop", "-")
	require.NoError(t, r.err)
	require.True(t, json.Valid([]byte(r.out)))
	require.Contains(t, r.out, `"title": "My shop"`)
}

func TestLintEndsWithAnErrorIfThereAreFindings(t *testing.T) {
	r := runWith(t.Context(), shopPage, "lint", "-")
	require.ErrorIs(t, r.err, errFindings)
	require.Equal(t, "quipu_dropped_updates_total: updates or lookups were dropped as misuse for "+
		"{reason=\"nan\"}, 2 times (dropped)\n", r.out)
	r = runWith(t.Context(), "# UNIT a \x1b[2J\n{\"a\",\"\x1b[2JB\u009b\"=\"1\"} 1\n", "lint", "-")
	require.ErrorIs(t, r.err, errFindings)
	require.Contains(t, r.out, "its unit, \ufffd[2J:")
	require.NotContains(t, r.out, "\x1b")
	r = runWith(t.Context(), shopPage, "lint", "-except", "unit, dropped", "-")
	require.NoError(t, r.err)
	require.Empty(t, r.out)
}

func TestRulesTakeObjectivesAndWarn(t *testing.T) {
	r := runWith(t.Context(), shopPage, "rules", "-slo", "wait_seconds<0.5:99.9", "-slo",
		`orders_total{state="failed"}/orders_total:99`, "-")
	require.NoError(t, r.err)
	require.Contains(t, r.out, "  - name: 'quipu-slo wait_seconds<0.5:99.9'\n")
	require.Contains(t, r.out, `'quipu-slo orders_total{state="failed"}/orders_total:99'`)
	require.Equal(t, "quipu: warning: wait_seconds<0.5:99.9: 0.5 is no bucket of wait_seconds, "+
		"0.1 takes its place: the buckets are 0.1, 1\n", r.errors)

	r = runWith(t.Context(), shopPage, "rules", "-slo", "none<1:99", "-")
	require.ErrorContains(t, r.err, "there is no metric none")
	r = runWith(t.Context(), shopPage, "rules", "-slo", "none", "-")
	require.ErrorIs(t, r.err, errUsage)
	require.Contains(t, r.errors, "want metric<bound:percent")
}

func TestCommandLinesThatCannotBeUsedSayWhy(t *testing.T) {
	for _, args := range [][]string{
		{}, {"fly"}, {"doc"}, {"doc", "a", "b"}, {"doc", "-x", "-"}, {"doc", "-timeout", "0", "-"},
		{"top", "-interval", "0", "x"}, {"top", "-n", "-1", "x"},
	} {
		r := runWith(t.Context(), "", args...)
		require.ErrorIs(t, r.err, errUsage, args)
		require.NotEmpty(t, r.errors, args)
		require.Empty(t, r.out)
	}
	for _, args := range [][]string{{"help"}, {"-h"}, {"doc", "-h"}} {
		r := runWith(t.Context(), "", args...)
		require.ErrorIs(t, r.err, flag.ErrHelp, args)
		require.Contains(t, r.errors, "URL|FILE|-")
	}
	require.Contains(t, runWith(t.Context(), "", "doc", "-", "-self").errors, "after the flags")
}
