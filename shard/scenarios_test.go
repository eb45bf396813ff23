// SPDX-License-Identifier: Apache-2.0

//go:build explore

package shard

import (
	"fmt"
	"testing"

	"github.com/quipu-metrics/quipu/internal/interleave"
)

// These are small programs that use the real Map, with blocks of two series. Every order of their
// accesses to the roster is run. The lock-free maps of the shards belong to another package: their
// operations are not divided into steps.

// explored is a map in a scenario. No scenario deletes series 3.
type explored struct {
	*Map
	walks [][]*Node
}

func newExplored(series ...string) *explored {
	m := &explored{Map: New(Config{
		Names: []string{"a"}, MaxSeries: 1 << 20, New: func() *Node { return new(Node) },
	})}
	for _, s := range series {
		m.create(s)
	}
	return m
}

func text(series string) string { return `a="` + series + `"` }

func (m *explored) create(series string) *Node {
	n, key := m.Find([]string{series})
	if n == nil {
		n, _ = m.Insert([]string{series}, key)
	}
	return n
}

func (m *explored) delete(series string) {
	if n := m.find(series); n != nil {
		m.Delete(n)
	}
}

func (m *explored) find(series string) *Node {
	n, _ := m.Find([]string{series})
	return n
}

// walk walks the series as a page does.
func (m *explored) walk() {
	var met []*Node
	for n := range m.All() {
		met = append(met, n)
	}
	m.walks = append(m.walks, met)
}

func (m *explored) check() string {
	for _, met := range m.walks {
		count := map[string]int{}
		for _, n := range met {
			if count[n.Labels]++; count[n.Labels] > 1 {
				return n.Labels + " comes twice"
			}
		}
		if count[text("3")] == 0 {
			return "a series that nobody deleted is missing"
		}
	}
	count := 0
	for n := range m.All() {
		count++
		if n.Gone() {
			return n.Labels + " is gone and in the roster"
		}
	}
	if count != int(m.count.Load()) {
		return fmt.Sprintf("%d series in the roster, %d in the map", count, int(m.count.Load()))
	}
	return ""
}

func rosterScenarios() []interleave.Scenario {
	scenario := func(name string, setup func(w *interleave.World, m *explored)) interleave.Scenario {
		return interleave.Scenario{Name: name, Setup: func(w *interleave.World) {
			m := newExplored("1", "2", "3")
			setup(w, m)
			w.Check(m.check)
		}}
	}
	return []interleave.Scenario{
		scenario("series come back during a walk", func(w *interleave.World, m *explored) {
			w.Go(0, func() { m.delete("1"); m.create("1"); m.delete("2"); m.create("2") })
			w.Go(1, func() { m.walk() })
		}),
		{Name: "series change places during a walk", Setup: func(w *interleave.World) {
			m := newExplored("1", "2", "3", "4", "5")
			w.Go(0, func() { m.delete("1"); m.delete("2"); m.create("2"); m.create("1") })
			w.Go(1, func() { m.walk() })
			w.Check(m.check)
		}},
		scenario("the roster is compacted during a walk", func(w *interleave.World, m *explored) {
			w.Go(0, func() { m.delete("1"); m.delete("2"); m.create("1") })
			w.Go(1, func() { m.walk() })
		}),
		scenario("the roster grows during a walk", func(w *interleave.World, m *explored) {
			w.Go(0, func() { m.create("4"); m.create("5"); m.create("6") })
			w.Go(1, func() { m.walk(); m.walk() })
		}),
		scenario("two goroutines create and delete, a third walks", func(w *interleave.World, m *explored) {
			w.Go(0, func() { m.delete("1"); m.create("1") })
			w.Go(1, func() { m.create("4"); m.delete("4") })
			w.Go(2, func() { m.walk() })
		}),
		{Name: "a reader sees the length of a roster", Setup: func(w *interleave.World) {
			r := new(roster).with(new(Node)).with(new(Node)).with(new(Node)) // with room for one more
			w.Go(0, func() { r.with(new(Node)) })
			w.Go(1, func() {
				if r.at(r.length.Load()-1).Load() == nil {
					panic("a roster is longer than its series")
				}
			})
			w.Check(func() string {
				if r.length.Load() != 4 || r.at(3).Load() == nil {
					return "the series is not in the roster"
				}
				return ""
			})
		}},
		{Name: "two goroutines create one series", Setup: func(w *interleave.World) {
			m := newExplored("3")
			var made [2]*Node
			for i := range made {
				w.Go(i, func() { made[i] = m.create("1") })
			}
			w.Go(2, func() { m.walk() })
			w.Check(func() string {
				if made[0] != made[1] || made[0] != m.find("1") {
					return "a series is there twice"
				}
				return m.check()
			})
		}},
		{Name: "a reset during creation and a walk", Setup: func(w *interleave.World) {
			m := newExplored("1")
			first := m.find("1")
			var found *Node
			w.Go(0, func() { m.Reset(); m.create("3") })
			w.Go(1, func() { found = m.create("1") })
			w.Go(2, func() {
				met := 0
				for range m.All() {
					met++
				}
				if met > 2 {
					panic("a walk meets series of two times")
				}
			})
			w.Check(func() string {
				if !first.Gone() {
					return "a series that was reset is not gone"
				}
				if now := m.find("1"); now != nil && now != found || now == nil && !found.Gone() {
					return "a series is neither there nor gone"
				}
				m.walk()
				return m.check()
			})
		}},
	}
}

// indexScenarios look series up while the index is split, and split again. A lock-free map of two
// series is full here, and a split makes two maps.
func indexScenarios() []interleave.Scenario {
	const first, second, third = 1 << 62, 1, 2 // second and third stay together in the first split
	scenario := func(name string, before, during []uint64) interleave.Scenario {
		return interleave.Scenario{Name: name, Setup: func(w *interleave.World) {
			var x index
			nodes := map[uint64]*Node{}
			store := func(hash uint64) {
				x.store(hash, nodes[hash])
				x.grow(hash)
			}
			for _, hash := range append(before, during...) {
				nodes[hash] = new(Node)
			}
			for _, hash := range before {
				store(hash)
			}
			w.Go(0, func() {
				for _, hash := range during {
					store(hash)
				}
			})
			w.Go(1, func() {
				for _, hash := range before {
					if x.load(hash) != nodes[hash] {
						panic("a series that nobody deleted is not found")
					}
				}
			})
			w.Check(func() string {
				for hash, n := range nodes {
					if x.load(hash) != n {
						return "a series is not found in the end"
					}
				}
				return ""
			})
		}}
	}
	return []interleave.Scenario{
		scenario("a lookup during the first split", []uint64{first}, []uint64{second}),
		scenario("a lookup during the second split", []uint64{first, second}, []uint64{third}),
		scenario("a lookup during both splits", []uint64{first}, []uint64{second, third}),
		{Name: "a lookup during a split and a reset", Setup: func(w *interleave.World) {
			var x index
			a, b := new(Node), new(Node)
			x.store(first, a)
			w.Go(0, func() {
				x.store(second, b)
				x.grow(second)
				x.clear()
				x.store(second, b)
			})
			w.Go(1, func() {
				if n := x.load(first); n != nil && n != a {
					panic("another series is found")
				}
			})
			w.Check(func() string {
				if x.load(first) != nil || x.load(second) != b {
					return "the index is not that of the last series"
				}
				return ""
			})
		}},
	}
}

func TestEveryInterleavingOfASplitFindsEverySeries(t *testing.T) {
	interleave.Run(t, indexScenarios()...)
}

func TestEveryInterleavingOfAWalkSeesASeriesOnce(t *testing.T) {
	interleave.Run(t, rosterScenarios()...)
}
