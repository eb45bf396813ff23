// SPDX-License-Identifier: Apache-2.0

package atomicf

import (
	"math"
	"runtime"
	"sync/atomic"
	"unsafe"

	"github.com/quipu-metrics/quipu/internal/percpu"
)

// Count is an unsigned integer that only grows. It spreads over CPUs when it gets hot. It is exact
// below 2^63 and wraps to 0 there. The zero value is 0 and cold. It must not be copied after first
// use.
//
// All methods may be called concurrently, lock nothing and allocate nothing. The one update that
// makes a cell hot is an exception: it reserves a row (BenchmarkAllocFree of internal/percpu) and
// allocates about 100 bytes.
type Count struct {
	// The word of a cold cell is the value, which is below 2^63.
	//
	// The word of a hot cell is hotBit | index<<countIndexShift | late. The index names the row of
	// private copies. An updater that loads a cold word, and adds after promote has replaced it,
	// adds to late, and Load reads late as well as the row. Only additions below lateMax take that
	// path, and each goroutine has one such addition under way at most, so late cannot grow into
	// the index.
	word atomic.Uint64
}

const (
	hotBit          = 1 << 63
	countIndexShift = 63 - percpu.IndexBits
	lateMask        = 1<<countIndexShift - 1

	// coldMax is where plain atomic additions end. A larger word is hot, or so large that an
	// addition could reach hotBit: the compare-and-swap of addSlow checks that.
	coldMax = 1 << 62
	lateMax = 1 << 20
)

// Inc adds 1: to a cold cell by one atomic addition, to a hot one by an ordinary addition while
// pinned (BenchmarkCountInc).
func (c *Count) Inc() {
	w := c.word.Load()
	if w < coldMax {
		if c.word.Add(1)%heatSample == 0 {
			c.report()
		}
		return
	}
	if w&hotBit != 0 {
		// addSlow does this first. Written out here, without a call and a loop, it takes 4.5 ns
		// instead of 6.3.
		p := percpu.Word(percpu.Pin(), percpu.Index(w>>countIndexShift))
		if p != nil {
			percpu.Add(p, 1)
			percpu.Unpin()
			runtime.KeepAlive(c)
			return
		}
		percpu.Unpin()
	}
	c.addSlow(1)
}

// Add adds n (BenchmarkCountAdd).
func (c *Count) Add(n uint64) {
	if w := c.word.Load(); w < coldMax && n < lateMax {
		if sampled(c.word.Add(n)) {
			c.report()
		}
		return
	}
	c.addSlow(n)
}

// sampled picks about one in heatSample additions, by the sum that they led to. The multiplication
// spreads the sums of equal additions evenly. The low bits of the sum would not do: all sums of a
// cell that counts bytes in steps of 1024 have the same.
func sampled(sum uint64) bool { return sum*goldenRatio < math.MaxUint64/heatSample }

// addSlow adds n to a hot cell, or by compare-and-swap to a cold one whose value is large or if n
// is.
func (c *Count) addSlow(n uint64) {
	for {
		w := c.word.Load()
		if w&hotBit != 0 {
			index := percpu.Index(w >> countIndexShift)
			pid := percpu.Pin()
			if p := percpu.Word(pid, index); p != nil {
				percpu.Add(p, n)
				percpu.Unpin()
				runtime.KeepAlive(c) // the row is recycled when the cell is collected: not before the add
				return
			}
			percpu.Unpin()
			percpu.Grow(pid, index)
			continue
		}
		if c.word.CompareAndSwap(w, (w+n)&^hotBit) {
			if sampled(w + n) {
				c.report()
			}
			return
		}
	}
}

// report records one sample in the heat table, and makes the cell hot when the table finds it
// contended.
func (c *Count) report() {
	if percpu.Private && contended(unsafe.Pointer(c), false) {
		c.promote()
	}
}

// promote makes the cell hot and reports whether it is hot.
func (c *Count) promote() bool { return promote(c, &c.word, hotBit, countIndexShift) }

// Load returns the value. It may be called while others add (see "Reads" in the package comment).
func (c *Count) Load() uint64 {
	w := c.word.Load()
	if w&hotBit == 0 {
		return w
	}
	sum := percpu.Sum(percpu.Index(w>>countIndexShift)) + w&lateMask
	runtime.KeepAlive(c)
	return sum &^ hotBit // wraps where a cold cell does
}
