// SPDX-License-Identifier: Apache-2.0

//go:build explore

package shard

import (
	"fmt"
	"testing"
	"unsafe"

	"github.com/quipu-metrics/quipu/atomicf"
	"github.com/quipu-metrics/quipu/internal/interleave"
)

// exploredExpiry is a map with expiry under exploration. The collector takes a series of it as soon
// as nobody has its handle.
type exploredExpiry struct {
	*Map
	made    []*exploredSeries
	holders map[*Node]*int
	now     int64
}

type exploredSeries struct {
	Node
	hits   atomicf.Count
	looked uint64
	age    Age

	shown   uint64 // hits on the last page that the series was on
	deleted bool
}

func exploredOf(n *Node) *exploredSeries { return (*exploredSeries)(unsafe.Pointer(n)) }

func newExploredExpiry(max int) *exploredExpiry {
	m := &exploredExpiry{holders: map[*Node]*int{}, now: 10}
	m.Map = New(Config{
		Names: []string{"a"}, MaxSeries: max, Overflow: "overflow",
		New: func() *Node {
			s := &exploredSeries{}
			m.made = append(m.made, s)
			m.holders[&s.Node] = new(int)
			return &s.Node
		},
		Expiry: &Expiry{
			After: 10,
			Now:   func() int64 { return m.now },
			Updated: func(n *Node) bool {
				s := exploredOf(n)
				before := s.looked
				s.looked = s.hits.Load()
				return s.looked != before
			},
			Age: func(n *Node) *Age { return &exploredOf(n).age },
		},
	})
	return m
}

// withdrawn returns a handle of series "1", which has been withdrawn.
func (m *exploredExpiry) withdrawn() *Node {
	n := m.with("1")
	exploredOf(n).hits.Inc()
	m.page(10)
	m.page(20)
	m.now = 20
	if m.Size() != 0 {
		panic("not withdrawn")
	}
	return n
}

// with returns a series and holds its handle. It holds all there are while it looks: the collector
// does not take what is on a stack.
func (m *exploredExpiry) with(a string) *Node {
	for _, s := range m.made {
		interleave.Write(m.holders[&s.Node])
		*m.holders[&s.Node]++
	}
	before := m.made
	n, key := m.Find([]string{a})
	if n == nil {
		n, _ = m.Insert([]string{a}, key)
	}
	fresh := true
	for _, s := range before {
		if &s.Node == n {
			fresh = false
			continue
		}
		m.drop(&s.Node)
	}
	if fresh {
		interleave.Write(m.holders[n])
		*m.holders[n]++
	}
	return n
}

func (m *exploredExpiry) drop(n *Node) {
	interleave.Write(m.holders[n])
	if *m.holders[n]--; *m.holders[n] == 0 {
		interleave.Collect(n)
	}
}

func (m *exploredExpiry) inc(n *Node) { exploredOf(n).hits.Inc() }

// page sweeps, and shows what is listed.
func (m *exploredExpiry) page(now int64) {
	m.Sweep(now)
	for n := range m.All() {
		exploredOf(n).shown = exploredOf(n).hits.Load()
	}
}

// check collects and shows until nothing moves any more. It finds updates that were on no page, and
// series with the same labels.
func (m *exploredExpiry) check() string {
	for range 4 {
		for _, s := range m.made {
			if *m.holders[&s.Node] == 0 {
				interleave.Collect(&s.Node)
			}
		}
		m.page(m.now)
	}
	labels := map[string]bool{}
	kept := map[*Node]bool{}
	for n := range m.All() {
		if labels[n.Labels] {
			return n.Labels + " is listed twice"
		}
		labels[n.Labels], kept[n] = true, true
	}
	if m.Size() != len(kept) {
		return fmt.Sprintf("%d series in the roster, %d in the map", len(kept), m.Size())
	}
	for i := range m.expiring.entries {
		e := &m.expiring.entries[i]
		n := e.node()
		if at, ok := m.expiring.position(n); !ok || at != i || m.expiring.byText[m.variable(n)] != uint32(i) {
			return "an entry is not that of its series"
		}
		if labels[n.Labels] {
			return n.Labels + " is there twice"
		}
		kept[n] = e.waiting != nil
	}
	for _, s := range m.made {
		if _, there := kept[&s.Node]; there && s.deleted {
			return "a series that was deleted is there"
		}
		if s.hits.Load() != s.shown && !s.deleted && !kept[&s.Node] {
			return "an update of " + s.Labels + " is lost"
		}
	}
	return ""
}

type world = interleave.World

func TestEveryInterleavingOfExpiryKeepsEveryUpdate(t *testing.T) {
	scenario := func(name string, max int, setup func(w *world, m *exploredExpiry, n *Node)) interleave.Scenario {
		return interleave.Scenario{Name: name, Setup: func(w *interleave.World) {
			m := newExploredExpiry(max)
			n := m.withdrawn()
			setup(w, m, n)
			w.Check(m.check)
		}}
	}
	interleave.Run(t,
		scenario("a handle is dropped after its update during a sweep", 2, func(w *world, m *exploredExpiry, n *Node) {
			w.Go(0, func() { m.inc(n); m.drop(n) })
			w.Go(1, func() { m.page(20) })
		}),
		scenario("a lookup while the handle is dropped", 2, func(w *world, m *exploredExpiry, n *Node) {
			w.Go(0, func() { m.inc(n); m.drop(n) })
			w.Go(1, func() { o := m.with("1"); m.inc(o); m.drop(o) })
		}),
		scenario("a lookup while a handle without an update is dropped", 2, func(w *world, m *exploredExpiry, n *Node) {
			w.Go(0, func() { m.drop(n) })
			w.Go(1, func() { o := m.with("1"); m.inc(o); m.drop(o) })
			w.Go(2, func() { m.page(20) })
		}),
		scenario("a lookup without room while the handle is dropped", 1, func(w *world, m *exploredExpiry, n *Node) {
			m.with("2")
			w.Go(0, func() { m.drop(n) })
			w.Go(1, func() { o := m.with("1"); m.inc(o); m.drop(o) })
		}),
		scenario("room is made while an updated series wants it", 1, func(w *world, m *exploredExpiry, n *Node) {
			other := m.with("2")
			w.Go(0, func() { m.inc(n); m.drop(n) })
			w.Go(1, func() { exploredOf(other).deleted = true; m.Delete(other); m.page(20) })
		}),
		scenario("the series comes back and leaves again", 2, func(w *world, m *exploredExpiry, n *Node) {
			w.Go(0, func() { m.inc(n); m.drop(n) })
			w.Go(1, func() { m.page(20); m.page(30) })
		}),
		scenario("it is forgotten while the handle is dropped", 2, func(w *world, m *exploredExpiry, n *Node) {
			w.Go(0, func() { m.inc(n); m.drop(n) })
			w.Go(1, func() {
				if m.Forget([]string{"1"}) {
					exploredOf(n).deleted = true
				}
			})
		}),
		scenario("an update while the series leaves", 2, func(w *world, m *exploredExpiry, n *Node) {
			o := m.with("2")
			w.Go(0, func() { m.inc(o); m.drop(o) })
			w.Go(1, func() { m.page(40) })
		}),
		scenario("a lookup while it comes back and leaves again", 2, func(w *world, m *exploredExpiry, n *Node) {
			m.inc(n)
			w.Go(0, func() { o := m.with("1"); m.inc(o); m.drop(o) })
			w.Go(1, func() { m.page(20); m.page(40) })
		}),
		scenario("two sweeps while it is updated", 2, func(w *world, m *exploredExpiry, n *Node) {
			w.Go(0, func() { m.inc(n); m.drop(n) })
			w.Go(1, func() { m.page(20) })
			w.Go(2, func() { m.page(20) })
		}),
	)
}
