// SPDX-License-Identifier: Apache-2.0

package prometheus_test

import (
	"testing"

	client "github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/contrib/clientgolang/prometheus"
)

// names returns the names of families that a gatherer shows.
func names(t testing.TB, g prometheus.Gatherer) map[string]int {
	families, err := g.Gather()
	require.NoError(t, err)
	all := make(map[string]int)
	for _, f := range families {
		all[f.GetName()] += len(f.Metric)
	}
	return all
}

func TestTheDefaultPageShowsWhatLibrariesRegisterWithClientGolang(t *testing.T) {
	ours := prometheus.NewCounter(prometheus.CounterOpts{Name: "default_ours_total"})
	require.NoError(t, prometheus.Register(ours))
	defer prometheus.Unregister(ours)
	theirs := client.NewCounter(client.CounterOpts{Name: "default_theirs_total"})
	client.MustRegister(theirs)
	defer client.Unregister(theirs)

	shown := names(t, prometheus.DefaultGatherer)
	require.Equal(t, 1, shown["default_ours_total"])
	require.Equal(t, 1, shown["default_theirs_total"])
	require.Equal(t, 1, shown["go_goroutines"])
}

func TestCollectorsRegisteredWithTheDefaultRegistryGoToClientGolangs(t *testing.T) {
	mine := client.NewGaugeFunc(client.GaugeOpts{Name: "default_func"}, func() float64 { return 1 })
	require.NoError(t, prometheus.Register(mine))
	require.Equal(t, 1, names(t, client.DefaultGatherer)["default_func"])
	require.Equal(t, 1, names(t, prometheus.DefaultGatherer)["default_func"])

	var already prometheus.AlreadyRegisteredError
	require.ErrorAs(t, prometheus.Register(mine), &already)
	require.Same(t, mine, already.ExistingCollector)

	require.True(t, prometheus.Unregister(mine))
	require.Zero(t, names(t, client.DefaultGatherer)["default_func"])
	require.False(t, prometheus.Unregister(mine))
	require.NoError(t, prometheus.Register(mine), "it can come back")
	require.True(t, prometheus.Unregister(mine))
}

func TestTheGoCollectorIsThereAndCanBeReplacedAsWithClientGolang(t *testing.T) {
	var already prometheus.AlreadyRegisteredError
	require.ErrorAs(t, prometheus.Register(prometheus.NewGoCollector()), &already)
	require.True(t, prometheus.Unregister(prometheus.NewGoCollector()))
	require.Zero(t, names(t, prometheus.DefaultGatherer)["go_goroutines"])
	require.NoError(t, prometheus.Register(prometheus.NewGoCollector()))
	require.Equal(t, 1, names(t, prometheus.DefaultGatherer)["go_goroutines"])
}

func TestAMetricAndACollectorOfOneNameClashInTheDefaultRegistryToo(t *testing.T) {
	mine := prometheus.NewGauge(prometheus.GaugeOpts{Name: "default_clash", Help: "A."})
	prometheus.MustRegister(mine)
	defer prometheus.Unregister(mine)
	other := client.NewGaugeFunc(client.GaugeOpts{Name: "default_clash", Help: "B."}, func() float64 { return 1 })
	require.ErrorContains(t, prometheus.Register(other), "different label names or a different help string")
	require.Zero(t, names(t, client.DefaultGatherer)["default_clash"], "nothing is left behind")

	same := client.NewGaugeFunc(client.GaugeOpts{Name: "default_clash", Help: "A."}, func() float64 { return 1 })
	var already prometheus.AlreadyRegisteredError
	require.ErrorAs(t, prometheus.Register(same), &already)
	require.Same(t, mine, already.ExistingCollector)
}

// A library has registered the same metric with client_golang. Nothing can say so when ours is
// registered, so gathering does, as it does for any other two collectors.
func TestAMetricThatClientGolangHasTooIsAnErrorOfThePageAndTheRestIsShown(t *testing.T) {
	opts := prometheus.CounterOpts{Name: "default_twice_total", Help: "Twice."}
	theirs := client.NewCounter(opts)
	client.MustRegister(theirs)
	defer client.Unregister(theirs)
	ours := prometheus.NewCounter(opts)
	prometheus.MustRegister(ours)
	defer prometheus.Unregister(ours)

	families, err := prometheus.DefaultGatherer.Gather()
	require.ErrorContains(t, err, "default_twice_total")
	require.ErrorContains(t, err, "collected before with the same name and label values")
	shown := 0
	for _, f := range families {
		if f.GetName() == "default_twice_total" {
			shown += len(f.Metric)
		}
	}
	require.Equal(t, 1, shown)
}
