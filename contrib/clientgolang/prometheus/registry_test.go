// SPDX-License-Identifier: Apache-2.0

package prometheus_test

import (
	"testing"

	client "github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/contrib/clientgolang/prometheus"
)

func TestAMetricIsUnregisteredByAnEqualOne(t *testing.T) {
	r := prometheus.NewRegistry()
	opts := prometheus.CounterOpts{Name: "c_total", Help: "C.", ConstLabels: prometheus.Labels{"a": "1"}}
	r.MustRegister(prometheus.NewCounter(opts))
	r.MustRegister(prometheus.NewGauge(prometheus.GaugeOpts{Name: "g"}))
	require.Equal(t, map[string]int{"c_total": 1, "g": 1}, names(t, r))

	opts.Help = "Another help, which does not count."
	require.True(t, r.Unregister(prometheus.NewCounter(opts)))
	require.Equal(t, map[string]int{"g": 1}, names(t, r))
	require.False(t, r.Unregister(prometheus.NewCounter(opts)))
	require.True(t, r.Unregister(client.NewGauge(client.GaugeOpts{Name: "g"})), "client_golang's type does too")
	require.Empty(t, names(t, r))
}

func TestAMetricInSeveralRegistriesIsOneMetric(t *testing.T) {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "c_total"}, []string{"a"})
	c.WithLabelValues("before").Inc()
	ours, theirs := prometheus.NewRegistry(), client.NewRegistry()
	ours.MustRegister(c)
	theirs.MustRegister(c)
	prometheus.WrapRegistererWithPrefix("p_", ours).MustRegister(c)
	c.WithLabelValues("after").Inc()
	require.Equal(t, map[string]int{"c_total": 2, "p_c_total": 2}, names(t, ours))
	require.Equal(t, map[string]int{"c_total": 2}, names(t, theirs))
	require.True(t, c.DeleteLabelValues("before"))
	require.Equal(t, map[string]int{"c_total": 1, "p_c_total": 1}, names(t, ours))
}

func TestTheExistingCollectorIsTheOneThatWasRegistered(t *testing.T) {
	r := prometheus.NewRegistry()
	opts := prometheus.CounterOpts{Name: "c_total"}
	first := prometheus.NewCounterVec(opts, []string{"a"})
	r.MustRegister(first)
	second := prometheus.NewCounterVec(opts, []string{"a"})
	err := r.Register(second)
	already, ok := err.(prometheus.AlreadyRegisteredError)
	require.True(t, ok, "%T", err)
	require.Same(t, first, already.ExistingCollector)
	require.Same(t, second, already.NewCollector)

	wrapped := prometheus.WrapRegistererWith(prometheus.Labels{"w": "1"}, prometheus.NewRegistry())
	require.NoError(t, wrapped.Register(first))
	require.ErrorAs(t, wrapped.Register(second), &already)
	require.Same(t, first, already.ExistingCollector, "without the wrapper")
}

// withVec embeds a Vec and collects something else. It must not be taken for the Vec.
type withVec struct{ *prometheus.CounterVec }

func (w withVec) Collect(ch chan<- prometheus.Metric) {
	w.WithLabelValues("made at the scrape").Inc()
	w.CounterVec.Collect(ch)
}

func TestATypeThatEmbedsAVecCollectsForItself(t *testing.T) {
	r := prometheus.NewRegistry()
	w := withVec{prometheus.NewCounterVec(prometheus.CounterOpts{Name: "c_total"}, []string{"a"})}
	r.MustRegister(w)
	require.Equal(t, map[string]int{"c_total": 1}, names(t, r))
	require.True(t, r.Unregister(w.CounterVec), "its descriptors are the Vec's")
	require.Empty(t, names(t, r))
}

// talkative registers something whenever it is described.
type talkative struct {
	prometheus.Collector
	in *prometheus.Registry
}

func (c talkative) Describe(ch chan<- *prometheus.Desc) {
	_ = c.in.Register(prometheus.NewGauge(prometheus.GaugeOpts{Name: "g"}))
	c.Collector.Describe(ch)
}

func TestACollectorMayUseTheRegistryWhileItIsUnregistered(t *testing.T) {
	r := prometheus.NewRegistry()
	c := prometheus.NewCounter(prometheus.CounterOpts{Name: "c_total"})
	r.MustRegister(c)
	require.True(t, r.Unregister(talkative{c, r}))
	require.Equal(t, map[string]int{"g": 1}, names(t, r))
}

func TestARegistryInARegistryShowsItsMetrics(t *testing.T) {
	inner, outer := prometheus.NewRegistry(), prometheus.NewRegistry()
	inner.MustRegister(prometheus.NewGauge(prometheus.GaugeOpts{Name: "g"}))
	inner.MustRegister(prometheus.NewGoCollector())
	outer.MustRegister(prometheus.WrapCollectorWith(prometheus.Labels{"of": "inner"}, inner))
	shown := names(t, outer)
	require.Equal(t, 1, shown["g"])
	require.Equal(t, 1, shown["go_goroutines"])
}

// panicking is a collector that panics.
type panicking struct{ prometheus.Collector }

func (panicking) Collect(chan<- prometheus.Metric) { panic("the collector's own") }

func TestACollectorThatPanicsInAnInnerRegistryCostsNoMetricOfThisPackage(t *testing.T) {
	inner, outer := prometheus.NewRegistry(), prometheus.NewRegistry()
	inner.MustRegister(prometheus.NewGauge(prometheus.GaugeOpts{Name: "g"}))
	inner.MustRegister(panicking{prometheus.NewGauge(prometheus.GaugeOpts{Name: "other"})})
	outer.MustRegister(inner)
	families, err := outer.Gather()
	require.ErrorContains(t, err, "the collector's own")
	require.Len(t, families, 1)
	require.Equal(t, "g", families[0].GetName())
}

func TestSeriesOfOneNameFromSeveralMetricsAreOneSortedFamily(t *testing.T) {
	ours, theirs := prometheus.NewRegistry(), client.NewRegistry()
	for _, zone := range []string{"b", "a", "c"} {
		opts := prometheus.GaugeOpts{Name: "g", Help: "G.", ConstLabels: prometheus.Labels{"zone": zone}}
		o, c := prometheus.NewGaugeVec(opts, []string{"x"}), client.NewGaugeVec(opts, []string{"x"})
		ours.MustRegister(o)
		theirs.MustRegister(c)
		for _, x := range []string{"2", "1"} {
			o.WithLabelValues(x).Set(1)
			c.WithLabelValues(x).Set(1)
		}
	}
	of, err := ours.Gather()
	require.NoError(t, err)
	tf, err := theirs.Gather()
	require.NoError(t, err)
	require.Equal(t, textOf(t, tf, text), textOf(t, of, text))
	require.Equal(t, textOf(t, tf, text), pageOf(t, ours, text))
}
