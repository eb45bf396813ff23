// SPDX-License-Identifier: Apache-2.0

package otlp

import (
	"context"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
)

// everyKind returns a registry with series x=1 and x=2 of every kind, and a function that deletes
// the first ones.
func everyKind() (reg *engine.Registry, remove func()) {
	reg = engine.NewRegistry()
	c := engine.Must(reg.NewCounterVec("c_total", "C.", []string{"x"}))
	g := engine.Must(reg.NewGaugeVec("g_seconds", "G.", []string{"x"}, engine.WithUnit("seconds")))
	h := engine.Must(reg.NewHistogramVec("h", "H.", []string{"x"}, engine.WithBuckets(1, 2)))
	n := engine.Must(reg.NewHistogramVec("n", "N.", []string{"x"}, engine.WithNative(histogram.NativeDefaults())))
	s := engine.Must(reg.NewSummaryVec("s", "S.", []string{"x"}, engine.WithObjectives(map[float64]float64{0.5: 0.1})))
	for _, x := range []string{"1", "2"} {
		c.With(x).Inc()
		g.With(x).Set(3)
		h.With(x).Observe(1.5)
		n.With(x).Observe(1.5)
		s.With(x).Observe(1.5)
	}
	return reg, func() {
		for _, deleted := range []bool{c.Delete("1"), g.Delete("1"), h.Delete("1"), n.Delete("1"), s.Delete("1")} {
			if !deleted {
				panic("it was not there")
			}
		}
	}
}

func TestASeriesThatGoesEndsAtTheNextSend(t *testing.T) {
	reg, remove := everyKind()
	r := newReceiver(t)
	e := r.exporter(reg)
	require.NoError(t, e.Send(t.Context()))
	before := r.stored[0].metrics
	require.Empty(t, r.endings())
	remove()
	require.NoError(t, e.Send(t.Context()))
	ended := r.stored[len(r.stored)-1].metrics
	require.Len(t, ended, len(before))
	for i, m := range ended {
		require.Len(t, m.points, 1)
		p, was := m.points[0], before[i].points[0]
		require.True(t, p.ended)
		require.Equal(t, "x=1", p.labels)
		require.Positive(t, p.time)
		require.Equal(t, was.bounds, p.bounds)
		require.Len(t, p.counts, len(was.counts))
		require.Len(t, p.quantiles, len(was.quantiles))
		require.Zero(t, p.value+p.sum+float64(p.count)+float64(total(p.counts)))
		m.points, before[i].points = nil, nil
		require.Equal(t, before[i], m, "it is the same metric")
	}
	require.Equal(t, []string{"c_total{x=1}", "g_seconds{x=1}", "h{x=1}", "n{x=1}", "s{x=1}"}, r.endings())
	require.NoError(t, e.Send(t.Context()))
	require.Empty(t, r.endings(), "they end once")
}

// A sum of differences would take a point without a value for a difference of 0.
func TestOfDifferencesOnlyOtherKindsEnd(t *testing.T) {
	reg, remove := everyKind()
	r := newReceiver(t)
	e := r.exporter(reg, WithDelta())
	require.NoError(t, e.Send(t.Context()))
	remove()
	require.NoError(t, e.Send(t.Context()))
	require.Equal(t, []string{"g_seconds{x=1}", "s{x=1}"}, r.endings())
}

func TestTheEndOfRunEndsAllSeries(t *testing.T) {
	reg, _ := everyKind()
	r := newReceiver(t)
	e := r.exporter(reg)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- e.Run(ctx, time.Hour) }()
	cancel()
	require.NoError(t, <-ended)
	last := r.stored[len(r.stored)-1].metrics
	require.Greater(t, last[0].points[0].time, r.stored[len(r.stored)-2].metrics[0].points[0].time)
	require.Len(t, r.endings(), 10)
	require.NoError(t, e.Send(t.Context()))
	require.Empty(t, r.endings(), "a send after it begins them again")
}

func TestEndingsThatDidNotArriveAreSentAgain(t *testing.T) {
	reg, c := counters(10)
	r := newReceiver(t)
	e := r.exporter(reg)
	require.NoError(t, e.Send(t.Context()))
	for i := range 5 {
		c.Delete(strconv.Itoa(i))
	}
	first := r.asked
	r.fault = func(n int, w http.ResponseWriter) bool {
		if n == first+2 { // the request with the endings
			http.Error(w, "no", http.StatusBadRequest)
		}
		return n == first+2
	}
	require.ErrorContains(t, e.Send(t.Context()), "5 data points in 1 requests did not arrive")
	require.Empty(t, r.endings())
	c.With("0").Inc()
	require.NoError(t, e.Send(t.Context()))
	require.Len(t, r.endings(), 4)
}

func TestManyEndingsAreSentInSeveralRequests(t *testing.T) {
	reg, _ := counters(2*maxPoints + 10)
	r := newReceiver(t)
	e := r.exporter(reg)
	require.NoError(t, e.Send(t.Context()))
	r.endings()
	e.reg = engine.NewRegistry()
	require.NoError(t, e.Send(t.Context()))
	require.Equal(t, 6, r.asked)
	for _, req := range r.stored {
		require.NotEmpty(t, req.resource)
		require.LessOrEqual(t, len(req.metrics[0].points), maxPoints)
	}
	require.Len(t, r.endings(), 2*maxPoints+10)
}
