// SPDX-License-Identifier: Apache-2.0

package atomicf

import (
	"math"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/quipu-metrics/quipu/internal/percpu"
)

// This table decides when a cold cell turns hot. Cells have no room for statistics, so all cells
// share a small table that remembers those which were busy lately. A cell reports to it rarely: a
// Count at about every 1024th update, a Sum or a Level at every failed compare-and-swap. Entries
// overwrite each other freely: a lost entry delays a decision and does no other harm.
const (
	heatSlots = 256

	// A Count reports about once in heatSample updates.
	heatSample = 1024

	// Two reports of a cell belong together when no more than heatWindow lies between them. 1024
	// updates in 10 ms are 100 000 a second. At lower rates contention costs less than one
	// thousandth of a CPU, which is not worth 8 bytes per P.
	heatWindow = 10 * time.Millisecond

	// A cell turns hot after this many signs of contention. A sign is a failed compare-and-swap, or
	// a report from another P than the report before. A single sign can be a coincidence or a
	// goroutine that migrated.
	heatSigns = 3

	goldenRatio = 0x9E3779B97F4A7C15 // 2^64 divided by the golden ratio: its multiples are spread evenly over the words
)

// Each entry is one word, so that it is read and written whole: cell 24 bits | pid 12 | signs 4 |
// milliseconds 24.
var heat [heatSlots]atomic.Uint64

var processStart = time.Now()

// contended records a report of a cell, and reports whether the cell should get a copy per P. The
// report of a failed compare-and-swap is a sign of contention. A sample is a sign when it comes
// from another P than the report before.
func contended(cell unsafe.Pointer, casFailed bool) bool {
	pid := percpu.Pin()
	percpu.Unpin()
	hash := uint64(uintptr(cell)) * goldenRatio
	id := hash >> 40
	now := uint64(time.Since(processStart)/time.Millisecond) & (1<<24 - 1)

	slot := &heat[hash>>32%heatSlots]
	last := slot.Load()
	var signs uint64
	if last>>40 == id && (now-last)&(1<<24-1) <= uint64(heatWindow/time.Millisecond) {
		signs = last >> 24 & 15
		if lastPid := last >> 28 & (1<<12 - 1); casFailed || lastPid != uint64(pid)&(1<<12-1) {
			signs++
		} else if pinIsCheaper() {
			signs++ // one P uses it all the time, on a machine where a private copy is faster
		} else if signs > 0 {
			signs-- // signs of one goroutine that migrates now and then must not add up over time
		}
	}
	slot.Store(id<<40 | uint64(pid)&(1<<12-1)<<28 | min(signs, 15)<<24 | now)
	return signs >= heatSigns
}

// pinCost is one of the values below. It is set once per process, for pinIsCheaper.
var pinCost atomic.Uint32

const (
	pinUnknown = iota
	pinMeasuring
	pinCheaper
	pinDearer
)

// pinIsCheaper reports whether adding to a private copy is faster than an uncontended atomic
// addition on this machine. The difference is most of what an update costs, and it depends on the
// CPU: an atomic addition takes 2 to 6 ns, pinning 3 to 4. The first cell that asks measures it, in
// about 20 microseconds. Cells that ask meanwhile get false, and ask again later.
func pinIsCheaper() bool {
	switch pinCost.Load() {
	case pinCheaper:
		return true
	case pinUnknown:
		if pinCost.CompareAndSwap(pinUnknown, pinMeasuring) {
			pinCost.Store(measurePin())
		}
	}
	return false
}

// measurePin returns pinCheaper or pinDearer, or pinUnknown when there is no row to measure with.
func measurePin() uint32 {
	var cold, hot Count
	if !hot.promote() {
		return pinUnknown
	}
	const rounds, updates = 8, 256
	best := func(update func()) time.Duration {
		least := time.Duration(math.MaxInt64)
		for range rounds {
			start := time.Now()
			update()
			least = min(least, time.Since(start))
		}
		return least
	}
	// The loops do the work of Inc without its reports, which would lead back here.
	atomicCost := best(func() {
		for range updates {
			if cold.word.Load() < coldMax {
				cold.word.Add(1)
			}
		}
	})
	pinned := best(func() {
		for range updates {
			hot.addSlow(1)
		}
	})
	if pinned < atomicCost {
		return pinCheaper
	}
	return pinDearer
}
