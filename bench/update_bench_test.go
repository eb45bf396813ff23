// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/quipu-metrics/quipu/engine"
)

// latencies are lognormal around 100 ms, in all the default buckets.
func latencies() []float64 {
	r := rand.New(rand.NewPCG(1, 0))
	values := make([]float64, 4096)
	for i := range values {
		values[i] = math.Exp(math.Log(0.1) + 1.5*r.NormFloat64())
	}
	return values
}

// both runs a benchmark serially and by as many goroutines as there are Ps. op does n operations; each goroutine has its
// own, from start.
func both(b *testing.B, start func() func(n int)) {
	b.Run("serial", func(b *testing.B) {
		op := start()
		op(20_000) // past the warming up
		b.ReportAllocs()
		b.ResetTimer()
		op(b.N)
	})
	b.Run("parallel", func(b *testing.B) {
		inParallel(start, 20_000)
		b.ReportAllocs()
		b.ResetTimer()
		inParallel(start, b.N)
	})
}

// inParallel does n operations by as many goroutines as there are Ps. The loops are those of start: nothing is called for
// each operation.
func inParallel(start func() func(n int), n int) {
	var wg sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for i := range workers {
		wg.Go(func() { start()((i+1)*n/workers - i*n/workers) })
	}
	wg.Wait()
}

func stateless(op func(n int)) func() func(int) { return func() func(int) { return op } }

func registry() *engine.Registry { return engine.NewRegistry(engine.WithMaxSeries(20_000_000)) }

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

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

// BenchmarkGaugeIncDec has two updates in an operation.
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

// BenchmarkSummaryObserve also reports the CPU that the process spends on an observation until it is part of the
// quantiles, merging included (total-ns/op).
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

// cpuTime is what the process has used, in all its threads, user and system.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // it cannot fail with these arguments
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
