// SPDX-License-Identifier: Apache-2.0

//go:build amd64 && !race && !purego && !explore

package atomicf

import (
	"testing"

	"github.com/quipu-metrics/quipu/internal/interleave/realcode"
)

// The tests of this file build the scenarios of scenarios_test.go and scenarios_level_test.go with
// the package's real files, and run them. They are left out under -race, because scenarios run one
// thread at a time, and in builds where the cells use no ordinary stores.

func TestEveryInterleavingOfACountKeepsEveryAdd(t *testing.T) { realcode.Explore(t, "atomicf") }

func TestEveryInterleavingOfASumKeepsEveryAdd(t *testing.T) { realcode.Explore(t, "atomicf") }

func TestEveryInterleavingOfACountKeepsLargeAdds(t *testing.T) { realcode.Explore(t, "atomicf") }

func TestNoOrderWritesIntoARowThatWasGivenBack(t *testing.T) { realcode.Explore(t, "atomicf") }

func TestEveryInterleavingOfALevelIsAnOrderOfSetsAndAdds(t *testing.T) {
	realcode.Explore(t, "atomicf")
}

func TestEveryInterleavingOfALevelOfFractionsIsAnOrderOfSetsAndAdds(t *testing.T) {
	realcode.Explore(t, "atomicf")
}

func TestEveryInterleavingOfUpdatesIsReported(t *testing.T) { realcode.Explore(t, "atomicf") }

func TestEveryInterleavingOfAnUpdateThatStopsIsReported(t *testing.T) { realcode.Explore(t, "atomicf") }

func TestEveryInterleavingReadsBothWordsOfAPair(t *testing.T) { realcode.Explore(t, "atomicf") }

func TestScenariosFindMistakesInTheRealFiles(t *testing.T) {
	const (
		count, sum, level = "atomicf/count.go", "atomicf/sum.go", "atomicf/level.go"
		promote           = "atomicf/promote.go"
	)
	realcode.Planted(t, "atomicf", map[string]realcode.Edit{
		"Inc adds after Unpin": {count,
			"percpu.Add(p, 1)\n\t\t\tpercpu.Unpin()",
			"percpu.Unpin()\n\t\t\tpercpu.Add(p, 1)"},
		"a large cold addition without compare-and-swap": {count,
			"if c.word.CompareAndSwap(w, (w+n)&^hotBit) {",
			"if c.word.Store((w + n) &^ hotBit); true {"},
		"the seed is not renewed": {promote, "if word.CompareAndSwap(w, tag|",
			"if w = word.Load(); word.CompareAndSwap(w, tag|"},
		"late additions are ignored": {count, "+ w&lateMask", ""},
		"a Count is not kept alive": {count, "percpu.Add(p, 1)\n\t\t\tpercpu.Unpin()\n\t\t\truntime.KeepAlive(c)",
			"percpu.Add(p, 1)\n\t\t\tpercpu.Unpin()"},
		"a cold Sum is loaded and stored": {sum,
			"if s.word.CompareAndSwap(w, math.Float64bits(math.Float64frombits(w)+v)) {\n\t\t\treturn\n\t\t}",
			"s.word.Store(math.Float64bits(math.Float64frombits(w) + v))\n\t\treturn"},
		"a hot Sum is added to without a pin": {sum,
			"percpu.Unpin()\n\t\t\truntime.KeepAlive(s) // as",
			"runtime.KeepAlive(s) // as"},
		"the generation is not compared": {level,
			"percpu.Load(&row[levelStamp])>>levelSeqBits == w>>percpu.IndexBits&levelGenMask",
			"true"},
		"the tag is read before Pin": {level,
			"pid := percpu.Pin()\n\tw := l.word.Load() // after Pin: see the type's comment",
			"w := l.word.Load()\n\tpid := percpu.Pin()"},
		"the stamp is stored before the zeroes": {level, "\t\tpercpu.Store(&row[levelInt], 0)",
			"\t\tpercpu.Store(&row[levelStamp], stamp)\n\t\tpercpu.Store(&row[levelInt], 0)"},
		"the tag is not looked at again": {level,
			"if l.word.Load() == w {\n\t\t\truntime",
			"if true {\n\t\t\truntime"},
		"the pair's stamp is not rechecked": {level, "if now == stamp {\n\t\t\tbreak", "if true {\n\t\t\tbreak"},
		"the base is stored after the tag": {level,
			"atomic.StoreUint64(&percpu.Row(0, index)[levelBase], w)\n" +
				"\t\thot = l.word.CompareAndSwap(w, hotNaN|gen<<percpu.IndexBits|uint64(index))",
			"hot = l.word.CompareAndSwap(w, hotNaN|gen<<percpu.IndexBits|uint64(index))\n" +
				"\t\tatomic.StoreUint64(&percpu.Row(0, index)[levelBase], w)"},
		"a Set looks for the mark before it writes": {level,
			"l.word.Store(canonical(v))\n\tl.note()",
			"l.note()\n\tl.word.Store(canonical(v))"},
		"a hot Inc does not look for the mark": {level,
			"runtime.KeepAlive(l) // as in Count.addSlow\n\t\t\tl.note()",
			"runtime.KeepAlive(l)"},
		"turning hot takes the mark away": {level,
			"l.heat.CompareAndSwap(have, state&^levelWatched|have&levelWatched)",
			"l.heat.CompareAndSwap(have, state&^levelWatched)"},
		"turning hot brings the mark back": {level,
			"l.heat.CompareAndSwap(have, state&^levelWatched|have&levelWatched)",
			"l.heat.CompareAndSwap(have, state|levelWatched)"},
		"the lock is taken by load and store": {level,
			"|| !l.heat.CompareAndSwap(state, state|levelLock) {\n\t\treturn false\n\t}",
			"{\n\t\treturn false\n\t}\n\tl.heat.Store(state | levelLock)"},
	})
}
