// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"iter"
	"sync/atomic"
)

// roster lists the series in the order of their creation. It is written under Map.mu and read
// without locks.
//
// The writer fills a position and then stores the length, so a walk finds a series at every
// position below the length, unless it has been deleted. In one roster a position is filled once.
// It may be emptied later, and is never filled again. A walk visits the positions below the length
// that it reads at its start. A series that is deleted and created again during the walk gets a
// position above that length. So the walk does not meet it twice, and no page shows a series twice.
//
// Compacting and growing make a new roster, and publish it when it is complete. A walk of the old
// one goes on undisturbed. A writer that stops anywhere leaves a roster that can be walked, and
// holds up creations and deletions only.
type roster struct {
	blocks []block
	length atomic.Uint32
	holes  int
}

type block []atomic.Pointer[Node]

// A block holds rosterBlock series, 4 KiB. The first block starts smaller, and larger copies
// replace it.
const (
	rosterBlock = 512
	rosterFirst = 8
)

// at returns the place of position i.
func (r *roster) at(i uint32) *atomic.Pointer[Node] {
	return &r.blocks[i/rosterBlock][i%rosterBlock]
}

// enroll appends a series to the roster. The caller holds the mutex.
func (m *Map) enroll(n *Node) { m.roster.Store(m.roster.Load().with(n)) }

// with appends a series to r, or to a larger copy if r is full. It returns the roster that holds
// the series.
func (r *roster) with(n *Node) *roster {
	length := r.length.Load()
	if capacity := r.capacity(); int(length) == capacity {
		r = r.grown(capacity)
	}
	n.slot.Store(n.slot.Load()&flagEscaped | length)
	r.at(length).Store(n)
	r.length.Store(length + 1) // a walk that sees the length sees the series
	return r
}

func (r *roster) capacity() int {
	if len(r.blocks) == 0 {
		return 0
	}
	return (len(r.blocks)-1)*rosterBlock + len(r.blocks[len(r.blocks)-1])
}

// grown returns a roster with the same series and more room. Both rosters share all blocks of full
// size.
func (r *roster) grown(capacity int) *roster {
	g := &roster{holes: r.holes}
	g.length.Store(r.length.Load())
	if capacity >= rosterBlock {
		g.blocks = append(append(make([]block, 0, len(r.blocks)+1), r.blocks...), make(block, rosterBlock))
		return g
	}
	first := make(block, min(max(rosterFirst, 4*capacity), rosterBlock))
	for i := range capacity {
		first[i].Store(r.blocks[0][i].Load())
	}
	g.blocks = []block{first}
	return g
}

// strike empties the position of a series, and compacts the roster when most positions are empty.
// The flag says why the series leaves. The caller holds the mutex.
func (m *Map) strike(n *Node, flag uint32) {
	r := m.roster.Load()
	slot := n.slot.Load()
	n.slot.Store(slot | flag)
	r.at(slot & slotMask).Store(nil)
	r.holes++
	if r.holes > rosterBlock/8 && r.holes > int(r.length.Load())/2 {
		// The new roster must be complete before walks can find it: a walk of a half-filled one
		// would leave out series that nobody deleted.
		m.roster.Store(r.compacted())
	}
}

// compacted returns a new roster of the series that are left.
func (r *roster) compacted() *roster {
	c := new(roster)
	for i := range r.length.Load() {
		if n := r.at(i).Load(); n != nil {
			c = c.with(n)
		}
	}
	return c
}

// All walks the series in the order of their creation, without a lock (BenchmarkWalk). It leaves
// out series that were created after the walk began. A series that is deleted meanwhile may be left
// out.
func (m *Map) All() iter.Seq[*Node] {
	return func(yield func(*Node) bool) {
		r := m.roster.Load()
		for i := range r.length.Load() {
			if n := r.at(i).Load(); n != nil && !yield(n) {
				return
			}
		}
	}
}
