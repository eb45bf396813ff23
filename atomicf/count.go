// SPDX-License-Identifier: Apache-2.0

package atomicf

import (
	"math"
	"runtime"
	"sync/atomic"
	"unsafe"

	"github.com/quipu-metrics/quipu/internal/percpu"
)

// Count is an unsigned integer that only grows and that spreads over CPUs when it gets hot. It is exact below 2^63 and
// wraps to 0 there. The zero value is 0 and cold. It must not be copied after first use.
//
// All methods may be called concurrently, lock nothing and allocate nothing, except for the one update that makes a
// cell hot (a few hundred nanoseconds, about 100 bytes).
type Count struct {
	// Cold: the value itself, below 2^63.
	// Hot:  hotBit | index<<countIndexShift | late, where index names the row of private copies and late counts what
	// arrived here after the switch: an updater that read a cold word and was overtaken by the switch adds to the low
	// bits, which is where a reader looks for it. Only updates below 2^lateBits take that path, and only one per
	// goroutine that was in flight, so late cannot run into the index.
	word atomic.Uint64
}

const (
	hotBit          = 1 << 63
	countIndexShift = 63 - percpu.IndexBits
	lateMask        = 1<<countIndexShift - 1

	// coldMax is where the plain atomic add stops: above it the word is hot, or so large that an addition must be
	// checked against the hot bit.
	coldMax = 1 << 62
	lateMax = 1 << 20
)

// Inc adds 1. A cold cell costs one atomic add, a hot one a pinned ordinary add.
func (c *Count) Inc() {
	w := c.word.Load()
	if w < coldMax {
		if c.word.Add(1)%heatSample == 0 {
			c.report()
		}
		return
	}
	if w&hotBit != 0 {
		// What addSlow does first, without its call and its loop: 4.5 ns instead of 6.3.
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

// Add adds n.
func (c *Count) Add(n uint64) {
	if w := c.word.Load(); w < coldMax && n < lateMax {
		if sampled(c.word.Add(n)) {
			c.report()
		}
		return
	}
	c.addSlow(n)
}

// sampled picks one in heatSample additions by what they came to. The multiplication spreads the sums of equal additions
// evenly; their low bits would not do, for a cell that counts bytes by the 1024.
func sampled(sum uint64) bool { return sum*goldenRatio < math.MaxUint64/heatSample }

// addSlow adds to a hot cell, or by compare-and-swap to a cold one when the value or n is large.
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

// report tells the heat table about one sample, and turns the cell hot when it says so.
func (c *Count) report() {
	if percpu.Private && contended(unsafe.Pointer(c), false) {
		c.promote()
	}
}

// promote makes the cell hot.
func (c *Count) promote() bool { return promote(c, &c.word, hotBit, countIndexShift) }

// Load returns the value.
func (c *Count) Load() uint64 {
	w := c.word.Load()
	if w&hotBit == 0 {
		return w
	}
	sum := percpu.Sum(percpu.Index(w>>countIndexShift)) + w&lateMask
	runtime.KeepAlive(c)
	return sum &^ hotBit // wraps where a cold cell does
}
