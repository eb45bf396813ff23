// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

// These metrics belong to the program that the API was designed for. They are in the default
// registry, which all tests of the binary share, so their names begin with contract_.
var (
	contractRequests = engine.NewCounterVec("contract_requests_total", "Requests served.", []string{"method", "code"})
	contractLatency  = engine.NewHistogram("contract_duration_seconds", "Request latency.")
	contractInflight = engine.NewGauge("contract_in_flight", "Requests in flight.")
	contractPayload  = engine.NewSummary("contract_payload_bytes", "Payload size.",
		engine.WithObjectives(map[float64]float64{0.5: 0.05, 0.99: 0.001}))
)

type contractRoute struct {
	Method string `label:"method"`
	Code   int    `label:"code"`
}

func TestTheProgramOfTheContractDoesWhatItSays(t *testing.T) {
	before := contractRequests.With("GET", "200").Value() // not 0 when the test runs again
	contractRequests.With("GET", "200").Inc()
	ok := contractRequests.With("GET", "200")
	ok.Add(3)
	require.Equal(t, before+4, ok.Value())

	count := contractLatency.Snapshot().Count
	contractLatency.Observe(0.042)
	require.Equal(t, count+1, contractLatency.Snapshot().Count)
	require.Positive(t, contractLatency.Quantile(0.5))

	contractInflight.Set(0)
	contractInflight.Inc()
	require.EqualValues(t, 1, contractInflight.Value())
	contractInflight.Dec()
	contractInflight.Set(3)
	contractInflight.Add(5)
	contractInflight.Sub(2)
	require.EqualValues(t, 6, contractInflight.Value())

	contractPayload.Observe(512)
	require.EqualValues(t, 512, contractPayload.Quantile(0.5))
	require.EqualValues(t, 512, contractPayload.Snapshot().Quantiles[0.99])

	events := engine.NewCounterVec("contract_events_total", "Events.", nil)
	kind := events.WithLabels(engine.Labels{"kind": "timer_expiry"})
	value := kind.Value()
	events.WithLabels(engine.Labels{"kind": "timer_expiry"}).Inc()
	require.Equal(t, value+1, kind.Value())

	hits := engine.NewCounterOf[contractRoute]("contract_hits_total", "Hits.")
	value = hits.With(contractRoute{"GET", 200}).Value()
	hits.With(contractRoute{"GET", 200}).Inc()
	require.Equal(t, value+1, hits.With(contractRoute{"GET", 200}).Value())

	reg := engine.NewRegistry()
	c, err := reg.NewCounter("jobs_total", "Jobs.")
	require.NoError(t, err)
	c.Inc()
	v, err := reg.NewCounterVec("x_total", "X.", []string{"a"})
	require.NoError(t, err)
	v.With("a-value").Inc()
	o, err := engine.RegisterCounterOf[contractRoute](reg, "y_total", "Y.")
	require.NoError(t, err)
	o.With(contractRoute{"PUT", 404}).Inc()
	require.Equal(t, map[string]string{
		"jobs_total": "1", `x_total{a="a-value"}`: "1", `y_total{code="404",method="PUT"}`: "1",
	}, valuesOf(t, reg))

	require.True(t, reg.Unregister("jobs_total"))
	require.True(t, v.Delete("a-value"))
	v.With("a-value")
	require.True(t, v.DeleteLabels(engine.Labels{"a": "a-value"}))
	v.With("a-value")
	v.Reset()
	require.Equal(t, map[string]string{`y_total{code="404",method="PUT"}`: "1"}, valuesOf(t, reg))
	reg.Clear()
	require.Empty(t, valuesOf(t, reg))
}

// This test goes through every constructor of the package and compares its metric with the result
// of Lookup.
func TestEveryConstructorDefinesItsMetricInTheDefaultRegistry(t *testing.T) {
	a := []string{"a"}
	type set struct{ A string }
	value := func() float64 { return 7 }
	for name, test := range map[string]struct {
		define func(name string) any
		typ    string
		labels []string
		of     bool // the registry keeps the metric, not its typed wrapper
	}{
		"counter":        {func(n string) any { return engine.NewCounter(n, "h") }, "counter", nil, false},
		"gauge":          {func(n string) any { return engine.NewGauge(n, "h") }, "gauge", nil, false},
		"histogram":      {func(n string) any { return engine.NewHistogram(n, "h") }, "histogram", nil, false},
		"summary":        {func(n string) any { return engine.NewSummary(n, "h") }, "summary", nil, false},
		"counter_vec":    {func(n string) any { return engine.NewCounterVec(n, "h", a) }, "counter", a, false},
		"gauge_vec":      {func(n string) any { return engine.NewGaugeVec(n, "h", a) }, "gauge", a, false},
		"histogram_vec":  {func(n string) any { return engine.NewHistogramVec(n, "h", a) }, "histogram", a, false},
		"summary_vec":    {func(n string) any { return engine.NewSummaryVec(n, "h", a) }, "summary", a, false},
		"counter_func":   {func(n string) any { return engine.NewCounterFunc(n, "h", value) }, "counter", nil, false},
		"gauge_func":     {func(n string) any { return engine.NewGaugeFunc(n, "h", value) }, "gauge", nil, false},
		"counter_of":     {func(n string) any { return engine.NewCounterOf[set](n, "h") }, "counter", a, true},
		"gauge_of":       {func(n string) any { return engine.NewGaugeOf[set](n, "h") }, "gauge", a, true},
		"histogram_of":   {func(n string) any { return engine.NewHistogramOf[set](n, "h") }, "histogram", a, true},
		"summary_of":     {func(n string) any { return engine.NewSummaryOf[set](n, "h") }, "summary", a, true},
		"open_gauge_vec": {func(n string) any { return engine.NewGaugeVec(n, "h", nil) }, "gauge", nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			name := "contract_every_" + name
			metric := test.define(name)
			if !test.of {
				require.Same(t, metric, test.define(name), "the second definition returns the first metric")
			}
			info, ok := engine.Default().Lookup(name)
			require.True(t, ok)
			require.Equal(t, test.typ, info.Type)
			require.Equal(t, test.labels, info.Labels)
			require.Equal(t, "h", info.Help)
			if !test.of {
				require.Same(t, metric, info.Metric)
			}
			require.Panics(t, func() { test.define("contract every") })
			require.Panics(t, func() { engine.NewGauge(name, "something else") })
			require.True(t, engine.Default().Unregister(name))
			require.False(t, engine.Default().Unregister(name))
		})
	}
}
