// SPDX-License-Identifier: Apache-2.0

package atomicf

import (
	"math"
	"sync/atomic"
)

// Float64 is an atomic float64: one word that never spreads over CPUs. The tests and benchmarks
// compare the other cells with it. It is the cell for a value that few goroutines update, or whose
// Add must return the new value. The zero value is 0. It must not be copied after first use.
//
// All methods may be called concurrently, lock nothing and allocate nothing.
type Float64 struct {
	bits atomic.Uint64
}

// Load returns the value.
func (f *Float64) Load() float64 { return math.Float64frombits(f.bits.Load()) }

// Store sets the value. It reads back bit for bit.
func (f *Float64) Store(v float64) { f.bits.Store(math.Float64bits(v)) }

// Add adds delta, any float64, and returns the new value. It repeats its compare-and-swap only when
// another goroutine's update succeeded in between (see BenchmarkFloat64Add).
func (f *Float64) Add(delta float64) float64 {
	for {
		old := f.bits.Load()
		sum := math.Float64frombits(old) + delta
		if f.bits.CompareAndSwap(old, math.Float64bits(sum)) {
			return sum
		}
	}
}
