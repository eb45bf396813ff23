// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"fmt"
	"net/http"
	"time"

	"github.com/VictoriaMetrics/metrics"
)

// VictoriaMetrics/metrics, as its README and package documentation tell: handles on hot paths, and
// elsewhere GetOrCreateCounter with a name that Sprintf puts together. Fractions take a
// FloatCounter.
type victoriaMetrics struct {
	set       *metrics.Set
	summaries bool // the set has some
}

func newVictoriaMetrics() Registry { return &victoriaMetrics{set: metrics.NewSet()} }

func (p *victoriaMetrics) CounterInc() Work {
	c := p.set.NewCounter("counter_inc_total")
	return stateless(func(n int) {
		for range n {
			c.Inc()
		}
	})
}

func (p *victoriaMetrics) CounterAdd() Work {
	c := p.set.NewFloatCounter("counter_add_total")
	return stateless(func(n int) {
		for range n {
			c.Add(0.5)
		}
	})
}

func (p *victoriaMetrics) GaugeIncDec() Work {
	g := p.set.NewGauge("gauge_inc_dec", nil)
	return stateless(func(n int) {
		for range n {
			g.Inc()
			g.Dec()
		}
	})
}

func (p *victoriaMetrics) GaugeSet() Work {
	g := p.set.NewGauge("gauge_set", nil)
	return stateless(func(n int) {
		for i := range n {
			g.Set(float64(i))
		}
	})
}

// HistogramObserve has the library's own buckets, 18 to a power of ten: it has no others.
func (p *victoriaMetrics) HistogramObserve() Work {
	h := p.set.NewHistogram("histogram_observe")
	values := Latencies()
	return Work{Start: func() func(int) {
		next := 0
		return func(n int) {
			end := next + n
			for pos := next; pos < end; pos++ {
				h.Update(values[pos%latencies])
			}
			next = end // here only: goroutines' variables may share a cache line
		}
	}}
}

func (p *victoriaMetrics) NativeHistogram() Work {
	return missing("its only buckets are those of HistogramObserve")
}

// The default window is 5 minutes and the default quantiles are others: these do the same work as
// the other libraries.
var (
	summaryWindow    = 10 * time.Minute
	summaryQuantiles = []float64{0.5, 0.9, 0.99}
)

func (p *victoriaMetrics) SummaryObserve() Work {
	p.summaries = true
	s := p.set.NewSummaryExt("summary_observe", summaryWindow, summaryQuantiles)
	values := Sizes()
	return Work{Start: func() func(int) {
		next := 0
		return func(n int) {
			end := next + n
			for pos := next; pos < end; pos++ {
				s.Update(values[pos%sizes])
			}
			next = end // here only: goroutines' variables may share a cache line
		}
	}}
}

func (p *victoriaMetrics) Lookup2() Work {
	method, code := "GET", "200"
	return stateless(func(n int) {
		for range n {
			p.set.GetOrCreateCounter(fmt.Sprintf(`lookup2_total{method=%q,code=%q}`, method, code)).Inc()
		}
	})
}

func (p *victoriaMetrics) Lookup3Random() Work {
	return p.lookup3(`lookup3_total{method=%q,code=%q,path=%q}`, Triples())
}

func (p *victoriaMetrics) Lookup3Long() Work {
	return p.lookup3(`lookup3_long_total{method=%q,code=%q,path=%q}`, LongTriples())
}

func (p *victoriaMetrics) lookup3(name string, sets [][3]string) Work {
	inc := func(s *[3]string) { p.set.GetOrCreateCounter(fmt.Sprintf(name, s[0], s[1], s[2])).Inc() }
	for i := range sets {
		inc(&sets[i])
	}
	return Work{Start: func() func(int) {
		next := 0
		return func(n int) {
			end := next + n
			for pos := next; pos < end; pos++ {
				inc(&sets[pos%lookups])
			}
			next = end // here only: goroutines' variables may share a cache line
		}
	}}
}

func (p *victoriaMetrics) LookupMap() Work {
	return missing("no label sets: labels are part of a name (see Lookup2)")
}

func (p *victoriaMetrics) LookupTyped() Work { return missing("no typed labels") }

func (p *victoriaMetrics) CreateSeries() Work {
	return creating(func(path string) {
		p.set.GetOrCreateCounter(fmt.Sprintf(`create_total{tenant=%q,path=%q}`, "tenant", path)).Inc()
	})
}

func (p *victoriaMetrics) Fill(kind Kind, n int, handles bool) (func(int, float64), error) {
	name := func(base string) func(labels ...string) string {
		return func(labels ...string) string { return fmt.Sprintf(`%s{tenant=%q,path=%q}`, base, labels[0], labels[1]) }
	}
	switch values := Latencies(); kind {
	case Counter:
		name := name("fill_total")
		with := func(labels ...string) *metrics.Counter { return p.set.GetOrCreateCounter(name(labels...)) }
		return fill(n, handles, with, func(c *metrics.Counter, i int) { c.Add(i) },
			func(c *metrics.Counter, v float64) { c.Add(int(v)) }), nil
	case Gauge:
		name := name("fill")
		with := func(labels ...string) *metrics.Gauge { return p.set.GetOrCreateGauge(name(labels...), nil) }
		return fill(n, handles, with, func(g *metrics.Gauge, i int) { g.Add(float64(i)) }, (*metrics.Gauge).Add), nil
	case Histogram:
		name := name("fill_seconds")
		with := func(labels ...string) *metrics.Histogram { return p.set.GetOrCreateHistogram(name(labels...)) }
		return fill(n, handles, with, func(h *metrics.Histogram, i int) { h.Update(values[i%latencies]) },
			(*metrics.Histogram).Update), nil
	default:
		p.summaries = true
		name := name("fill_bytes")
		with := func(labels ...string) *metrics.Summary {
			return p.set.GetOrCreateSummaryExt(name(labels...), summaryWindow, summaryQuantiles)
		}
		return fill(n, handles, with, func(s *metrics.Summary, i int) { s.Update(values[i%latencies]) },
			(*metrics.Summary).Update), nil
	}
}

// Handler is written as the documentation of the package tells users to write it.
func (p *victoriaMetrics) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { p.set.WritePrometheus(w) })
}

// Close unregisters summaries, because the package keeps all of them in a list. (It takes time that
// is quadratic in the number of series, so it is left out where there are no summaries.)
func (p *victoriaMetrics) Close() {
	if p.summaries {
		p.set.UnregisterAllMetrics()
	}
}
