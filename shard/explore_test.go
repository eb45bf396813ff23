// SPDX-License-Identifier: Apache-2.0

//go:build amd64 && !race && !purego && !explore

package shard

import (
	"testing"

	"github.com/quipu-metrics/quipu/internal/interleave/realcode"
)

// The tests of this file build the scenarios of scenarios_test.go with the package's real files,
// and run them.

func TestEveryInterleavingOfAWalkSeesASeriesOnce(t *testing.T) { realcode.Explore(t, "shard") }

func TestEveryInterleavingOfASplitFindsEverySeries(t *testing.T) { realcode.Explore(t, "shard") }

func TestEveryInterleavingOfExpiryKeepsEveryUpdate(t *testing.T) { realcode.Explore(t, "shard") }

func TestEveryInterleavingOfALimitKeepsItsValues(t *testing.T) { realcode.Explore(t, "shard") }

func TestScenariosFindMistakesInTheRealFiles(t *testing.T) {
	const roster, index, maps = "shard/roster.go", "shard/insert.go", "shard/index.go"
	const withdrawn, limits, deletion = "shard/withdrawn.go", "shard/limits.go", "shard/delete.go"
	realcode.Planted(t, "shard", map[string]realcode.Edit{
		"a series that comes back takes its old place": {roster,
			"r.at(length).Store(n)\n\tr.length.Store(length + 1)",
			"for i := range length {\n\t\tif r.at(i).Load() == nil {\n" +
				"\t\t\tn.slot.Store(n.slot.Load()&flagEscaped | i)\n" +
				"\t\t\tr.at(i).Store(n)\n\t\t\treturn r\n\t\t}\n\t}\n" +
				"\tr.at(length).Store(n)\n\tr.length.Store(length + 1)"},
		"the length is stored before the series": {roster,
			"r.at(length).Store(n)\n\tr.length.Store(length + 1)",
			"r.length.Store(length + 1)\n\tr.at(length).Store(n)"},
		"a roster is published before it is filled": {roster,
			"m.roster.Store(r.compacted())", "m.roster.Store(new(roster))\n\t\tm.roster.Store(r.compacted())"},
		"the length is read at every step": {roster,
			"for i := range r.length.Load() {\n\t\t\tif n := r.at(i).Load(); n != nil && !yield",
			"for i := uint32(0); i < r.length.Load(); i++ {\n\t\t\tif n := r.at(i).Load(); n != nil && !yield"},
		"a lookup sees one map cleared and not the many": {maps,
			"one := x.one.Load()\n\tif many := x.many.Load(); many != nil {\n" +
				"\t\treturn many[hash>>secondShift].Load()\n\t}\n\treturn one",
			"if many := x.many.Load(); many != nil {\n" +
				"\t\treturn many[hash>>secondShift].Load()\n\t}\n\treturn x.one.Load()"},
		"the one map is cleared before the many are published": {maps,
			"x.many.Store(many)\n\t\tx.one.Store(nil) // last: see mapOf", "x.one.Store(nil)\n\t\tx.many.Store(many)"},
		"Reset marks nothing gone": {deletion, "n.slot.Store(n.slot.Load() | flagGone)", "_ = n"},
		"a finalizer does not look for an update": {withdrawn,
			"case m.expiring.Updated(n):", "case false:"},
		"a finalizer acts on a later withdrawal": {withdrawn,
			"!ok || w.entries[at].number != number ||",
			"!ok ||"},
		"a finalizer forgets what a lookup has returned": {withdrawn, "e.looked = e.waiting == nil", "_ = e"},
		"an updated series does not wait": {withdrawn,
			"if e := &w.entries[at]; e.waiting == nil {",
			"if e := &w.entries[at]; false {"},
		"a lookup makes a second series": {index,
			"if old := m.recall(variable, now); old != nil {",
			"if old := (*Node)(nil); old != nil {"},
		"a label is full of values that have changed meanwhile": {limits,
			"return version%2 == 0 && l.changes.Load() == version", "return version%2 == 0"},
		"a value is decided while it comes": {limits,
			"return version%2 == 0 && l.changes.Load() == version", "return l.changes.Load() == version"},
		"a series that comes back keeps its entry": {withdrawn,
			"\tm.reveal(n)\n\tm.expiring.remove(at)\n\treturn true",
			"\tm.reveal(n)\n\treturn true"},
	})
}
