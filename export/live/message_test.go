// SPDX-License-Identifier: Apache-2.0

package live

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

func TestTheFirstMessageOfAListHasThePastAndLaterOnesTheLatest(t *testing.T) {
	reg := engine.NewRegistry()
	c := must(reg.NewCounter("c_total", "Counts <b>.", engine.WithConstLabels(engine.Labels{"a": "b"})))
	r := newRecorder(reg, minInterval, 10)
	for i := range 3 {
		c.Add(float64(i))
		r.sample(second(i))
	}
	w := watching(r, view{kind: viewList})
	first := composed(t, w)
	require.Equal(t, "metrics", first.event)
	require.EqualValues(t, second(2).UnixMilli(), first.data["time"])
	require.Equal(t, map[string]any{
		"name": "c_total", "type": "counter", "unit": "", "help": "Counts <b>.", "labels": []any{"a"},
		"past": []any{nil, 1.0, 2.0},
	}, first.data["metrics"].([]any)[0])
	c.Inc()
	r.sample(second(3))
	later := composed(t, w)
	require.Equal(t, "values", later.event)
	require.NotContains(t, later.data, "metrics")
	require.EqualValues(t, 4, later.data["value"].([]any)[0])
	require.EqualValues(t, 1, later.data["trend"].([]any)[0])
	require.EqualValues(t, 1, later.data["series"].([]any)[0])
	must(reg.NewGauge("a", ""))
	r.sample(second(4))
	require.Equal(t, "metrics", composed(t, w).event, "a metric came")
}

func TestThereIsNoMessageBeforeAView(t *testing.T) {
	reg := engine.NewRegistry()
	must(reg.NewGauge("g", ""))
	r := newRecorder(reg, minInterval, 10)
	w := watching(r, view{kind: viewList})
	event, _ := w.compose(nil)
	require.Empty(t, event)
	r.sample(second(0))
	require.Equal(t, "metrics", composed(t, w).event)
	// The details of a metric begin with the next sample.
	w = watching(r, view{kind: viewMetric, metric: "g"})
	event, _ = w.compose(nil)
	require.Empty(t, event)
	r.sample(second(1))
	require.Equal(t, "metric", composed(t, w).event)
}

func TestMessagesOfAMetric(t *testing.T) {
	reg := engine.NewRegistry()
	h := must(reg.NewHistogramVec("h_seconds", "", []string{"l"}, engine.WithBuckets(1, 2)))
	h.With("a").Observe(0.5)
	r := newRecorder(reg, minInterval, 10)
	w := watching(r, view{kind: viewMetric, metric: "h_seconds"})
	r.sample(second(0))
	h.With("b").ObserveWithExemplar(9, engine.Labels{"trace_id": "x"})
	r.sample(second(1))
	first := composed(t, w).data
	require.Equal(t, []any{[]any{}, []any{2.0, 1.0}}, first["heat"])
	require.Equal(t, []any{1.0, 2.0}, first["bounds"])
	require.Equal(t, []any{0.5, 0.9, 0.99}, first["quantiles"])
	require.Equal(t, []any{[]any{[]any{"l", "a"}}, []any{[]any{"l", "b"}}}, first["labels"])
	require.Equal(t, []any{1.0, 1.0}, first["values"])
	require.Equal(t, []any{0.5, 9.0}, first["sums"])
	require.EqualValues(t, 2, first["total"])
	exemplar := first["exemplars"].([]any)[0].(map[string]any)
	require.Equal(t, []any{[]any{"trace_id", "x"}}, exemplar["labels"])
	require.EqualValues(t, 1, exemplar["series"])
	require.EqualValues(t, 9, exemplar["value"])

	h.Delete("a")
	h.With("c").Observe(1.5)
	r.sample(second(2))
	later := composed(t, w)
	require.Equal(t, "series", later.event)
	require.EqualValues(t, 2, later.data["known"])
	require.Equal(t, []any{[]any{[]any{"l", "c"}}}, later.data["labels"], "the page knows the others")
	require.Equal(t, []any{nil, 1.0, 1.0}, later.data["values"])
	require.Equal(t, []any{1.0, 1.0}, later.data["heat"])
	require.Equal(t, true, later.data["present"])
	require.True(t, reg.Unregister("h_seconds"))
	r.sample(second(3))
	gone := composed(t, w)
	require.Equal(t, "series", gone.event)
	require.Equal(t, false, gone.data["present"])
}

func TestAMetricIsDescribedAgainOnlyIfItHasChangedItself(t *testing.T) {
	reg := engine.NewRegistry()
	must(reg.NewGauge("g", "One."))
	r := newRecorder(reg, minInterval, 10)
	w := watching(r, view{kind: viewMetric, metric: "g"})
	r.sample(second(0))
	require.Equal(t, "metric", composed(t, w).event)
	must(reg.NewGauge("another", ""))
	r.sample(second(1))
	require.Equal(t, "series", composed(t, w).event)
	require.True(t, reg.Unregister("g"))
	r.sample(second(2))
	require.Equal(t, "series", composed(t, w).event)
	must(reg.NewGauge("g", "One."))
	r.sample(second(3))
	require.Equal(t, "metric", composed(t, w).event, "it may be another one of that name")
}

func TestAMetricThatNeverWas(t *testing.T) {
	r := newRecorder(engine.NewRegistry(), minInterval, 10)
	w := watching(r, view{kind: viewMetric, metric: "<b>", series: keyOf([]string{"a", "b"})})
	r.sample(second(0))
	m := composed(t, w)
	require.Equal(t, false, m.data["present"])
	require.Equal(t, "", m.data["metric"].(map[string]any)["type"])
	require.Equal(t, "<b>", m.data["metric"].(map[string]any)["name"])
}

func TestLimitsAreShown(t *testing.T) {
	reg := engine.NewRegistry(engine.WithSeriesBudget(50))
	v := must(reg.NewGaugeVec("g", "", []string{"l"}, engine.WithMaxSeries(2)))
	must(reg.NewGaugeVec("open", "", []string{"l"}, engine.WithMaxSeries(engine.NoLimit)))
	v.With("a").Set(1)
	r := newRecorder(reg, minInterval, 10)
	w := watching(r, view{kind: viewLimits})
	r.sample(second(0))
	for _, l := range []string{"b", "c", "d"} {
		v.With(l).Set(1)
	}
	r.sample(second(1))
	m := composed(t, w).data
	require.EqualValues(t, 2, m["limit"].([]any)[0])
	require.EqualValues(t, 2, m["overflowed"].([]any)[0])
	require.EqualValues(t, 0, m["expired"].([]any)[0])
	require.EqualValues(t, 2, m["grown"].([]any)[0], "b and the overflow series")
	require.EqualValues(t, 50, m["budget"])
	require.EqualValues(t, 2, m["used"])
}

func TestTheMetricsOfTheRegistryAboutItself(t *testing.T) {
	reg := engine.NewRegistry()
	must(reg.NewCounter("c_total", "")).Add(-1)
	must(reg.NewGaugeFunc("f", "", func() float64 { panic("no") }))
	r := newRecorder(reg, minInterval, 10)
	w := watching(r, view{kind: viewSelf})
	r.sample(second(0))
	m := composed(t, w)
	require.Equal(t, "self", m.event)
	dropped := m.data["metrics"].(map[string]any)["quipu_dropped_updates_total"].(map[string]any)
	for i, labels := range dropped["labels"].([]any) {
		want := 0.0
		if labels.([]any)[0].([]any)[1] == "negative" {
			want = 1
		}
		require.Equal(t, want, dropped["values"].([]any)[i])
	}
	called := m.data["callbacks"].([]any)[0].(map[string]any)
	require.Equal(t, "f", called["name"])
	require.EqualValues(t, 1, called["failures"])
}
