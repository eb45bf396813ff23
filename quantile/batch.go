// SPDX-License-Identifier: Apache-2.0

package quantile

import "time"

// tableBits gives the size of the table that groups a chunk by window. At most half of the table is
// in use.
const tableBits = 11

// scratch is the working memory of one merge, about 150 KB.
type scratch struct {
	sorter
	room    room
	pending [maxPending]uint64
	keys    [chunkLen]uint64

	// This table groups entries by window. It is open-addressed, holds numbers of groups plus one,
	// and is all 0 between merges.
	table  [1 << tableBits]uint16
	groups [chunkLen]group
	member [chunkLen]uint16 // number of the group of each entry
}

// group is the part of a chunk that belongs to one window.
type group struct {
	w          *Window
	start, end int // where its keys are
	count      uint64
	sum        float64
}

// merge distributes entries to their windows. There are at most chunkLen of them.
func (s *scratch) merge(entries []entry, now time.Time) {
	w := entries[0].w
	var sum float64
	keys := s.keys[:0]
	for _, e := range entries {
		if e.w != w {
			s.mergeGroups(entries, now)
			return
		}
		if v := e.v; v == v {
			sum += v
			keys = append(keys, keyOf(v+0)) // + 0 turns -0 into 0
		}
	}
	s.deliver(w, keys, uint64(len(entries)), sum, now)
}

// mergeGroups is merge for entries of more than one window.
func (s *scratch) mergeGroups(entries []entry, now time.Time) {
	n := 0
	for i, e := range entries {
		g := s.groupOf(e.w, n)
		if g == n {
			s.groups[g] = group{w: e.w}
			n++
		}
		s.member[i] = uint16(g)
		to := &s.groups[g]
		to.count++
		if v := e.v; v == v {
			to.sum += v
			to.end++ // counts the keys so far
		}
	}
	groups := s.groups[:n]
	start := 0
	for i := range groups {
		g := &groups[i]
		g.start, start = start, start+g.end
		g.end = g.start
	}
	for i, e := range entries {
		if v := e.v; v == v {
			g := &groups[s.member[i]]
			s.keys[g.end] = keyOf(v + 0)
			g.end++
		}
	}
	for i := range groups {
		g := &groups[i]
		s.deliver(g.w, s.keys[g.start:g.end], g.count, g.sum, now)
		g.w = nil // scratch is used again, and must not keep windows alive
	}
	clear(s.table[:])
}

// groupOf returns the number of the group of w. If w has none among the first n groups, it enters n
// in the table and returns n.
func (s *scratch) groupOf(w *Window, n int) int {
	for h := w.id * 0x9e3779b1 >> (32 - tableBits); ; h = (h + 1) % (1 << tableBits) {
		switch g := int(s.table[h]); {
		case g == 0:
			s.table[h] = uint16(n + 1)
			return n
		case s.groups[g-1].w == w:
			return g - 1
		}
	}
}

// deliver gives one window its share of a batch.
func (s *scratch) deliver(w *Window, keys []uint64, count uint64, sum float64, now time.Time) {
	g := guardsOf(keys)
	if len(keys) >= maxPending && w.objectives.Len() > 0 {
		keys = s.sort(keys)
	}
	w.add(keys, g, count, sum, now, s)
}
