// SPDX-License-Identifier: Apache-2.0

//go:build amd64 && !race && !purego && !explore

package histogram

import (
	"testing"

	"github.com/quipu-metrics/quipu/internal/interleave/realcode"
)

// The tests of this file build the scenarios of scenarios_test.go with the package's real files and
// run them.

func TestEveryInterleavingOfHotRowsGivesTrueSnapshots(t *testing.T) { realcode.Explore(t, "histogram") }

func TestEveryInterleavingOfSharedRowsGivesTrueSnapshots(t *testing.T) {
	realcode.Explore(t, "histogram")
}

func TestNoOrderWritesIntoARowThatWasGivenBack(t *testing.T) { realcode.Explore(t, "histogram") }

func TestScenariosFindMistakesInTheRealFiles(t *testing.T) {
	const classic, snapshot = "histogram/classic.go", "histogram/classic_snapshot.go"
	realcode.Planted(t, "histogram", map[string]realcode.Edit{
		"done before the bucket": {classic,
			"\t\t\tpercpu.Add(&row[word], 1)\n\t\t\tpercpu.Store(&row[wordDone], n+1)",
			"\t\t\tpercpu.Store(&row[wordDone], n+1)\n\t\t\tpercpu.Add(&row[word], 1)"},
		"the bucket before the sum": {classic,
			"\t\t\tpercpu.Store(&row[wordSum+(n+1)&1], math.Float64bits(sum))\n\t\t\tpercpu.Add(&row[word], 1)",
			"\t\t\tpercpu.Add(&row[word], 1)\n\t\t\tpercpu.Store(&row[wordSum+(n+1)&1], math.Float64bits(sum))"},
		"a series is not kept alive": {classic, "\t\t\truntime.KeepAlive(c)\n", ""},
		"done is looked at once": {snapshot, "if atomic.LoadUint64(&row[wordDone]) != done {\n",
			"if atomic.LoadUint64(&row[wordDone]) < done {\n"},
		"the sum is read before the buckets": {snapshot,
			"total := s.read(row[hotBuckets:])\n\t" +
				"sum := math.Float64frombits(atomic.LoadUint64(&row[wordSum+total&1]))",
			"sum := math.Float64frombits(atomic.LoadUint64(&row[wordSum+done&1]))\n\ts.read(row[hotBuckets:])"},
		"the total of a shared row is not compared": {snapshot, "s.read(row[sharedBuckets:]) == done",
			"s.read(row[sharedBuckets:]) >= done"},
		"a snapshot leaves out the spare row": {snapshot,
			"\tif spare := c.spare.Load(); spare != nil && !s.addShared(*spare) {\n\t\treturn false\n\t}\n", ""},
		"turning hot is a load and a store": {classic,
			"if state&(stateHot|stateFrozen) == 0 && c.state.CompareAndSwap(state, next) {",
			"if state&(stateHot|stateFrozen) == 0 {\n\t\t\tc.state.Store(next)"},
	})
}
