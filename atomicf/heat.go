// SPDX-License-Identifier: Apache-2.0

package atomicf

import (
	"math"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/quipu-metrics/quipu/internal/percpu"
)

// When does a cold cell turn hot? Cells have no room for statistics, so a small table shared by all of them remembers
// the cells that were busy lately. A cell reports to it rarely: a Count at every 1024th update, a Sum or Level at every
// failed compare-and-swap. Entries overwrite each other freely: a lost entry delays a decision, nothing else.
const (
	heatSlots = 256

	// A Count looks at the table at about every heatSample-th update.
	heatSample = 1024

	// Two reports of a cell within heatWindow belong together. 1024 updates in 10 ms are 100 000 a second: below that
	// rate contention costs less than one thousandth of a CPU, and 8 bytes per P are not worth it.
	heatWindow = 10 * time.Millisecond

	// A cell turns hot at this many signs of contention (a report from another P than the last one, or a failed
	// compare-and-swap). One sign can be a goroutine that migrated or a coincidence.
	heatSigns = 3

	goldenRatio = 0x9E3779B97F4A7C15 // 2^64 divided by it: multiples of it are spread evenly over the words
)

// Each entry is one word, so that it is read and written whole: cell 24 bits | pid 12 | signs 4 | milliseconds 24.
var heat [heatSlots]atomic.Uint64

var processStart = time.Now()

// contended records a report about the cell and says whether it has earned a copy per P. A report of a failed
// compare-and-swap is a sign of contention by itself; a sample is one when it comes from another P than the last.
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
			signs++ // sustained use by one P, on a machine where the private copy is the faster one
		} else if signs > 0 {
			signs-- // one goroutine that migrates now and then must not add up to contention over time
		}
	}
	slot.Store(id<<40 | uint64(pid)&(1<<12-1)<<28 | min(signs, 15)<<24 | now)
	return signs >= heatSigns
}

// pinCost is the result of pinIsCheaper, one of the values below. It is set once per process.
var pinCost atomic.Uint32

const (
	pinUnknown = iota
	pinMeasuring
	pinCheaper
	pinDearer
)

// pinIsCheaper reports whether adding to a private copy beats an uncontended atomic add on this machine. It is measured
// once, in about 20 microseconds, by the first cell that asks: atomics cost 2 to 6 ns and pinning 3 to 4, depending on the
// CPU, and the difference is most of what an update costs. Whoever asks in the meantime is told no, and asks again.
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
	// The loops do what Inc does, without its reports: they would end up here again.
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
