// SPDX-License-Identifier: Apache-2.0

//go:build !race

package engine_test

import (
	"fmt"
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

func TestLookupsOfACurriedVecAllocateNothing(t *testing.T) {
	r, _ := logged()
	v := must(r.NewCounterVec("c", "", []string{"a", "b", "c"}, engine.WithMaxSeries(2)))
	part := v.Curry(engine.Labels{"b": "2"})
	open := must(r.NewGaugeVec("g", "", nil)).Curry(engine.Labels{"b": "2"})
	bad := v.Curry(engine.Labels{"x": "2"})
	for i := range 4 {
		part.With("1", fmt.Sprint(i))
	}
	require.Zero(t, mallocs(func() { part.With("1", "0").Inc() }))
	require.Zero(t, mallocs(func() { part.WithLabels(engine.Labels{"a": "1", "c": "1"}).Inc() }))
	require.Zero(t, mallocs(func() { open.WithLabels(engine.Labels{"a": "1", "c": "1"}).Inc() }))
	require.Zero(t, mallocs(func() { part.With("1", "3").Inc() }), "a flood")
	require.Zero(t, mallocs(func() { part.With("1").Inc() }), "misuse")
	require.Zero(t, mallocs(func() { bad.With("1").Inc() }), "misuse")
}
