// SPDX-License-Identifier: Apache-2.0

package atomicf

import (
	"runtime"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/percpu"
)

// signsNeeded returns the number of reports in a row after which contended reports true.
func signsNeeded(t *testing.T, pause time.Duration, casFailed bool) int {
	t.Helper()
	cell := new([4]uint64)
	for i := 1; i <= 10; i++ {
		if contended(unsafe.Pointer(cell), casFailed) {
			return i
		}
		time.Sleep(pause)
	}
	return -1
}

func TestContentionTakesAFewSignsInAShortTime(t *testing.T) {
	require.Eventually(t, func() bool { return signsNeeded(t, 0, true) == heatSigns+1 },
		10*time.Second, time.Millisecond, "failed exchanges, one after the other")
	require.Equal(t, -1, signsNeeded(t, 2*heatWindow, true), "failed exchanges, far apart")
}

func TestPinCostIsMeasuredOnce(t *testing.T) {
	if !percpu.Private {
		require.Equal(t, uint32(pinUnknown), measurePin(), "purego: there is no row to measure with")
		return
	}
	require.Eventually(t, func() bool { pinIsCheaper(); return pinCost.Load() >= pinCheaper }, 10*time.Second,
		time.Millisecond)
	first := pinCost.Load()
	for range 100 {
		require.Equal(t, first == pinCheaper, pinIsCheaper())
	}
	require.Equal(t, first, pinCost.Load())
	require.NotEqual(t, uint32(pinMeasuring), first)

	// A cell that asks during the measurement gets an answer at once.
	pinCost.Store(pinMeasuring)
	require.False(t, pinIsCheaper())
	pinCost.Store(first)
}

func TestSustainedUseOfOnePCountsWherePinningIsCheaper(t *testing.T) {
	if !percpu.Private {
		return // purego: there is no row to measure with
	}
	require.Eventually(t, func() bool { pinIsCheaper(); return pinCost.Load() >= pinCheaper }, 10*time.Second,
		time.Millisecond)
	measured := pinCost.Load()
	defer pinCost.Store(measured)
	pinCost.Store(pinCheaper)
	require.Eventually(t, func() bool { return signsNeeded(t, 0, false) == heatSigns+1 },
		10*time.Second, time.Millisecond)
	pinCost.Store(pinDearer)
	require.Eventually(t, func() bool { return signsNeeded(t, 0, false) == -1 }, 10*time.Second, time.Millisecond,
		"and are no sign where it is not")
}

// onHeap keeps a cell on the heap, where its address stays the same: a stack that grows moves its
// variables.
var onHeap *Sum

func TestFailedComparesAreSignsOfContentionAlsoOnOneP(t *testing.T) {
	before := pinCost.Swap(pinDearer)
	defer pinCost.Store(before)
	// Signs count only within heatWindow of each other, which a busy machine may not allow at once.
	require.Eventually(t, func() bool {
		onHeap = new(Sum)
		for range heatSigns {
			if contended(unsafe.Pointer(onHeap), true) {
				return false // too early
			}
		}
		return contended(unsafe.Pointer(onHeap), true)
	}, 10*time.Second, time.Millisecond)
}

// elsewhere makes the last report of a cell come from another P, as if the goroutine had migrated
// since.
func elsewhere(cell unsafe.Pointer) {
	hash := uint64(uintptr(cell)) * goldenRatio
	slot := &heat[hash>>32%heatSlots]
	slot.Store(slot.Load() ^ 1<<27<<12)
}

// A goroutine that was alone at a cell, and migrated now and then, once collected signs over the
// seconds until the cell was hot. Its updates are slower then on machines where pinning is.
func TestMigrationsOfOneGoroutineDoNotAddUp(t *testing.T) {
	if !percpu.Private {
		return // purego: nothing becomes hot
	}
	measured := pinCost.Swap(pinDearer)
	defer pinCost.Store(measured)
	cell := unsafe.Pointer(new([4]uint64))
	for migration := range 50 {
		for range 5 {
			require.False(t, contended(cell, false), "after %d migrations", migration)
		}
		elsewhere(cell)
	}
	require.Eventually(t, func() bool {
		for range heatSigns {
			elsewhere(cell)
			if contended(cell, false) {
				return true
			}
		}
		return false
	}, 10*time.Second, time.Millisecond, "but reports from two Ps in turns do")
}

// A cell is cold until goroutines fight over it: an idle or slow one costs no memory.
func TestCellsStayColdUnderLightUse(t *testing.T) {
	for name, fresh := range cells {
		c := fresh()
		for range 500 {
			c.add(1)
		}
		require.False(t, c.hot(), name)
		require.Equal(t, 500.0, c.value(), name)
	}
}

func TestCellsTurnHotWhenGoroutinesFightOverThem(t *testing.T) {
	if !percpu.Private {
		return // purego: nothing becomes hot
	}
	if runtime.NumCPU() == 1 {
		t.Log("one CPU: nobody to fight with")
		return
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(max(2, runtime.NumCPU())))
	for name, fresh := range cells {
		t.Run(name, func(t *testing.T) {
			c := fresh()
			total := int64(0)
			for end := time.Now().Add(20 * time.Second); !c.hot() && time.Now().Before(end); {
				total += run(4, 20*time.Millisecond, func(int) { c.add(1) })
			}
			require.True(t, c.hot())
			require.Equal(t, float64(total), c.value())
		})
	}
}
