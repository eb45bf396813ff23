// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"math"
	"math/rand/v2"
	"runtime"
	"strconv"
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

// both runs a benchmark serially and by as many goroutines as there are Ps. op does n operations;
// each goroutine has its own, from start.
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

// inParallel does n operations by as many goroutines as there are Ps. The loops are those of start:
// nothing is called for each operation.
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

// cpuTime is what the process has used, in all its threads, user and system.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // it cannot fail with these arguments
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// paths returns n label values.
func paths(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = "/api/v1/item/" + strconv.Itoa(i)
	}
	return list
}
