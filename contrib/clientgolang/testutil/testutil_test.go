// SPDX-License-Identifier: Apache-2.0

package testutil_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/common/expfmt"
	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/contrib/clientgolang/collectors"
	"github.com/quipu-metrics/quipu/contrib/clientgolang/prometheus"
	"github.com/quipu-metrics/quipu/contrib/clientgolang/promhttp"
	"github.com/quipu-metrics/quipu/contrib/clientgolang/push"
	"github.com/quipu-metrics/quipu/contrib/clientgolang/testutil"
)

const want = "# HELP c_total C.\n# TYPE c_total counter\nc_total{x=\"1\"} 3\n"

func TestHelpersTakeMetricsAndRegistriesOfThisModule(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "c_total", Help: "C."}, []string{"x"})
	reg.MustRegister(c)
	c.WithLabelValues("1").Add(3)
	require.Equal(t, 3.0, testutil.ToFloat64(c.WithLabelValues("1")))
	require.Equal(t, 3.0, testutil.ToFloat64(c))
	require.NoError(t, testutil.CollectAndCompare(c, strings.NewReader(want)))
	require.NoError(t, testutil.GatherAndCompare(reg, strings.NewReader(want), "c_total"))
	transactional := prometheus.ToTransactionalGatherer(reg)
	require.NoError(t, testutil.TransactionalGatherAndCompare(transactional, strings.NewReader(want)))
	require.Error(t, testutil.GatherAndCompare(reg, strings.NewReader(strings.Replace(want, "3", "4", 1))))
	require.Equal(t, 1, testutil.CollectAndCount(c))
	n, err := testutil.GatherAndCount(reg)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	text, err := testutil.GatherAndFormat(reg, expfmt.TypeTextPlain, "c_total")
	require.NoError(t, err)
	require.Equal(t, want, string(text))
	text, err = testutil.CollectAndFormat(c, expfmt.TypeTextPlain, "c_total")
	require.NoError(t, err)
	require.Equal(t, want, string(text))
	for _, lint := range []func() (int, error){
		func() (int, error) { p, err := testutil.GatherAndLint(reg); return len(p), err },
		func() (int, error) { p, err := testutil.CollectAndLint(c); return len(p), err },
	} {
		problems, err := lint()
		require.NoError(t, err)
		require.Zero(t, problems)
	}
	s := httptest.NewServer(promhttp.HandlerFor(reg, promhttp.HandlerOpts{}))
	defer s.Close()
	require.NoError(t, testutil.ScrapeAndCompare(s.URL, strings.NewReader(want)))
}

func TestCollectorsRegisterWithRegistriesOfThisModule(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(collectors.NewGoCollector(collectors.WithGoCollectorRuntimeMetrics(collectors.MetricsGC)))
	reg.MustRegister(collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	n, err := testutil.GatherAndCount(reg,
		"go_goroutines", "process_start_time_seconds", "go_gc_cycles_total_gc_cycles_total")
	require.NoError(t, err)
	require.Equal(t, 3, n)
}

func TestAPusherPushesMetricsOfThisModule(t *testing.T) {
	g := prometheus.NewGauge(prometheus.GaugeOpts{Name: "g"})
	require.ErrorContains(t, push.New("http://127.0.0.1:0", "job").Collector(g).Push(), "127.0.0.1:0")
}
