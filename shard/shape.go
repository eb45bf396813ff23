// SPDX-License-Identifier: Apache-2.0

package shard

import "github.com/quipu-metrics/quipu/internal/labeltext"

// A shape is a set of label names that series of an open map have. Most open maps have one or a few
// of them. A lookup that knows its names beforehand asks the Go map for each value and does not
// iterate over it, which draws a random start and costs more than the rest of the lookup
// (BenchmarkFindSet).
//
// Shapes are learned when series are created, under the mutex. A published list does not change, so
// lookups read it without more than the load of its address: they see the list of before or of
// after, and a shape that is missing costs time only.
type shape struct {
	names  []labeltext.Name
	before []string // the text before each value
}

// maxShapes is how many shapes a map keeps. A lookup tries all that have as many names as its set.
// With more shapes than that, trying costs more than iterating, so the map forgets them for good.
const maxShapes = 3

// learn keeps the names of a new series of an open map. The caller holds the mutex.
func (m *Map) learn(n *Node) {
	var known []shape
	if list := m.shapes.Load(); list != nil {
		known = *list
		if len(known) == 0 {
			return // there were too many
		}
	}
	if n.escaped() {
		return // its text has escapes or quoted names
	}
	variable := m.variable(n)
	for i := range known {
		if known[i].fits(variable) {
			return
		}
	}
	var names []string
	for name := range labeltext.All(variable) {
		names = append(names, name)
	}
	if len(names) == 0 || len(names) > few {
		return
	}
	if len(known) == maxShapes {
		m.shapes.Store(new([]shape))
		return
	}
	learned := shape{names: seeded(names)}
	for i := range names {
		learned.before = append(learned.before, learned.names[i].Before())
	}
	list := append(known[:len(known):len(known)], learned)
	m.shapes.Store(&list)
}

// fits reports whether a text has these label names.
func (s *shape) fits(variable string) bool {
	i := 0
	for name := range labeltext.All(variable) {
		if i == len(s.names) || s.names[i].Text != name {
			return false
		}
		i++
	}
	return i == len(s.names)
}

// findShaped is FindSet for a label set that has exactly the names of the shape, each with a value.
// ok is false if it has not.
func (m *Map) findShaped(s *shape, set map[string]string) (n *Node, key Key, ok bool) {
	var room [few]string
	for i := range s.names {
		value := set[s.names[i].Text]
		if value == "" {
			return nil, 0, false
		}
		room[i%few] = value
	}
	values := room[:min(len(s.names), few)]
	hash, short := valuesHash(s.names, values, m.maxValue)
	if !short {
		return nil, 0, true
	}
	n = m.load(hash)
	switch {
	case n == nil:
		return nil, Key(hash), true
	case n.escaped():
		if !labeltext.MatchSet(m.variable(n), true, set, len(values)) {
			return nil, Key(hash), true
		}
	case !labeltext.MatchBetween(m.variable(n), s.before, values):
		return nil, Key(hash), true
	}
	return n, 0, true
}

// seeded prepares label names with their part of the hash.
func seeded(names []string) []labeltext.Name {
	prepared := labeltext.NewNames(names)
	for i := range prepared {
		prepared[i].Seed = nameSeed(prepared[i].Text)
	}
	return prepared
}
