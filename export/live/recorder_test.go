// SPDX-License-Identifier: Apache-2.0

package live

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

func namesOfMetrics(r *recorder) (names []string) {
	for _, m := range r.metrics {
		if len(m.name) < 6 || m.name[:6] != "quipu_" {
			names = append(names, m.name)
		}
	}
	return names
}

func TestARecorderSeesEveryKindOfMetric(t *testing.T) {
	reg := engine.NewRegistry()
	c := must(reg.NewCounterVec("jobs_total", "Jobs done.", []string{"queue"}))
	g := must(reg.NewGauge("depth_bytes", "Depth.", engine.WithUnit("bytes")))
	h := must(reg.NewHistogram("seconds", "Time.", engine.WithBuckets(1, 2)))
	s := must(reg.NewSummary("sizes", "Sizes."))
	r := newRecorder(reg, minInterval, 10)
	for i := range 3 {
		c.With("a").Add(1)
		c.With("b").Add(2)
		g.Set(float64(i))
		h.Observe(1.5)
		s.Observe(4)
		s.Observe(6)
		r.sample(second(2 * i))
	}
	require.Equal(t, []string{"depth_bytes", "jobs_total", "seconds", "sizes"}, namesOfMetrics(r))
	for name, want := range map[string]struct {
		value, sum float64
		series     int
		trend      []float32
	}{
		"jobs_total":  {9, 0, 2, []float32{1.5, 1.5}},
		"depth_bytes": {2, 0, 1, []float32{1, 2}},
		"seconds":     {3, 4.5, 1, []float32{0.5, 0.5}},
		"sizes":       {6, 30, 1, []float32{1, 1}},
	} {
		m := r.byName[name]
		require.Equal(t, want.value, m.total.value, name)
		require.Equal(t, want.sum, m.total.sum, name)
		require.Equal(t, want.series, m.series, name)
		require.Equal(t, want.trend, all(&m.track.trend)[1:], name)
	}
	require.Equal(t, []string{"queue"}, r.byName["jobs_total"].labels)
	require.Equal(t, "bytes", r.byName["depth_bytes"].unit)
}

func TestChangesAreNoticed(t *testing.T) {
	reg := engine.NewRegistry()
	must(reg.NewGauge("b", ""))
	r := newRecorder(reg, minInterval, 10)
	step := 0
	changed := func() bool {
		before := r.changes
		step++
		r.sample(second(step))
		return r.changes != before
	}
	require.True(t, changed())
	require.False(t, changed())
	must(reg.NewGauge("a", ""))
	require.True(t, changed(), "a metric came")
	require.Equal(t, []string{"a", "b"}, namesOfMetrics(r))
	require.False(t, changed())
	require.True(t, reg.Unregister("b"))
	require.True(t, changed(), "a metric went")
	require.Equal(t, []string{"a"}, namesOfMetrics(r))
	require.NotContains(t, r.byName, "b")
	require.True(t, reg.Unregister("a"))
	must(reg.NewCounter("a", "Another one."))
	require.True(t, changed(), "a metric has another type")
	require.False(t, changed())
}

func TestMetricsThatSomebodyWatchesOutliveTheRegistrys(t *testing.T) {
	reg := engine.NewRegistry()
	must(reg.NewGauge("a", "")).Set(1)
	r := newRecorder(reg, minInterval, 10)
	v := view{kind: viewMetric, metric: "a"}
	r.open(&v)
	r.sample(second(0))
	require.True(t, reg.Unregister("a"))
	r.sample(second(1))
	r.sample(second(2))
	m := r.byName["a"]
	require.Zero(t, m.series)
	trend := all(&m.track.trend)
	require.Equal(t, float32(1), trend[0])
	require.True(t, math.IsNaN(float64(trend[1])) && math.IsNaN(float64(trend[2])))
	r.close(&v)
	r.sample(second(3))
	require.NotContains(t, r.byName, "a")
}

func TestThePastOfVeryManyMetricsIsNotKept(t *testing.T) {
	reg := engine.NewRegistry()
	for i := range maxMetrics + 100 {
		must(reg.NewGauge(fmt.Sprintf("g_%06d", i), "")).Set(float64(i))
	}
	r := newRecorder(reg, minInterval, 10)
	r.sample(second(0))
	r.sample(second(1))
	last := r.byName[fmt.Sprintf("g_%06d", maxMetrics+99)]
	require.Nil(t, last.track)
	require.EqualValues(t, maxMetrics+99, last.total.value, "the present is shown")
	m := composed(t, watching(r, view{kind: viewList}))
	require.Len(t, m.data["metrics"], len(r.metrics))
	require.Nil(t, m.data["trend"].([]any)[maxMetrics+99])
}

func TestAFirstSeriesWithOtherLabelsIsOneChange(t *testing.T) {
	reg := engine.NewRegistry()
	v := must(reg.NewCounterVec("c_total", "", nil)) // of open label sets
	r := newRecorder(reg, minInterval, 10)
	v.WithLabels(engine.Labels{"b": "1"}).Inc()
	r.sample(second(0))
	v.WithLabels(engine.Labels{"a": "1", "c": "1"}).Inc()
	require.NotZero(t, v.DeleteWhere(engine.Labels{"b": "1"}))
	r.sample(second(1))
	require.Equal(t, []string{"a", "b", "c"}, r.byName["c_total"].labels)
	changes := r.changes
	for i := range 4 {
		v.DeleteWhere(nil)
		v.WithLabels(engine.Labels{string(rune('a' + i%3)): "2"}).Inc()
		r.sample(second(2 + i))
	}
	require.Equal(t, changes, r.changes)
}

func TestAMetricOfAnotherTypeHasNoPast(t *testing.T) {
	reg := engine.NewRegistry()
	must(reg.NewGauge("a", "")).Set(1)
	r, d := detailed(reg, view{kind: viewMetric, metric: "a"})
	d.choose("")
	r.sample(second(0))
	require.True(t, reg.Unregister("a"))
	must(reg.NewCounter("a", "")).Add(100)
	r.sample(second(1))
	for _, track := range []*track{r.byName["a"].track, d.chosen[""].track} {
		trend := all(&track.trend)
		require.Len(t, trend, 1)
		require.True(t, math.IsNaN(float64(trend[0])), "100 is no growth of the gauge")
	}
}
