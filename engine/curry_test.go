// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

func TestACurriedVecOfEveryKindTakesTheLabelsThatAreLeft(t *testing.T) {
	r := engine.NewRegistry(engine.WithStrict())
	labels := []string{"tenant", "user", "code"}
	fixed := engine.Labels{"user": "ada"}
	c := must(r.NewCounterVec("c", "", labels)).Curry(fixed)
	g := must(r.NewGaugeVec("g", "", labels)).Curry(fixed)
	h := must(r.NewHistogramVec("h", "", labels, engine.WithBuckets())).Curry(fixed)
	s := must(r.NewSummaryVec("s", "", labels, engine.WithObjectives(nil))).Curry(fixed)
	open := must(r.NewGaugeVec("open", "", nil)).Curry(fixed)
	for range 2 {
		c.With("acme", "200").Inc()
		c.WithLabels(engine.Labels{"code": "200", "tenant": "acme"}).Inc()
		g.With("acme", "200").Inc()
		g.WithLabels(engine.Labels{"code": "200", "tenant": "acme"}).Inc()
		h.With("acme", "200").Observe(1)
		h.WithLabels(engine.Labels{"code": "200", "tenant": "acme"}).Observe(1)
		s.With("acme", "200").Observe(1)
		s.WithLabels(engine.Labels{"code": "200", "tenant": "acme"}).Observe(1)
		open.WithLabels(engine.Labels{"code": "200", "tenant": "acme"}).Add(2)
	}
	for _, metric := range []string{"c", "g", "h", "s", "open"} {
		require.Equal(t, map[string]uint64{"code=200 tenant=acme user=ada ": 4}, countsOf(r, metric))
	}
	require.Equal(t, "c", c.Name())
	require.True(t, r.UnregisterMetric(c))
}

func TestCurryingTwiceIsCurryingAllAtOnce(t *testing.T) {
	for _, names := range [][]string{{"a", "b", "c"}, nil} {
		r := engine.NewRegistry(engine.WithStrict())
		v := must(r.NewCounterVec("c_total", "", names))
		a := v.Curry(engine.Labels{"a": "1"})
		require.Same(t, v.WithLabels(engine.Labels{"a": "1", "b": "2", "c": "3"}),
			a.Curry(engine.Labels{"c": "3"}).WithLabels(engine.Labels{"b": "2"}))
		all := a.Curry(nil).Curry(engine.Labels{"c": "3", "b": "2"}).Curry(engine.Labels{})
		require.Same(t, v.WithLabels(engine.Labels{"a": "1", "b": "2", "c": "3"}), all.WithLabels(nil))
		if names != nil {
			require.Same(t, v.With("1", "2", "3"), all.With())
			require.Same(t, v.With("1", "2", "3"), a.With("2", "3"), "the first one is as it was")
		}
	}
}

func TestImpossibleCurriesAreMisuseAndTheirUpdatesAreDropped(t *testing.T) {
	for _, c := range []struct {
		curry func(v *engine.CounterVec) *engine.CounterVec
		open  bool
		want  string
	}{
		{func(v *engine.CounterVec) *engine.CounterVec { return v.Curry(engine.Labels{"x": "1"}) }, false,
			`Curry: there is no label \"x\", the metric has (a, b)`},
		{func(v *engine.CounterVec) *engine.CounterVec {
			return v.Curry(engine.Labels{"a": "1"}).Curry(engine.Labels{"a": "1"})
		}, false, `Curry: label \"a\" is curried already`},
		{func(v *engine.CounterVec) *engine.CounterVec {
			return v.Curry(engine.Labels{"a": "1"}).Curry(engine.Labels{"a": "2", "b": "2"})
		}, true, `Curry: label \"a\" is curried already`},
		{func(v *engine.CounterVec) *engine.CounterVec { return v.Curry(engine.Labels{"app": "1"}) }, false,
			`Curry: label \"app\" is a constant label of the metric`},
		{func(v *engine.CounterVec) *engine.CounterVec { return v.Curry(engine.Labels{"app": "1"}) }, true,
			`Curry: label \"app\" is a constant label of the metric`},
		{func(v *engine.CounterVec) *engine.CounterVec { return v.Curry(engine.Labels{"a-b": "1"}) }, true,
			`Curry: invalid label: \"a-b\": use letters`},
	} {
		r, log := logged()
		names := []string{"a", "b"}
		if c.open {
			names = nil
		}
		v := must(r.NewCounterVec("c_total", "", names, engine.WithConstLabels(engine.Labels{"app": "x"})))
		bad := c.curry(v)
		where := line()
		require.Len(t, warnings(log), 1)
		require.Contains(t, warnings(log)[0], c.want)
		require.NotEmpty(t, where)
		v.WithLabels(engine.Labels{"a": "1", "b": "2"}).Inc()
		for range 3 {
			bad.With("2").Inc()
			bad.WithLabels(engine.Labels{"b": "2"}).Inc()
		}
		require.Contains(t, warnings(log)[1], "the Vec is that of a Curry with labels that it cannot have")
		require.EqualValues(t, 7, dropped(t, r, "labels"))
		require.False(t, bad.Delete("2"))
		require.False(t, bad.DeleteLabels(engine.Labels{"b": "2"}))
		require.Zero(t, bad.DeleteWhere(nil))
		bad.Reset()
		bad.Curry(engine.Labels{"b": "2"}).With().Inc()
		require.Equal(t, map[string]uint64{"a=1 app=x b=2 ": 1}, countsOf(r, "c_total"))

		strict := engine.NewRegistry(engine.WithStrict())
		v = must(strict.NewCounterVec("c_total", "", names, engine.WithConstLabels(engine.Labels{"app": "x"})))
		require.Panics(t, func() { c.curry(v) })
	}
}

func TestLookupsThatDoNotFitACurriedVecAreMisuse(t *testing.T) {
	r, log := logged()
	v := must(r.NewCounterVec("c_total", "", []string{"a", "b", "c"})).Curry(engine.Labels{"b": "2"})
	open := must(r.NewGaugeVec("open", "", nil)).Curry(engine.Labels{"b": "2"})
	for i, c := range []struct {
		lookup func()
		want   string
	}{
		{func() { v.With("1").Inc() }, "got 1 label values, want 2 (a, c)"},
		{func() { v.With("1", "2", "3").Inc() }, "got 3 label values, want 2 (a, c)"},
		{func() { v.WithLabels(engine.Labels{"a": "1", "b": "2", "c": "3"}).Inc() }, `label \"b\" is curried`},
		{func() { v.WithLabels(engine.Labels{"a": "1"}).Inc() }, `label \"c\" is missing`},
		{func() { open.With("1").Inc() }, "use WithLabels"},
		{func() { open.WithLabels(engine.Labels{"b": "2"}).Inc() }, `label \"b\" is curried`},
		{func() { open.WithLabels(engine.Labels{"a-b": "2"}).Inc() }, `invalid label`},
	} {
		log.Reset()
		for range 2 {
			c.lookup()
		}
		require.Len(t, warnings(log), 1, c.want)
		require.Contains(t, warnings(log)[0], c.want)
		require.EqualValues(t, 2*(i+1), dropped(t, r, "labels"))
	}
	require.Empty(t, valuesOf(t, r))
}

func TestDeletionsOfACurriedVecTouchItsPartOnly(t *testing.T) {
	for _, names := range [][]string{{"tenant", "user", "code"}, nil} {
		r := engine.NewRegistry(engine.WithStrict())
		v := must(r.NewCounterVec("c", "", names))
		acme := v.Curry(engine.Labels{"tenant": "acme"})
		fill := func() {
			for i := range 24 {
				v.WithLabels(engine.Labels{"tenant": []string{"acme", "umbrella"}[i%2], "user": fmt.Sprint(i / 2 % 4),
					"code": fmt.Sprint(i / 8)})
			}
		}
		fill()
		require.Len(t, countsOf(r, "c"), 24)
		require.Equal(t, 3, acme.DeleteWhere(engine.Labels{"user": "1"}))
		require.Equal(t, 0, acme.DeleteWhere(engine.Labels{"tenant": "umbrella"}))
		require.Equal(t, 3, acme.DeleteWhere(engine.Labels{"tenant": "acme", "user": "2"}))
		require.Equal(t, names != nil, acme.Delete("0", "0"))
		require.Equal(t, names == nil, acme.DeleteLabels(engine.Labels{"user": "0", "code": "0"}))
		require.False(t, acme.Delete("0", "0", "0"))
		require.False(t, acme.DeleteLabels(engine.Labels{"tenant": "acme", "user": "3", "code": "0"}))
		require.Len(t, countsOf(r, "c"), 17)
		acme.Reset()
		require.Len(t, countsOf(r, "c"), 12)
		fill()
		require.Equal(t, 12, acme.DeleteWhere(nil))
		require.Equal(t, 12, v.DeleteWhere(nil))
		require.Empty(t, countsOf(r, "c"))
	}
}

func TestTypedVecsDeleteByLabelsToo(t *testing.T) {
	type route struct {
		Method string
		Code   int
	}
	r := engine.NewRegistry()
	v := must(engine.RegisterHistogramOf[route](r, "h", ""))
	for code := range 5 {
		v.With(route{"GET", code}).Observe(1)
		v.With(route{"PUT", code}).ObserveWithExemplar(1, engine.Labels{"id": "1"})
	}
	require.Equal(t, 2, v.DeleteWhere(engine.Labels{"code": "3"}))
	require.Equal(t, 4, v.DeleteWhere(engine.Labels{"method": "PUT"}))
	require.Len(t, countsOf(r, "h"), 4)
}

func TestValuesOfACurriedVecAreCutRepairedAndLimitedLikeOthers(t *testing.T) {
	r, _ := logged(engine.WithMaxLabelValue(12))
	v := must(r.NewCounterVec("c", "", []string{"tenant", "user"}, engine.WithLabelLimit("user", 1)))
	part := v.Curry(engine.Labels{"tenant": "a tenant with a long name\xff"})
	part.With("u\xff").Inc()
	part.With("other").Inc()
	require.Equal(t, map[string]uint64{"tenant=a tenant wit user=u\ufffd ": 1,
		"tenant=a tenant wit user=__overflow__ ": 1}, countsOf(r, "c"))
	require.True(t, part.Delete("u\xff"))
	require.Equal(t, 1, v.DeleteWhere(engine.Labels{"tenant": "a tenant with another name"}))
}
