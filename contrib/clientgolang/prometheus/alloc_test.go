// SPDX-License-Identifier: Apache-2.0

package prometheus_test

import (
	"bytes"
	"strconv"
	"testing"

	"github.com/prometheus/common/expfmt"
	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/contrib/clientgolang/internal/page"
	"github.com/quipu-metrics/quipu/contrib/clientgolang/prometheus"
)

func TestLookupsAndUpdatesOfExistingSeriesAllocateNothing(t *testing.T) {
	names := []string{"method", "code"}
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "c_total"}, names)
	g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "g"}, names)
	h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "h"}, names)
	s := prometheus.NewSummaryVec(prometheus.SummaryOpts{Name: "s"}, names)
	curried := c.MustCurryWith(prometheus.Labels{"method": "PUT"})
	twice := c.MustCurryWith(prometheus.Labels{"code": "200"}).MustCurryWith(prometheus.Labels{"method": "PUT"})
	update := func() {
		c.WithLabelValues("GET", "200").Inc()
		c.With(prometheus.Labels{"method": "GET", "code": "200"}).Add(0.5)
		curried.WithLabelValues("200").Add(2)
		curried.With(prometheus.Labels{"code": "200"}).Inc()
		twice.WithLabelValues().Inc()
		twice.With(prometheus.Labels{}).Inc()
		g.WithLabelValues("GET", "200").Set(1)
		g.With(prometheus.Labels{"method": "GET", "code": "200"}).Dec()
		h.WithLabelValues("GET", "200").Observe(0.5)
		h.With(prometheus.Labels{"method": "GET", "code": "200"}).Observe(3)
		s.WithLabelValues("GET", "200").Observe(0.5)
		s.With(prometheus.Labels{"method": "GET", "code": "200"}).Observe(3)
	}
	require.Zero(t, testing.AllocsPerRun(100, update))
}

func TestAPageOfSeriesThatStayAllocatesAFixedNumber(t *testing.T) {
	page1, page2 := pageAllocations(t, 10), pageAllocations(t, 10_000)
	require.InDelta(t, page1, page2, 5)
}

func pageAllocations(t *testing.T, series int) float64 {
	r := prometheus.NewRegistry()
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "c_total", Help: "C."}, []string{"i"})
	h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "h", Help: "H."}, []string{"i"})
	r.MustRegister(c, h)
	for i := range series {
		c.WithLabelValues(strconv.Itoa(i)).Inc()
		h.WithLabelValues(strconv.Itoa(i)).Observe(1)
	}
	return allocationsOfPages(t, r)
}

func allocationsOfPages(t *testing.T, r *prometheus.Registry) float64 {
	var b bytes.Buffer
	o := page.Options{Format: expfmt.NewFormat(expfmt.TypeTextPlain), Failed: func(error) bool { return true }}
	return testing.AllocsPerRun(5, func() {
		b.Reset()
		families, err := r.Families()
		require.NoError(t, err)
		page.Write(&b, families, o)
	})
}
