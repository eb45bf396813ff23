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

// latencies returns values with a lognormal distribution around 100 ms, which use all the default
// buckets.
func latencies() []float64 {
	r := rand.New(rand.NewPCG(1, 0))
	values := make([]float64, 4096)
	for i := range values {
		values[i] = math.Exp(math.Log(0.1) + 1.5*r.NormFloat64())
	}
	return values
}

// both runs a benchmark on one goroutine, and on as many goroutines as there are Ps. start returns
// a function that does n operations. Each goroutine calls start once.
func both(b *testing.B, start func() func(n int)) {
	b.Run("serial", func(b *testing.B) {
		op := start()
		op(20_000) // the first operations warm up
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

// inParallel does n operations on as many goroutines as there are Ps. The loops are in the
// functions that start returns, so that no operation takes a call.
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

// cpuTime returns the user and system time of all threads of the process.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // this does not happen with these arguments
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
