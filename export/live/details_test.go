// SPDX-License-Identifier: Apache-2.0

package live

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

// detailed returns a recorder of a registry with one metric open, and its details.
func detailed(reg *engine.Registry, v view) (*recorder, *details) {
	r := newRecorder(reg, minInterval, 10)
	r.open(&v)
	return r, r.byName[v.metric].details
}

func TestDetailsHaveEverySeries(t *testing.T) {
	reg := engine.NewRegistry()
	c := must(reg.NewCounterVec("c_total", "", []string{"l"}))
	c.With("a").Add(1)
	c.With("b").Add(2.5)
	r, d := detailed(reg, view{metric: "c_total", kind: viewMetric})
	r.sample(second(0))
	c.With("c").Add(1 << 60)
	c.With("c").Inc()
	c.Delete("a")
	r.sample(second(1))
	require.Len(t, d.rows, 3)
	require.Equal(t, 1, d.rows[0].sample, "a is gone")
	require.Equal(t, []engine.Label{{Name: "l", Value: "b"}}, d.rows[1].labels)
	require.Equal(t, 2.5, d.rows[1].value)
	require.True(t, d.rows[2].exact)
	require.Equal(t, uint64(1<<60+1), d.rows[2].whole)
}

func TestDetailsOfObservations(t *testing.T) {
	reg := engine.NewRegistry()
	h := must(reg.NewHistogram("h", "", engine.WithBuckets(1, 2)))
	s := must(reg.NewSummary("s", "", engine.WithObjectives(map[float64]float64{0.5: 0.01})))
	for range 100 {
		h.Observe(1.5)
		s.Observe(7)
	}
	r := newRecorder(reg, minInterval, 10)
	for _, name := range []string{"h", "s"} {
		r.open(&view{kind: viewMetric, metric: name})
	}
	r.sample(second(0))
	one := r.byName["h"].details.rows[0]
	require.EqualValues(t, 100, one.value)
	require.EqualValues(t, 150, one.sum)
	require.Equal(t, 1.5, one.estimates[0].Value)
	other := r.byName["s"].details.rows[0]
	require.Equal(t, []engine.Estimate{{Quantile: 0.5, Error: 0.01, Value: 7}}, other.estimates)
}

func TestThereAreNotMoreRowsThanTheLimit(t *testing.T) {
	reg := engine.NewRegistry()
	v := must(reg.NewGaugeVec("g", "", []string{"l"}, engine.WithMaxSeries(engine.NoLimit)))
	for i := range maxRows + 5 {
		v.With(fmt.Sprint(i)).Set(1)
	}
	r, d := detailed(reg, view{metric: "g", kind: viewMetric})
	r.sample(second(0))
	require.Len(t, d.rows, maxRows)
	require.Equal(t, 5, d.hidden)
	require.Zero(t, d.epoch)
	for i := range 10 {
		v.Delete(fmt.Sprint(i))
	}
	r.sample(second(1)) // rows of series that have left make room, which the next sample uses
	r.sample(second(2))
	require.Zero(t, d.hidden)
	require.Len(t, d.rows, maxRows-5)
	require.Positive(t, d.epoch)
	for key, i := range d.index {
		require.Equal(t, key, string(appendKey(nil, d.rows[i].labels)))
	}
}

func TestAChosenSeriesHasItsOwnPast(t *testing.T) {
	reg := engine.NewRegistry()
	h := must(reg.NewHistogramVec("h", "", []string{"l"}, engine.WithBuckets(1, 2)))
	h.With("a").Observe(0.5)
	h.With("b").Observe(0.5)
	chosen := view{kind: viewMetric, metric: "h", series: keyOf([]string{"l", "a"})}
	r, d := detailed(reg, chosen)
	r.sample(second(0))
	h.With("a").Observe(1.5)
	h.With("b").Observe(9)
	r.sample(second(1))
	h.Delete("a")
	r.sample(second(2))
	track := d.chosen[chosen.series].track
	require.Equal(t, []cells{nil, {{1, 1}}, nil}, all(&track.heat))
	require.Equal(t, float32(1), *track.trend.at(1))
	r.open(&chosen)
	r.close(&chosen)
	require.Contains(t, d.chosen, chosen.series, "somebody else looks at it")
	r.close(&chosen)
	require.Empty(t, d.chosen)
	require.Nil(t, r.byName["h"].details)
}

func TestTheLatestExemplarsAreKept(t *testing.T) {
	now := time.Unix(1000, 0)
	reg := engine.NewRegistry()
	v := must(reg.NewCounterVec("c_total", "", []string{"l"}))
	r, d := detailed(reg, view{metric: "c_total", kind: viewMetric})
	for i := range 3 * maxExemplars {
		v.With(fmt.Sprint(i)).AddWithExemplar(1, engine.Labels{"trace_id": fmt.Sprint(i)})
	}
	r.sample(now)
	require.Len(t, d.exemplars, maxExemplars)
	for i := range d.exemplars[1:] {
		require.False(t, d.exemplars[i+1].time.After(d.exemplars[i].time))
	}
	r.sample(now.Add(time.Second))
	require.Len(t, d.exemplars, maxExemplars)
	for _, e := range d.exemplars {
		require.Equal(t, d.rows[e.series].labels[0].Value, e.labels[0].Value, "it belongs to its series")
	}
}
