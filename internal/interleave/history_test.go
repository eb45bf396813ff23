// SPDX-License-Identifier: Apache-2.0

package interleave

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Judge finds the faults of these histories.
func TestHistoriesThatAreWrongAreCalledSo(t *testing.T) {
	type spans = map[int]*span
	at := func(begin, end int) *span { return &span{begin: begin, end: end} }
	own := func(number int, t *thread) *span { return &span{begin: 1, end: 9, thread: t, number: number} }
	read := func(begin, end int, value uint64) readOf { return readOf{at(begin, end), value} }
	one := new(thread)
	for name, c := range map[string]struct {
		adds, sets spans
		reads      []readOf
		final      uint64
		wrong      string
	}{
		"nothing happened":               {},
		"lost Add":                       {adds: spans{0: at(1, 2)}, wrong: "Add 0 is lost"},
		"Add twice":                      {adds: spans{0: at(1, 2)}, final: 2, wrong: "Add 0 counts 2 times"},
		"no Add":                         {final: 1, wrong: "made of nothing"},
		"Add void by an overlapping Set": {adds: spans{0: at(1, 4)}, sets: spans{1: at(2, 3)}, final: setUnit},
		"Add lost after a Set": {
			adds: spans{0: at(4, 5)}, sets: spans{1: at(2, 3)}, final: setUnit, wrong: "Add 0 is lost"},
		"Add lost after a Set of the same thread": {
			adds: spans{0: own(2, one)}, sets: spans{1: own(1, one)}, final: setUnit, wrong: "Add 0 is lost"},
		"Add that a Set came after": {
			adds: spans{0: at(1, 2)}, sets: spans{1: at(3, 4)}, final: setUnit + 1, wrong: "Add 0 should not count"},
		"lost Set": {sets: spans{1: at(1, 2)}, wrong: "a Set is lost"},
		"Sets in the wrong order": {
			sets: spans{1: at(1, 2), 2: at(3, 4)}, final: setUnit, wrong: "a Set is lost"},
		"overlapping Sets in either order": {sets: spans{1: at(1, 4), 2: at(2, 3)}, final: setUnit},
		"Add of the future": {
			adds: spans{0: at(5, 6)}, reads: []readOf{read(1, 2, 1)}, final: 1, wrong: "Add 0 should not count"},
		"Add forgotten": {
			adds: spans{0: at(1, 9)}, reads: []readOf{read(2, 3, 1), read(4, 5, 0)}, final: 1,
			wrong: "an Add that was seen is gone"},
		"Set forgotten": {
			sets: spans{1: at(1, 9)}, reads: []readOf{read(2, 3, setUnit), read(4, 5, 0)}, final: setUnit,
			wrong: "an older Set came back"},
		"value out of the blue": {final: 1 << 60, wrong: "made of nothing"},
	} {
		t.Run(name, func(t *testing.T) {
			h := NewHistory()
			for n, s := range c.adds {
				h.adds[n] = s
			}
			for n, s := range c.sets {
				h.sets[n] = s
			}
			h.reads[0] = c.reads
			got := h.Judge(c.final)
			if c.wrong == "" {
				require.Empty(t, got)
				return
			}
			require.Contains(t, got, c.wrong)
		})
	}
}
