// SPDX-License-Identifier: Apache-2.0

package atomicf_test

import (
	"fmt"
	"math"
	"sync"

	"github.com/quipu-metrics/quipu/atomicf"
)

// A service counts its requests, adds up their seconds, and knows how many are in flight. No update
// takes a lock, and none is lost.
func Example() {
	var (
		requests atomicf.Count
		seconds  atomicf.Sum
		inFlight atomicf.Level
	)
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			for range 10_000 {
				inFlight.Inc()
				requests.Inc()
				seconds.Add(0.25)
				inFlight.Dec()
			}
		})
	}
	workers.Wait()
	fmt.Println(requests.Load(), seconds.Load(), inFlight.Load())
	// Output: 80000 20000 0
}

func ExampleCount() {
	var bytes atomicf.Count
	bytes.Add(1500)
	bytes.Inc()
	fmt.Println(bytes.Load())
	// Output: 1501
}

func ExampleSum() {
	var seconds atomicf.Sum
	seconds.Add(0.5)
	seconds.Add(0.25)
	fmt.Println(seconds.Add(-1), seconds.Add(math.NaN())) // a Sum only grows
	fmt.Println(seconds.Load())
	// Output:
	// false false
	// 0.75
}

func ExampleLevel() {
	var temperature atomicf.Level
	temperature.Set(21.5)
	temperature.Add(-1.25)
	temperature.Inc()
	fmt.Println(temperature.Load())
	// Output: 21.25
}

// Add returns the new value, so exactly one goroutine learns that it has spent the last of a
// budget.
func ExampleFloat64() {
	var budget atomicf.Float64
	budget.Store(1)
	for budget.Add(-0.25) > 0 {
		fmt.Println(budget.Load(), "left")
	}
	// Output:
	// 0.75 left
	// 0.5 left
	// 0.25 left
}
