// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"slices"
	"strings"

	"github.com/quipu-metrics/quipu/internal/labeltext"
)

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
	var room [few]string
	names := room[:0]
	for text := m.variable(n); text != ""; {
		name, _, _, rest, _ := labeltext.Next(text)
		if len(names) == few {
			return
		}
		names, text = append(names, name), rest
	}
	if len(names) == 0 || slices.ContainsFunc(known, func(s shape) bool { return s.has(names) }) {
		return
	}
	if len(known) == maxShapes {
		m.shapes.Store(new([]shape))
		return
	}
	for i := range names {
		names[i] = strings.Clone(names[i]) // not the text of the series
	}
	list := append(known[:len(known):len(known)], shape{seeded(names), labeltext.Before(names)})
	m.shapes.Store(&list)
}

// has reports whether the shape has these label names.
func (s *shape) has(names []string) bool {
	return slices.EqualFunc(s.names, names, func(have labeltext.Name, name string) bool { return have.Text == name })
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
