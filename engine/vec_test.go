// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

func TestOpenLabelSetsTreatEmptyValuesAsAbsent(t *testing.T) {
	r, _ := logged()
	v, err := r.NewGaugeVec("g", "", nil, engine.WithConstLabels(engine.Labels{"zone": "z"}))
	require.NoError(t, err)
	none := v.WithLabels(nil)
	require.Same(t, none, v.WithLabels(engine.Labels{}))
	require.Same(t, none, v.WithLabels(engine.Labels{"a": ""}))
	require.Same(t, none, v.With(), "no names, no values")
	one := v.WithLabels(engine.Labels{"a": "1"})
	require.Same(t, one, v.WithLabels(engine.Labels{"b": "", "a": "1", "c": ""}))
	require.NotSame(t, one, v.WithLabels(engine.Labels{"a": "1", "b": "2"}))
	require.Same(t, v.WithLabels(engine.Labels{"b": "2", "a": "1"}), v.WithLabels(engine.Labels{"a": "1", "b": "2"}))
	v.WithLabels(engine.Labels{"zone": "other"}).Set(5)
	require.Equal(t, map[string]string{`g{zone="z"}`: "0", `g{a="1",zone="z"}`: "0", `g{a="1",b="2",zone="z"}`: "0"},
		valuesOf(t, r))
	require.EqualValues(t, 1, dropped(t, r, "labels"))
	require.True(t, v.DeleteLabels(nil))
	require.False(t, v.DeleteLabels(engine.Labels{"zone": "z"}))

	declared, err := r.NewGaugeVec("d", "", []string{"a"})
	require.NoError(t, err)
	declared.With("").Set(1)
	require.Equal(t, "1", valuesOf(t, r)[`d{a=""}`], "a declared label stays")
}

func TestALookupTellsWhetherTheSeriesIsThatOfItsLabels(t *testing.T) {
	r, _ := logged()
	v := must(r.NewCounterVec("c_total", "", nil, engine.WithMaxSeries(4), engine.WithLabelLimit("user", 1)))
	check := func(v *engine.CounterVec, labels engine.Labels, want bool) *engine.Counter {
		t.Helper()
		c, own := v.LookupLabels(labels)
		require.Equal(t, want, own, "%v", labels)
		require.NotNil(t, c)
		return c
	}
	none := check(v, nil, true)
	require.Same(t, none, check(v, engine.Labels{"a": ""}, true))
	one := check(v, engine.Labels{"user": "u"}, true)
	require.Same(t, one, v.WithLabels(engine.Labels{"user": "u"}))
	check(v, engine.Labels{"user": "another"}, false)
	check(v, engine.Labels{"user": engine.OverflowValue}, true)
	check(v, engine.Labels{"a": "\xff"}, false)
	check(v, engine.Labels{"0": "not a name"}, false)
	full := check(v, engine.Labels{"b": "no room"}, false)
	require.Same(t, full, check(v, engine.Labels{"c": "no room"}, false))

	curried := v.Curry(engine.Labels{"user": "u"})
	require.Same(t, one, check(curried, nil, true))
	check(curried, engine.Labels{"user": "x"}, false)
	check(v.Curry(engine.Labels{"0": "x"}), nil, false)
}

func TestStaleHandlesAreHarmlessAndARecreatedSeriesStartsAtZero(t *testing.T) {
	r := engine.NewRegistry()
	c := must(r.NewCounterVec("c_total", "", []string{"a"}))
	g := must(r.NewGaugeVec("g", "", []string{"a"}))
	h := must(r.NewHistogramVec("h", "", []string{"a"}, engine.WithBuckets()))
	s := must(r.NewSummaryVec("s", "", []string{"a"}, engine.WithObjectives(map[float64]float64{})))
	for _, remove := range []func(){
		func() { c.Delete("x"); g.Delete("x"); h.Delete("x"); s.Delete("x") },
		func() { c.Reset(); g.Reset(); h.Reset(); s.Reset() },
	} {
		oldC, oldG, oldH, oldS := c.With("x"), g.With("x"), h.With("x"), s.With("x")
		use := func() { oldC.Inc(); oldG.Set(5); oldH.Observe(1); oldS.Observe(1) }
		use()
		require.Equal(t, "1", valuesOf(t, r)[`s_count{a="x"}`])
		remove()
		use()
		require.Empty(t, valuesOf(t, r), "a metric without series is left out")
		c.With("x")
		g.With("x")
		h.With("x")
		s.With("x")
		use()
		require.Equal(t, map[string]string{
			`c_total{a="x"}`: "0", `g{a="x"}`: "0",
			`h_bucket{a="x",le="+Inf"}`: "0", `h_sum{a="x"}`: "0", `h_count{a="x"}`: "0",
			`s_sum{a="x"}`: "0", `s_count{a="x"}`: "0",
		}, valuesOf(t, r))
		require.EqualValues(t, 3, oldC.Value())
		require.EqualValues(t, 3, oldS.Snapshot().Count)
		remove()
	}
}

func TestDeletedSeriesGoBackToTheHeap(t *testing.T) {
	r := engine.NewRegistry()
	v, err := r.NewHistogramVec("h", "", []string{"a"}, engine.WithMaxSeries(1<<30))
	require.NoError(t, err)
	churn := func(n int) {
		for i := range n {
			name := fmt.Sprint("series ", i)
			v.With(name).Observe(1)
			require.True(t, v.Delete(name))
		}
	}
	churn(1000)
	before := heap()
	n := 20_000
	switch {
	case long():
		n = 10_000_000
	case testing.Short():
		n = 6000 // 1.7 MB if none of them were freed
	}
	churn(n)
	require.Less(t, int64(heap()-before), int64(1<<20))
	v.With("last").Observe(1)
	require.Len(t, valuesOf(t, r), 14)
}
