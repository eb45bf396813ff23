// SPDX-License-Identifier: Apache-2.0

package atomicf

import (
	"math"
	"runtime"
	"sync/atomic"
	"unsafe"

	"github.com/quipu-metrics/quipu/internal/percpu"
)

// Sum is a float64 that only grows. It spreads over CPUs when goroutines fight over it. The zero
// value is 0 and cold. It must not be copied after first use.
//
// All methods may be called concurrently, lock nothing and allocate nothing. The one update that
// makes a cell hot is an exception, as it is for a [Count].
type Sum struct {
	// The word of a cold cell has the bits of the value, which is 0 or more, or +Inf. The word of a
	// hot cell is hotNaN | index of the row of private copies.
	word atomic.Uint64
}

// Add adds v and reports true (BenchmarkSumAdd). When v is negative or NaN, Add adds nothing and
// reports false.
func (s *Sum) Add(v float64) bool {
	if !(v >= 0) {
		return false // the bits of a NaN in the word could also be taken for a tag
	}
	if w := s.word.Load(); w >= hotNaN {
		p := percpu.Word(percpu.Pin(), percpu.Index(w))
		if p != nil {
			percpu.Store(p, math.Float64bits(math.Float64frombits(percpu.Load(p))+v))
			percpu.Unpin()
			runtime.KeepAlive(s) // as in Count.addSlow
			return true
		}
		percpu.Unpin()
	}
	s.addSlow(v)
	return true
}

// addSlow adds v to a cold cell, or to a hot one of which this P has no copy yet.
func (s *Sum) addSlow(v float64) {
	for {
		w := s.word.Load()
		if w >= hotNaN {
			pid := percpu.Pin()
			percpu.Unpin()
			percpu.Grow(pid, percpu.Index(w)) // does nothing if the P has memory by now
			s.Add(v)
			return
		}
		if s.word.CompareAndSwap(w, math.Float64bits(math.Float64frombits(w)+v)) {
			return
		}
		s.report()
	}
}

// report records a failed compare-and-swap in the heat table, and makes the cell hot when the table
// finds it contended.
func (s *Sum) report() {
	if percpu.Private && contended(unsafe.Pointer(s), true) {
		s.promote()
	}
}

// promote makes the cell hot and reports whether it is hot.
func (s *Sum) promote() bool { return promote(s, &s.word, hotNaN, 0) }

// Load returns the value. It adds up the copies in the order of their Ps. Each copy only grows, so
// the results that one reader gets only grow too, rounding included.
func (s *Sum) Load() float64 {
	w := s.word.Load()
	if w < hotNaN {
		return math.Float64frombits(w)
	}
	index := percpu.Index(w)
	var sum float64
	for pid := range percpu.Procs() {
		if p := percpu.Word(pid, index); p != nil {
			sum += math.Float64frombits(atomic.LoadUint64(p))
		}
	}
	runtime.KeepAlive(s)
	return sum
}
