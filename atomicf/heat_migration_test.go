// SPDX-License-Identifier: Apache-2.0

package atomicf

import (
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/percpu"
)

// elsewhere makes the last report of a cell come from another P than it did, as if the goroutine had migrated since.
func elsewhere(cell unsafe.Pointer) {
	hash := uint64(uintptr(cell)) * goldenRatio
	slot := &heat[hash>>32%heatSlots]
	slot.Store(slot.Load() ^ 1<<27<<12)
}

// A goroutine that is alone at a cell and migrates now and then used to collect signs over the seconds until the cell was
// hot, which makes each of its updates dearer where pinning is.
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
