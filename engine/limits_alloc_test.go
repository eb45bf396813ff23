// SPDX-License-Identifier: Apache-2.0

//go:build !race

package engine_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

func TestLookupsBeyondLimitsAllocateNothing(t *testing.T) {
	r := engine.NewRegistry()
	for metric, lookup := range limitedLookups(r, engine.WithLabelLimit("user", 1)) {
		lookup("acme", "-1")
		lookup("acme", "1")
		want := 0.0
		if metric == "open" {
			want = 4 // two copies of the label set
		}
		require.LessOrEqual(t, mallocs(func() { lookup("acme", "-1234567890") }), want, metric)
		require.Zero(t, mallocs(func() { lookup("acme", "-1") }), metric)
	}
	budget := engine.NewRegistry(engine.WithSeriesBudget(1))
	v := must(budget.NewCounterVec("c_total", "", []string{"user"}))
	v.With("1")
	v.With("2")
	require.Zero(t, mallocs(func() { v.With("3").Inc() }))
}
