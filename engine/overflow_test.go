// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

func TestTheFirstOverflowNamesTheLabelWithTheMostValues(t *testing.T) {
	r, log := logged()
	v := must(r.NewCounterVec("c_total", "", []string{"method", "user", "code"}, engine.WithMaxSeries(40),
		engine.WithConstLabels(engine.Labels{"app": "x"})))
	for i := range 100 {
		v.With(fmt.Sprint("m", i%3), fmt.Sprint(i), fmt.Sprint(i%7)).Inc()
	}
	lines := warnings(log)
	require.Len(t, lines, 1)
	require.Contains(t, lines[0], `WithMaxSeries allows, 40; label \"user\" has the most values, 40 in 41 series`)
}

func TestALabelBeyondItsLimitIsLoggedOnceWithItsName(t *testing.T) {
	r, log := logged()
	v := must(r.NewCounterVec("c_total", "", []string{"method", "user"}, engine.WithLabelLimit("user", 2)))
	var where string
	for i := range 10 {
		v.With("GET", fmt.Sprint(i)).Inc()
		where = line()
	}
	require.Len(t, warnings(log), 1)
	require.Contains(t, warnings(log)[0], `"quipu: a label has too many values: further ones share the series of `+
		`__overflow__ (further ones are only counted)" metric=c_total reason=label_limit `+
		`detail="label \"user\" has as many values as WithLabelLimit allows, 2" labels="method, user" caller=`)
	require.NotEmpty(t, where)
}

func TestAFullRegistryIsLoggedOnceForEachMetric(t *testing.T) {
	r, log := logged(engine.WithSeriesBudget(3))
	for _, name := range []string{"a_total", "b_total"} {
		v := must(r.NewCounterVec(name, "", []string{"user"}))
		for i := range 10 {
			v.With(fmt.Sprint(i)).Inc()
		}
	}
	lines := warnings(log)
	require.Len(t, lines, 2)
	require.Contains(t, lines[0], `"quipu: the registry is full: updates of its further label sets go to its overflow `+
		`series (further ones are only counted)" metric=a_total reason=budget detail="its metrics have as many series `+
		`as WithSeriesBudget allows, 3; label \"user\" has the most values, 3 in 4 series" labels=user`)
	require.Contains(t, lines[1], "metric=b_total reason=budget")
}

func TestTheOverflowSeriesOfOpenLabelSetsMayHaveAnotherLabel(t *testing.T) {
	r, _ := logged()
	option := engine.WithOverflowLabel("otel_metric_overflow", "true")
	v := must(r.NewCounterVec("c_total", "", nil, engine.WithMaxSeries(1), option))
	for _, user := range []string{"a", "b", "c"} {
		v.WithLabels(engine.Labels{"user": user, "overflow": "free"}).Inc()
	}
	require.Equal(t, map[string]string{
		`c_total{overflow="free",user="a"}`: "1", `c_total{otel_metric_overflow="true"}`: "2",
	}, valuesOf(t, r))

	_, err := r.NewCounterVec("declared", "", []string{"a"}, option)
	require.ErrorIs(t, err, engine.ErrOption)
	for _, pair := range [][2]string{{"", "x"}, {"x", ""}, {"x", "\xff"}} {
		_, err = r.NewCounterVec("open", "", nil, engine.WithOverflowLabel(pair[0], pair[1]))
		require.ErrorIs(t, err, engine.ErrOption)
	}
	_, err = r.NewCounterVec("open", "", nil, engine.WithOverflowLabel("0", "x"))
	require.ErrorIs(t, err, engine.ErrLabel)
	consts := engine.WithConstLabels(engine.Labels{"otel_metric_overflow": "no"})
	_, err = r.NewCounterVec("open", "", nil, option, consts)
	require.ErrorIs(t, err, engine.ErrLabel)
}
