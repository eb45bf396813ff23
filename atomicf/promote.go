// SPDX-License-Identifier: Apache-2.0

package atomicf

import (
	"runtime"
	"sync/atomic"

	"github.com/quipu-metrics/quipu/internal/percpu"
)

// promote gives a cold Count or Sum a row of private copies. word is the cell's word; words from tag up are those of a hot
// cell, and hold the index of its row above the lowest shift bits.
//
// promote puts the value so far into one of the private copies while nobody can see the row yet. The compare-and-swap
// that publishes the row takes the same value out of the word, so a reader finds it in one place or in the other, never in
// both or in neither. A goroutine that stops anywhere in promote leaves a cold cell that works. promote reports whether
// the cell is hot: it stays cold when the slab is full or busy.
func promote[C any](cell *C, word *atomic.Uint64, tag uint64, shift uint) bool {
	if word.Load() >= tag {
		return true // since the report that leads here another goroutine has made it hot
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

// recycle returns a hot cell's row to the slab once the cell, or the object it is part of, has been collected.
func recycle[T any](cell *T, index uint32, words int) {
	runtime.AddCleanup(cell, func(index uint32) { percpu.Free(index, words) }, index)
}
