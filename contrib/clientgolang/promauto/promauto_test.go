// SPDX-License-Identifier: Apache-2.0

package promauto_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/contrib/clientgolang/promauto"
	"github.com/quipu-metrics/quipu/contrib/clientgolang/prometheus"
)

// makeAll makes a metric of each kind.
func makeAll(f promauto.Factory, prefix string) {
	one := func() float64 { return 1 }
	names := []string{"x"}
	f.NewCounter(prometheus.CounterOpts{Name: prefix + "c"})
	f.NewCounterVec(prometheus.CounterOpts{Name: prefix + "cv"}, names).WithLabelValues("1")
	f.NewCounterFunc(prometheus.CounterOpts{Name: prefix + "cf"}, one)
	f.NewGauge(prometheus.GaugeOpts{Name: prefix + "g"})
	f.NewGaugeVec(prometheus.GaugeOpts{Name: prefix + "gv"}, names).WithLabelValues("1")
	f.NewGaugeFunc(prometheus.GaugeOpts{Name: prefix + "gf"}, one)
	f.NewHistogram(prometheus.HistogramOpts{Name: prefix + "h"})
	f.NewHistogramVec(prometheus.HistogramOpts{Name: prefix + "hv"}, names).WithLabelValues("1")
	f.NewSummary(prometheus.SummaryOpts{Name: prefix + "s"})
	f.NewSummaryVec(prometheus.SummaryOpts{Name: prefix + "sv"}, names).WithLabelValues("1")
	f.NewUntypedFunc(prometheus.UntypedOpts{Name: prefix + "u"}, one)
}

func TestAFactoryRegistersEveryKindAndPanicsAtTheSecondOfAName(t *testing.T) {
	reg := prometheus.NewRegistry()
	makeAll(promauto.With(reg), "")
	families, err := reg.Gather()
	require.NoError(t, err)
	require.Len(t, families, 11)
	require.Panics(t, func() { promauto.With(reg).NewGauge(prometheus.GaugeOpts{Name: "g"}) })
}

func TestAFactoryWithoutARegistererRegistersNothing(t *testing.T) {
	makeAll(promauto.With(nil), "")
	makeAll(promauto.With(nil), "")
}

func TestFunctionsRegisterWithTheDefaultRegisterer(t *testing.T) {
	before := prometheus.DefaultRegisterer
	reg := prometheus.NewRegistry()
	prometheus.DefaultRegisterer = reg
	defer func() { prometheus.DefaultRegisterer = before }()
	one := func() float64 { return 1 }
	names := []string{"x"}
	promauto.NewCounter(prometheus.CounterOpts{Name: "c"})
	promauto.NewCounterVec(prometheus.CounterOpts{Name: "cv"}, names).WithLabelValues("1")
	promauto.NewCounterFunc(prometheus.CounterOpts{Name: "cf"}, one)
	promauto.NewGauge(prometheus.GaugeOpts{Name: "g"})
	promauto.NewGaugeVec(prometheus.GaugeOpts{Name: "gv"}, names).WithLabelValues("1")
	promauto.NewGaugeFunc(prometheus.GaugeOpts{Name: "gf"}, one)
	promauto.NewHistogram(prometheus.HistogramOpts{Name: "h"})
	promauto.NewHistogramVec(prometheus.HistogramOpts{Name: "hv"}, names).WithLabelValues("1")
	promauto.NewSummary(prometheus.SummaryOpts{Name: "s"})
	promauto.NewSummaryVec(prometheus.SummaryOpts{Name: "sv"}, names).WithLabelValues("1")
	promauto.NewUntypedFunc(prometheus.UntypedOpts{Name: "u"}, one)
	families, err := reg.Gather()
	require.NoError(t, err)
	require.Len(t, families, 11)
}
