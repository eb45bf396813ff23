// SPDX-License-Identifier: Apache-2.0

package bench

import "testing"

func BenchmarkCounterInc(b *testing.B) {
	c := must(registry().NewCounter("c_total", ""))
	both(b, stateless(func(n int) {
		for range n {
			c.Inc()
		}
	}))
}

func BenchmarkCounterAddWhole(b *testing.B) {
	c := must(registry().NewCounter("c_total", ""))
	both(b, stateless(func(n int) {
		for range n {
			c.Add(1500)
		}
	}))
}

func BenchmarkCounterAddFraction(b *testing.B) {
	c := must(registry().NewCounter("c_total", ""))
	both(b, stateless(func(n int) {
		for range n {
			c.Add(0.5)
		}
	}))
}

func BenchmarkGaugeSet(b *testing.B) {
	g := must(registry().NewGauge("g", ""))
	both(b, stateless(func(n int) {
		for i := range n {
			g.Set(float64(i))
		}
	}))
}

// BenchmarkGaugeIncDec does two updates in one operation.
func BenchmarkGaugeIncDec(b *testing.B) {
	g := must(registry().NewGauge("g", ""))
	both(b, stateless(func(n int) {
		for range n {
			g.Inc()
			g.Dec()
		}
	}))
}

func BenchmarkGaugeAdd(b *testing.B) {
	g := must(registry().NewGauge("g", ""))
	both(b, stateless(func(n int) {
		for range n {
			g.Add(0.25)
		}
	}))
}

func BenchmarkHistogramObserve(b *testing.B) {
	h := must(registry().NewHistogram("h", ""))
	values := latencies()
	both(b, stateless(func(n int) {
		for i := range n {
			h.Observe(values[i%len(values)])
		}
	}))
}

// BenchmarkSummaryObserve also reports the CPU time that the process spends on an observation until
// it is part of the quantiles, merging included (total-ns/op).
func BenchmarkSummaryObserve(b *testing.B) {
	s := must(registry().NewSummary("s", ""))
	values := latencies()
	start := stateless(func(n int) {
		for i := range n {
			s.Observe(values[i%len(values)])
		}
	})
	b.Run("serial", func(b *testing.B) {
		op := start()
		op(20_000)
		s.Quantile(0.5)
		b.ReportAllocs()
		b.ResetTimer()
		cpu := cpuTime()
		op(b.N)
		b.StopTimer()
		s.Quantile(0.5)
		b.ReportMetric(float64(cpuTime()-cpu)/float64(b.N), "total-ns/op")
	})
	b.Run("parallel", func(b *testing.B) {
		b.ReportAllocs()
		s.Quantile(0.5)
		cpu := cpuTime()
		b.ResetTimer()
		inParallel(start, b.N)
		b.StopTimer()
		s.Quantile(0.5)
		b.ReportMetric(float64(cpuTime()-cpu)/float64(b.N), "total-ns/op")
	})
}
