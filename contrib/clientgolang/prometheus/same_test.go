// SPDX-License-Identifier: Apache-2.0

package prometheus_test

import (
	"bytes"
	"math"
	"testing"

	client "github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/contrib/clientgolang/internal/page"
	"github.com/quipu-metrics/quipu/contrib/clientgolang/prometheus"
)

var text = expfmt.NewFormat(expfmt.TypeTextPlain)

// pageOf returns the page of a registry.
func pageOf(t testing.TB, r *prometheus.Registry, f expfmt.Format) string {
	families, err := r.Families()
	require.NoError(t, err)
	var b bytes.Buffer
	page.Write(&b, families, page.Options{Format: f, Failed: func(err error) bool {
		require.NoError(t, err)
		return true
	}})
	return b.String()
}

// textOf returns the page that client_golang makes of families.
func textOf(t testing.TB, families []*dto.MetricFamily, f expfmt.Format) string {
	var b bytes.Buffer
	enc := expfmt.NewEncoder(&b, f)
	for _, mf := range families {
		require.NoError(t, enc.Encode(mf))
	}
	if c, ok := enc.(expfmt.Closer); ok {
		require.NoError(t, c.Close())
	}
	return b.String()
}

func TestPagesAreThoseOfClientGolang(t *testing.T) {
	ours, theirs := prometheus.NewRegistry(), client.NewRegistry()
	opts := prometheus.CounterOpts{Name: "c_total", Help: "C.", ConstLabels: prometheus.Labels{"m": "x"}}
	oc, tc := prometheus.NewCounterVec(opts, []string{"z", "a"}), client.NewCounterVec(opts, []string{"z", "a"})
	hist := prometheus.HistogramOpts{Name: "h", Help: "H."}
	oh, th := prometheus.NewHistogram(hist), client.NewHistogram(hist)
	og := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "g", Help: "G."}, func() float64 { return 3 })
	sum := prometheus.SummaryOpts{Name: "s", Help: "S.", Objectives: map[float64]float64{0.5: 0.05}}
	os, ts := prometheus.NewSummary(sum), client.NewSummary(sum)
	ours.MustRegister(oc, oh, og, os)
	theirs.MustRegister(tc, th, og, ts)
	w, wg := prometheus.Labels{"w": "1"}, prometheus.GaugeOpts{Name: "wg"}
	prometheus.WrapRegistererWith(w, ours).MustRegister(prometheus.NewGauge(wg))
	prometheus.WrapRegistererWith(w, theirs).MustRegister(client.NewGauge(wg))
	for _, v := range []interface {
		WithLabelValues(...string) prometheus.Counter
	}{oc, tc} {
		v.WithLabelValues("2", "1").Inc()
		v.WithLabelValues("1", "\"2\n").Add(1.5)
		v.WithLabelValues("1", "1").Add(2)
	}
	for _, h := range []prometheus.Observer{oh, th, os, ts} {
		h.Observe(0.3)
		h.Observe(2)
	}
	oh.Observe(math.NaN())
	th.Observe(math.NaN())
	of, err := ours.Gather()
	require.NoError(t, err)
	tf, err := theirs.Gather()
	require.NoError(t, err)
	want := textOf(t, tf, text)
	require.Equal(t, want, textOf(t, of, text))
	require.Equal(t, want, pageOf(t, ours, text))
}
