// SPDX-License-Identifier: Apache-2.0

//go:build amd64 && !race && !purego && !explore

package percpu

import (
	"testing"

	"github.com/quipu-metrics/quipu/internal/interleave/realcode"
)

// The tests of this file build the scenarios of scenarios_test.go with the package's real files,
// and run them.

func TestEveryInterleavingKeepsRowsApartAndZero(t *testing.T) { realcode.Explore(t, "internal/percpu") }

func TestEveryInterleavingOfGrowthKeepsEveryAdd(t *testing.T) { realcode.Explore(t, "internal/percpu") }

func TestOrdinaryStoresBecomeVisibleInOrder(t *testing.T) { realcode.Explore(t, "internal/percpu") }

func TestScenariosFindMistakesInTheRealFiles(t *testing.T) {
	const words = "internal/percpu/words.go"
	realcode.Planted(t, "internal/percpu", map[string]realcode.Edit{
		"a row is free before it is zeroed": {words, "func Free(index uint32, n int) {",
			"func Free(index uint32, n int) {\n\tslab.Lock()\n" +
				"\tslab.groups[index>>groupBits].give(int(index&groupMask), n)\n\tslab.Unlock()"},
		"Grow stores a group":      {words, "slot.CompareAndSwap(nil, new(group))", "slot.Store(new(group))"},
		"Grow stores a directory":  {words, "procs[i].CompareAndSwap(nil, new(proc))", "procs[i].Store(new(proc))"},
		"Grow leaves a hole below": {words, "for i := range pid + 1 {", "for i := pid; i <= pid; i++ {"},
	})
}
