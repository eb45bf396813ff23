// SPDX-License-Identifier: Apache-2.0

package atomicf

import (
	"math"
	"sync/atomic"
)

// Float64 is a float64 that goroutines may read and update at the same time. The zero value is 0. It must not be copied
// after first use.
type Float64 struct {
	bits atomic.Uint64
}

// Load returns the value.
func (f *Float64) Load() float64 { return math.Float64frombits(f.bits.Load()) }

// Store sets the value.
func (f *Float64) Store(v float64) { f.bits.Store(math.Float64bits(v)) }

// Add adds delta and returns the new value. It is lock-free: it repeats only when another goroutine's update succeeded.
func (f *Float64) Add(delta float64) float64 {
	for {
		old := f.bits.Load()
		sum := math.Float64frombits(old) + delta
		if f.bits.CompareAndSwap(old, math.Float64bits(sum)) {
			return sum
		}
	}
}
