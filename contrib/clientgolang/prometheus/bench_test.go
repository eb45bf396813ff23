// SPDX-License-Identifier: Apache-2.0

package prometheus_test

import (
	"strconv"
	"testing"

	client "github.com/prometheus/client_golang/prometheus"

	"github.com/quipu-metrics/quipu/contrib/clientgolang/prometheus"
)

// compare runs the same call on this package and on client_golang, in one goroutine and in as many
// as there are Ps.
func compare(b *testing.B, ours, theirs func()) {
	for _, side := range []struct {
		name string
		call func()
	}{{"quipu", ours}, {"client_golang", theirs}} {
		b.Run("one/"+side.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				side.call()
			}
		})
		b.Run("parallel/"+side.name, func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					side.call()
				}
			})
		})
	}
}

// BenchmarkCounter increments a counter.
func BenchmarkCounter(b *testing.B) {
	opts := prometheus.CounterOpts{Name: "c_total", Help: "C."}
	ours, theirs := prometheus.NewCounter(opts), client.NewCounter(opts)
	compare(b, func() { ours.Inc() }, func() { theirs.Inc() })
}

// BenchmarkCounterFraction adds a fraction to a counter.
func BenchmarkCounterFraction(b *testing.B) {
	opts := prometheus.CounterOpts{Name: "c_total", Help: "C."}
	ours, theirs := prometheus.NewCounter(opts), client.NewCounter(opts)
	compare(b, func() { ours.Add(0.5) }, func() { theirs.Add(0.5) })
}

// BenchmarkGauge sets a gauge, and adds to it. A gauge that is set is one word, here as there, so
// goroutines that set the same gauge fight over it. Ours looks at a second word, too.
func BenchmarkGauge(b *testing.B) {
	opts := prometheus.GaugeOpts{Name: "g", Help: "G."}
	ours, theirs := prometheus.NewGauge(opts), client.NewGauge(opts)
	b.Run("set", func(b *testing.B) { compare(b, func() { ours.Set(3) }, func() { theirs.Set(3) }) })
	b.Run("add", func(b *testing.B) { compare(b, func() { ours.Inc() }, func() { theirs.Inc() }) })
}

// BenchmarkHistogram observes a value in the buckets that are the default.
func BenchmarkHistogram(b *testing.B) {
	opts := prometheus.HistogramOpts{Name: "h", Help: "H."}
	ours, theirs := prometheus.NewHistogram(opts), client.NewHistogram(opts)
	compare(b, func() { ours.Observe(0.07) }, func() { theirs.Observe(0.07) })
}

// BenchmarkSummary observes a value in a summary with three quantiles.
func BenchmarkSummary(b *testing.B) {
	opts := prometheus.SummaryOpts{Name: "s", Help: "S.",
		Objectives: map[float64]float64{0.5: 0.05, 0.9: 0.01, 0.99: 0.001}}
	ours, theirs := prometheus.NewSummary(opts), client.NewSummary(opts)
	compare(b, func() { ours.Observe(0.07) }, func() { theirs.Observe(0.07) })
}

// BenchmarkLookup increments one of 100 counters, which it finds by its two labels: by their values
// in order, in a map, or by one value in a Vec with the other one curried.
func BenchmarkLookup(b *testing.B) {
	opts, names := prometheus.CounterOpts{Name: "c_total", Help: "C."}, []string{"method", "code"}
	ours, theirs := prometheus.NewCounterVec(opts, names), client.NewCounterVec(opts, names)
	for code := range 100 {
		ours.WithLabelValues("GET", strconv.Itoa(code)).Inc()
		theirs.WithLabelValues("GET", strconv.Itoa(code)).Inc()
	}
	b.Run("values", func(b *testing.B) {
		compare(b,
			func() { ours.WithLabelValues("GET", "42").Inc() },
			func() { theirs.WithLabelValues("GET", "42").Inc() })
	})
	b.Run("map", func(b *testing.B) {
		compare(b,
			func() { ours.With(prometheus.Labels{"method": "GET", "code": "42"}).Inc() },
			func() { theirs.With(prometheus.Labels{"method": "GET", "code": "42"}).Inc() })
	})
	b.Run("curried", func(b *testing.B) {
		get := prometheus.Labels{"method": "GET"}
		ours, theirs := ours.MustCurryWith(get), theirs.MustCurryWith(get)
		compare(b,
			func() { ours.WithLabelValues("42").Inc() },
			func() { theirs.WithLabelValues("42").Inc() })
	})
}

// BenchmarkGather gathers 10 000 counters with one label.
func BenchmarkGather(b *testing.B) {
	const size = 10_000
	opts, names := prometheus.CounterOpts{Name: "c_total", Help: "C."}, []string{"i"}
	ours, theirs := prometheus.NewCounterVec(opts, names), client.NewCounterVec(opts, names)
	for i := range size {
		ours.WithLabelValues(strconv.Itoa(i)).Inc()
		theirs.WithLabelValues(strconv.Itoa(i)).Inc()
	}
	ourRegistry, theirRegistry := prometheus.NewRegistry(), client.NewRegistry()
	ourRegistry.MustRegister(ours)
	theirRegistry.MustRegister(theirs)
	gather := func(g prometheus.Gatherer) func() {
		return func() {
			if families, err := g.Gather(); err != nil || len(families[0].Metric) != size {
				b.Error(len(families), err)
			}
		}
	}
	compare(b, gather(ourRegistry), gather(theirRegistry))
}
