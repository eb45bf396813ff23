// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/contrib/clientgolang/internal/page"
	"github.com/quipu-metrics/quipu/contrib/clientgolang/prometheus"
)

// stressed is a registry that goroutines use in all ways. Series whose label a is "stay" are never
// deleted, so the books about them must balance.
type stressed struct {
	registry   *prometheus.Registry
	counters   *prometheus.CounterVec
	gauges     *prometheus.GaugeVec
	histograms *prometheus.HistogramVec
	summaries  *prometheus.SummaryVec
	booked     [4]atomic.Int64 // updates of series that stay
}

func newStressed() *stressed {
	names := []string{"a", "b"}
	s := &stressed{
		registry:   prometheus.NewRegistry(),
		counters:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "c_total", Help: "C."}, names),
		gauges:     prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "g", Help: "G."}, names),
		histograms: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "h", Help: "H."}, names),
		summaries:  prometheus.NewSummaryVec(prometheus.SummaryOpts{Name: "s", Help: "S."}, names),
	}
	s.registry.MustRegister(s.counters, s.gauges, s.histograms, s.summaries)
	wrapped := prometheus.WrapRegistererWith(prometheus.Labels{"w": "1"},
		prometheus.WrapRegistererWithPrefix("p_", s.registry))
	wrapped.MustRegister(s.counters, s.summaries)
	return s
}

// update makes one update, of a series that stays or of one that others delete.
func (s *stressed) update(i int) {
	a, b := "go", fmt.Sprint(rand.IntN(5))
	if i%2 == 0 {
		a = "stay"
	}
	kind := rand.IntN(len(s.booked))
	switch kind {
	case 0:
		if i%4 < 2 {
			s.counters.MustCurryWith(prometheus.Labels{"a": a}).WithLabelValues(b).Inc()
		} else {
			s.counters.With(prometheus.Labels{"a": a, "b": b}).Add(1)
		}
	case 1:
		s.gauges.WithLabelValues(a, b).Add(1)
	case 2:
		s.histograms.MustCurryWith(prometheus.Labels{"b": b}).WithLabelValues(a).Observe(1)
	case 3:
		s.summaries.WithLabelValues(a, b).Observe(1)
	}
	if a == "stay" {
		s.booked[kind].Add(1)
	}
}

// remove deletes series that may go.
func (s *stressed) remove(int) {
	b := fmt.Sprint(rand.IntN(5))
	switch rand.IntN(4) {
	case 0:
		s.counters.DeleteLabelValues("go", b)
	case 1:
		s.gauges.DeletePartialMatch(prometheus.Labels{"a": "go"})
	case 2:
		s.histograms.Delete(prometheus.Labels{"a": "go", "b": b})
	case 3:
		s.summaries.DeleteLabelValues("go", b)
	}
}

// register registers a metric and unregisters it.
func (s *stressed) register(i int) {
	g := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "other", Help: "O.", ConstLabels: prometheus.Labels{"i": fmt.Sprint(i % 3)},
	})
	if s.registry.Register(g) == nil {
		s.registry.Unregister(g)
	}
}

// pageText returns a page, whose writing must meet no error.
func (s *stressed) pageText(t *testing.T) string {
	families, err := s.registry.Families()
	noError(t, err)
	var b bytes.Buffer
	page.Write(&b, families, page.Options{Format: expfmt.NewFormat(expfmt.TypeTextPlain), Failed: func(err error) bool {
		noError(t, err)
		return false
	}})
	return b.String()
}

// noError is require's for goroutines that are not the test's.
func noError(t *testing.T, err error) {
	if err != nil {
		t.Error(err)
	}
}

// unique fails if a series is there twice.
func unique(t *testing.T, families []*dto.MetricFamily) {
	for _, f := range families {
		seen := map[string]bool{}
		for _, m := range f.Metric {
			key := fmt.Sprint(m.Label)
			if seen[key] {
				t.Errorf("%s%s is there twice", f.GetName(), key)
			}
			seen[key] = true
		}
	}
}

func TestBooksBalanceWhileEverythingChanges(t *testing.T) {
	s := newStressed()
	rounds := 3000
	if testing.Short() {
		rounds = 300
	}
	var work, read sync.WaitGroup
	for _, do := range []func(int){s.update, s.update, s.update, s.remove, s.register} {
		work.Go(func() {
			for i := range rounds {
				do(i)
			}
		})
	}
	var done atomic.Bool
	read.Go(func() {
		for !done.Load() {
			families, err := s.registry.Gather()
			noError(t, err)
			unique(t, families)
		}
	})
	read.Go(func() {
		for !done.Load() {
			parser := expfmt.NewTextParser(model.UTF8Validation)
			families, err := parser.TextToMetricFamilies(strings.NewReader(s.pageText(t)))
			noError(t, err)
			for _, f := range families {
				unique(t, []*dto.MetricFamily{f})
			}
		}
	})
	work.Wait()
	done.Store(true)
	read.Wait()

	want := map[string]float64{
		"c_total": float64(s.booked[0].Load()), "p_c_total": float64(s.booked[0].Load()),
		"g": float64(s.booked[1].Load()), "h": float64(s.booked[2].Load()),
		"s": float64(s.booked[3].Load()), "p_s": float64(s.booked[3].Load()),
	}
	families, err := s.registry.Gather()
	require.NoError(t, err)
	require.Equal(t, want, stayed(families))
	parser := expfmt.NewTextParser(model.UTF8Validation)
	parsed, err := parser.TextToMetricFamilies(strings.NewReader(s.pageText(t)))
	require.NoError(t, err)
	families = nil
	for _, f := range parsed {
		families = append(families, f)
	}
	require.Equal(t, want, stayed(families))
}

// stayed returns the sums, over the series that stay, of values or counts.
func stayed(families []*dto.MetricFamily) map[string]float64 {
	sums := map[string]float64{}
	for _, f := range families {
		for _, m := range f.Metric {
			if m.Label[0].GetValue() == "stay" {
				sums[f.GetName()] += m.Counter.GetValue() + m.Gauge.GetValue() +
					float64(m.Histogram.GetSampleCount()+m.Summary.GetSampleCount())
			}
		}
	}
	return sums
}
