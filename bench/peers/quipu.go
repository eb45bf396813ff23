// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"net/http"
	"time"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export"
	"github.com/quipu-metrics/quipu/histogram"
)

// quipu, as its README tells: handles on hot paths, With elsewhere, WithMaxSeries for more than 10
// 000 series.
type quipu struct {
	reg *engine.Registry
}

func newQuipu() Registry {
	return &quipu{reg: engine.NewRegistry()}
}

// NewQuipuWithClock is quipu with a clock of the caller's, so that summaries live through their
// windows in no time.
func NewQuipuWithClock(now func() time.Time) Registry {
	return &quipu{reg: engine.NewRegistry(engine.WithClock(now))}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func (q *quipu) CounterInc() Work {
	c := must(q.reg.NewCounter("counter_inc_total", "help"))
	return stateless(func(n int) {
		for range n {
			c.Inc()
		}
	})
}

func (q *quipu) CounterAdd() Work {
	c := must(q.reg.NewCounter("counter_add_total", "help"))
	return stateless(func(n int) {
		for range n {
			c.Add(0.5)
		}
	})
}

func (q *quipu) GaugeIncDec() Work {
	g := must(q.reg.NewGauge("gauge_inc_dec", "help"))
	return stateless(func(n int) {
		for range n {
			g.Inc()
			g.Dec()
		}
	})
}

func (q *quipu) GaugeSet() Work {
	g := must(q.reg.NewGauge("gauge_set", "help"))
	return stateless(func(n int) {
		for i := range n {
			g.Set(float64(i))
		}
	})
}

func (q *quipu) HistogramObserve() Work {
	return observeEngine(must(q.reg.NewHistogram("histogram_observe", "help")))
}

func (q *quipu) NativeHistogram() Work {
	native := engine.WithNative(histogram.NativeDefaults())
	return observeEngine(must(q.reg.NewHistogram("native_histogram", "help", native)))
}

func observeEngine(h *engine.Histogram) Work {
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

func (q *quipu) SummaryObserve() Work {
	s := must(q.reg.NewSummary("summary_observe", "help"))
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

func (q *quipu) Lookup2() Work {
	v := must(q.reg.NewCounterVec("lookup2_total", "help", []string{"method", "code"}))
	return stateless(func(n int) {
		for range n {
			v.With("GET", "200").Inc()
		}
	})
}

func (q *quipu) Lookup3Random() Work { return q.lookup3("lookup3_total", Triples()) }

func (q *quipu) Lookup3Long() Work { return q.lookup3("lookup3_long_total", LongTriples()) }

func (q *quipu) lookup3(name string, sets [][3]string) Work {
	v := must(q.reg.NewCounterVec(name, "help", []string{"method", "code", "path"}))
	for _, s := range sets {
		v.With(s[0], s[1], s[2])
	}
	return Work{Start: func() func(int) {
		next := 0
		return func(n int) {
			end := next + n
			for pos := next; pos < end; pos++ {
				s := &sets[pos%lookups]
				v.With(s[0], s[1], s[2]).Inc()
			}
			next = end // here only: goroutines' variables may share a cache line
		}
	}}
}

func (q *quipu) LookupMap() Work {
	v := must(q.reg.NewCounterVec("lookup_map_total", "help", nil))
	return stateless(func(n int) {
		for range n {
			v.WithLabels(engine.Labels{"method": "GET", "code": "200"}).Inc()
		}
	})
}

type methodCode struct {
	Method string `label:"method"`
	Code   int    `label:"code"`
}

func (q *quipu) LookupTyped() Work {
	v := must(engine.RegisterCounterOf[methodCode](q.reg, "lookup_typed_total", "help"))
	return stateless(func(n int) {
		for range n {
			v.With(methodCode{"GET", 200}).Inc()
		}
	})
}

func (q *quipu) CreateSeries() Work {
	v := must(q.reg.NewCounterVec("create_total", "help", []string{"tenant", "path"},
		engine.WithMaxSeries(2*MaxCreate)))
	return creating(func(path string) { v.With("tenant", path).Inc() })
}

func (q *quipu) Fill(kind Kind, n int, handles bool) (func(int, float64), error) {
	labels, limit := []string{"tenant", "path"}, engine.WithMaxSeries(n)
	switch values := Latencies(); kind {
	case Counter:
		v := must(q.reg.NewCounterVec("fill_total", "help", labels, limit))
		return fill(n, handles, v.With,
			func(c *engine.Counter, i int) { c.Add(float64(i)) }, (*engine.Counter).Add), nil
	case Gauge:
		v := must(q.reg.NewGaugeVec("fill", "help", labels, limit))
		return fill(n, handles, v.With, func(g *engine.Gauge, i int) { g.Add(float64(i)) }, (*engine.Gauge).Add), nil
	case Histogram:
		v := must(q.reg.NewHistogramVec("fill_seconds", "help", labels, limit))
		return fill(n, handles, v.With, func(h *engine.Histogram, i int) { h.Observe(values[i%latencies]) },
			(*engine.Histogram).Observe), nil
	default:
		v := must(q.reg.NewSummaryVec("fill_bytes", "help", labels, limit))
		return fill(n, handles, v.With, func(s *engine.Summary, i int) { s.Observe(values[i%latencies]) },
			(*engine.Summary).Observe), nil
	}
}

// fill is what Fill has in common for all libraries that look series up by position.
func fill[M any](n int, handles bool, with func(...string) M, first func(M, int),
	update func(M, float64)) func(int, float64) {
	var list []M
	if handles {
		list = make([]M, 0, n)
	}
	for i := range n {
		tenant, path := fillLabels(i)
		m := with(tenant, path)
		first(m, i)
		if handles {
			list = append(list, m)
		}
	}
	if !handles {
		return nil
	}
	return func(i int, v float64) { update(list[i], v) }
}

func (q *quipu) Handler() http.Handler { return export.Handler(q.reg) }

func (q *quipu) Close() {}
