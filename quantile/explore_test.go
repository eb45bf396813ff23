// SPDX-License-Identifier: Apache-2.0

//go:build amd64 && !race && !purego && !explore

package quantile

import (
	"testing"

	"github.com/quipu-metrics/quipu/internal/interleave/realcode"
)

// The tests of this file build the scenarios of scenarios_test.go with the package's real files,
// and run them.

func TestEveryInterleavingOfTheLogKeepsEveryObservation(t *testing.T) {
	realcode.Explore(t, "quantile")
}

func TestScenariosFindMistakesInTheRealFiles(t *testing.T) {
	const log = "quantile/log.go"
	realcode.Planted(t, "quantile", map[string]realcode.Edit{
		"a chunk is given back before it is cleared": {log,
			"\t\tclear(fresh) // a series that is gone must not be kept alive from here\n\t\tmerged = len(fresh)\n",
			"\t\tif n == chunkLen {\n\t\t\tc.taken = 0\n\t\t\tatomic.StoreUint64(&c.n, 0)\n\t\t}\n\t\tclear(fresh)\n" +
				"\t\tmerged = len(fresh)\n"},
		"Unpin before the length is stored": {log,
			"percpu.Store(&c.n, n+1)\n\t\t\tarmed := l.armed.Load()\n\t\t\tpercpu.Unpin()",
			"percpu.Unpin()\n\t\t\tpercpu.Store(&c.n, n+1)\n\t\t\tarmed := l.armed.Load()"},
		"the length is stored before the entry": {log, "c.entries[n] = entry{w, v}\n\t\t\tpercpu.Store(&c.n, n+1)",
			"percpu.Store(&c.n, n+1)\n\t\t\tc.entries[n] = entry{w, v}"},
		"a holder does not look again": {log,
			"if atomic.LoadUint64(&c.n) < chunkLen || !c.mu.TryLock() {\n\t\t\treturn merged",
			"if true {\n\t\t\treturn merged"},
		"a merger does not look again": {log,
			"if !l.mergeRound() || !l.merging.CompareAndSwap(false, true) {", "if true {"},
		"a drain does not lock": {log,
			"c.mu.Lock()\n\t\t\t\tmerged += l.mergeLocked(c)",
			"c.mu.TryLock()\n\t\t\t\tmerged += l.mergeLocked(c)"},
	})
}
