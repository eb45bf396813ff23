// SPDX-License-Identifier: Apache-2.0

package atomicf

import (
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/percpu"
)

// signsNeeded returns how many reports in a row make contended say yes.
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
	require.Eventually(t, func() bool { return signsNeeded(t, 0, true) == heatSigns+1 }, 10*time.Second, time.Millisecond,
		"failed exchanges, one after the other")
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

	// Whoever asks during the measurement gets an answer at once.
	pinCost.Store(pinMeasuring)
	require.False(t, pinIsCheaper())
	pinCost.Store(first)
}

func TestSustainedUseOfOnePCountsWherePinningIsCheaper(t *testing.T) {
	if !percpu.Private {
		return // purego: see above
	}
	require.Eventually(t, func() bool { pinIsCheaper(); return pinCost.Load() >= pinCheaper }, 10*time.Second,
		time.Millisecond)
	measured := pinCost.Load()
	defer pinCost.Store(measured)
	pinCost.Store(pinCheaper)
	require.Eventually(t, func() bool { return signsNeeded(t, 0, false) == heatSigns+1 }, 10*time.Second, time.Millisecond)
	pinCost.Store(pinDearer)
	require.Eventually(t, func() bool { return signsNeeded(t, 0, false) == -1 }, 10*time.Second, time.Millisecond,
		"and are no sign where it is not")
}

// onHeap is a cell whose address stays the same: a stack that grows takes its variables along.
var onHeap *Sum

func TestFailedComparesAreSignsOfContentionAlsoOnOneP(t *testing.T) {
	before := pinCost.Swap(pinDearer)
	defer pinCost.Store(before)
	// Signs count while they come within heatWindow of each other, which a busy machine may not allow at once.
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

// Counts of bytes grow by megabytes. Such additions go by compare-and-swap, which reported nothing, so their cell stayed
// cold however many goroutines fought over it.
func TestLargeAdditionsMakeACountHot(t *testing.T) {
	if !percpu.Private {
		return // purego: nothing becomes hot
	}
	measured := pinCost.Swap(pinCheaper) // then one goroutine's use is enough
	defer pinCost.Store(measured)
	var c Count
	additions := uint64(0)
	for end := time.Now().Add(20 * time.Second); c.word.Load()&hotBit == 0 && time.Now().Before(end); additions++ {
		c.Add(lateMax)
	}
	require.NotZero(t, c.word.Load()&hotBit, "cold after %d additions", additions)
	c.Add(lateMax)
	require.Equal(t, (additions+1)*lateMax, c.Load())
}
