// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// client_golang, as the package documentation of prometheus and its examples tell: handles from
// WithLabelValues on hot paths, an own Registry, promhttp.HandlerFor with default options.
type clientGolang struct{ reg *prometheus.Registry }

func newClientGolang() Registry { return &clientGolang{prometheus.NewRegistry()} }

func registered[C prometheus.Collector](p *clientGolang, c C) C {
	p.reg.MustRegister(c)
	return c
}

func (p *clientGolang) CounterInc() Work {
	c := registered(p, prometheus.NewCounter(prometheus.CounterOpts{Name: "counter_inc_total", Help: "help"}))
	return stateless(func(n int) {
		for range n {
			c.Inc()
		}
	})
}

func (p *clientGolang) CounterAdd() Work {
	c := registered(p, prometheus.NewCounter(prometheus.CounterOpts{Name: "counter_add_total", Help: "help"}))
	return stateless(func(n int) {
		for range n {
			c.Add(0.5)
		}
	})
}

func (p *clientGolang) GaugeIncDec() Work {
	g := registered(p, prometheus.NewGauge(prometheus.GaugeOpts{Name: "gauge_inc_dec", Help: "help"}))
	return stateless(func(n int) {
		for range n {
			g.Inc()
			g.Dec()
		}
	})
}

func (p *clientGolang) GaugeSet() Work {
	g := registered(p, prometheus.NewGauge(prometheus.GaugeOpts{Name: "gauge_set", Help: "help"}))
	return stateless(func(n int) {
		for i := range n {
			g.Set(float64(i))
		}
	})
}

func (p *clientGolang) HistogramObserve() Work {
	return observeClientGolang(registered(p, prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "histogram_observe", Help: "help", Buckets: DefaultBuckets,
	})))
}

func (p *clientGolang) NativeHistogram() Work {
	return observeClientGolang(registered(p, prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "native_histogram", Help: "help", NativeHistogramBucketFactor: 1.1,
	})))
}

func observeClientGolang(h prometheus.Histogram) Work {
	values := Latencies()
	return Work{Start: func() func(int) {
		next := 0
		return func(n int) {
			end := next + n
			for pos := next; pos < end; pos++ {
				h.Observe(values[pos%latencies])
			}
			next = end // here only: goroutines' variables may share a cache line
		}
	}}
}

// objectives are those of quipu by default, and of client_golang's documentation.
var objectives = map[float64]float64{0.5: 0.05, 0.9: 0.01, 0.99: 0.001}

func (p *clientGolang) SummaryObserve() Work {
	s := registered(p, prometheus.NewSummary(prometheus.SummaryOpts{
		Name: "summary_observe", Help: "help", Objectives: objectives,
	}))
	values := Sizes()
	return Work{Start: func() func(int) {
		next := 0
		return func(n int) {
			end := next + n
			for pos := next; pos < end; pos++ {
				s.Observe(values[pos%sizes])
			}
			next = end // here only: goroutines' variables may share a cache line
		}
	}}
}

func (p *clientGolang) vec(name string, labels ...string) *prometheus.CounterVec {
	return registered(p, prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: "help"}, labels))
}

func (p *clientGolang) Lookup2() Work {
	v := p.vec("lookup2_total", "method", "code")
	return stateless(func(n int) {
		for range n {
			v.WithLabelValues("GET", "200").Inc()
		}
	})
}

func (p *clientGolang) Lookup3Random() Work {
	return p.lookup3("lookup3_total", Triples(), triples, triple)
}

func (p *clientGolang) Lookup3Long() Work {
	return p.lookup3("lookup3_long_total", LongTriples(), long, longTriple)
}

func (p *clientGolang) lookup3(name string, sets [][3]string, different int, triple func(int) [3]string) Work {
	v := p.vec(name, "method", "code", "path")
	for i := range different {
		// The library keeps the strings that a series is made with; these are other copies than
		// those it is looked up by.
		s := triple(i)
		v.WithLabelValues(s[:]...)
	}
	return Work{Start: func() func(int) {
		next := 0
		return func(n int) {
			end := next + n
			for pos := next; pos < end; pos++ {
				s := &sets[pos%lookups]
				v.WithLabelValues(s[0], s[1], s[2]).Inc()
			}
			next = end // here only: goroutines' variables may share a cache line
		}
	}}
}

// LookupMap has declared names: the library has no open label sets.
func (p *clientGolang) LookupMap() Work {
	v := p.vec("lookup_map_total", "method", "code")
	return stateless(func(n int) {
		for range n {
			v.With(prometheus.Labels{"method": "GET", "code": "200"}).Inc()
		}
	})
}

func (p *clientGolang) LookupTyped() Work { return missing("no typed labels") }

func (p *clientGolang) CreateSeries() Work {
	v := p.vec("create_total", "tenant", "path")
	return creating(func(path string) { v.WithLabelValues("tenant", path).Inc() })
}

func (p *clientGolang) Fill(kind Kind, n int, handles bool) (func(int, float64), error) {
	labels := []string{"tenant", "path"}
	switch values := Latencies(); kind {
	case Counter:
		v := p.vec("fill_total", labels...)
		return fill(n, handles, v.WithLabelValues, func(c prometheus.Counter, i int) { c.Add(float64(i)) },
			prometheus.Counter.Add), nil
	case Gauge:
		v := registered(p, prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "fill", Help: "help"}, labels))
		return fill(n, handles, v.WithLabelValues, func(g prometheus.Gauge, i int) { g.Add(float64(i)) },
			prometheus.Gauge.Add), nil
	case Histogram:
		v := registered(p, prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "fill_seconds", Help: "help", Buckets: DefaultBuckets,
		}, labels))
		return fill(n, handles, v.WithLabelValues,
			func(h prometheus.Observer, i int) { h.Observe(values[i%latencies]) },
			prometheus.Observer.Observe), nil
	default:
		v := registered(p, prometheus.NewSummaryVec(prometheus.SummaryOpts{
			Name: "fill_bytes", Help: "help", Objectives: objectives,
		}, labels))
		return fill(n, handles, v.WithLabelValues,
			func(s prometheus.Observer, i int) { s.Observe(values[i%latencies]) },
			prometheus.Observer.Observe), nil
	}
}

func (p *clientGolang) Handler() http.Handler {
	return promhttp.HandlerFor(p.reg, promhttp.HandlerOpts{})
}

func (p *clientGolang) Close() {}
