// SPDX-License-Identifier: Apache-2.0

package atomicf

import (
	"runtime"
	"sync/atomic"

	"github.com/quipu-metrics/quipu/internal/percpu"
)

// promote gives a cold Count or Sum a row of private copies, and reports whether the cell is hot.
// The cell stays cold when the slab is full or busy. word is the word of the cell. Words from tag
// up are those of hot cells, and hold the index of the row above their lowest shift bits.
//
// promote writes the value into one of the private copies while nobody can see the row. The
// compare-and-swap that publishes the row takes the same value out of the word. So a reader finds
// the value in the word or in the row, never in both and never in neither. When an update comes in
// between, the compare-and-swap fails, and promote writes the new value. A goroutine that stops
// anywhere in promote leaves a cold cell that works.
func promote[C any](cell *C, word *atomic.Uint64, tag uint64, shift uint) bool {
	if word.Load() >= tag {
		return true // another goroutine has made it hot since the update that reports
	}
	index, ok := percpu.Alloc(1)
	if !ok {
		return false
	}
	seed := percpu.Word(0, index)
	for {
		w := word.Load()
		if w >= tag {
			percpu.Free(index, 1)
			return true // another goroutine was first
		}
		atomic.StoreUint64(seed, w)
		if word.CompareAndSwap(w, tag|uint64(index)<<shift) {
			recycle(cell, index, 1)
			return true
		}
	}
}

// recycle returns a hot cell's row to the slab once the cell, or the object it is part of, has been
// collected.
func recycle[T any](cell *T, index uint32, words int) {
	runtime.AddCleanup(cell, func(index uint32) { percpu.Free(index, words) }, index)
}
