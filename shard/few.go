// SPDX-License-Identifier: Apache-2.0

package shard

import "github.com/quipu-metrics/quipu/internal/labeltext"

// few is the size of the largest label set whose labels a lookup copies to its stack. Reading from
// a Go map costs more than anything else in such a lookup. The copy pays, because it takes every
// label out of the map once. Nearly all label sets are this small.
const few = 8

// findFew is FindSet for label sets of at most few labels, in a map without displaced series.
func (m *Map) findFew(set map[string]string) (*Node, Key) {
	if m.open {
		return m.findFewOpen(set)
	}
	if len(set) != len(m.names) {
		return nil, 0
	}
	// The declared names put the values in order, so the rest is a lookup by position.
	var values [few]string
	for i := range m.names {
		value, ok := set[m.names[i].Text]
		if !ok {
			return nil, 0
		}
		values[i%few] = value
	}
	return m.Find(values[:len(set)])
}

func (m *Map) findFewOpen(set map[string]string) (*Node, Key) {
	if shapes := m.shapes.Load(); shapes != nil {
		for i := range *shapes {
			if s := &(*shapes)[i]; len(s.names) == len(set) {
				if n, key, ok := m.findShaped(s, set); ok {
					return n, key
				}
			}
		}
	}
	var room [few]labeltext.Label
	hash, count := m.gather(set, &room, 0)
	if count < 0 {
		return nil, 0
	}
	n := m.load(hash)
	switch {
	case n == nil:
		return nil, Key(hash)
	case n.escaped():
		if !labeltext.MatchSet(m.variable(n), true, set, count) {
			return nil, Key(hash)
		}
	case !labeltext.MatchLabels(m.variable(n), room[:min(count, few)]):
		return nil, Key(hash)
	}
	return n, 0
}

// gather copies the labels of a set that have a value behind the first count labels of room. It
// returns their hash and the number of labels in room, which is negative if a value is too long.
func (m *Map) gather(set map[string]string, room *[few]labeltext.Label, count int) (hash uint64, n int) {
	for name, value := range set {
		if len(value) > m.maxValue {
			return 0, -1
		}
		if value != "" {
			hash += labelHash(nameSeed(name), value)
			room[count%few] = labeltext.Label{Name: name, Value: value}
			count++
		}
	}
	return hash, count
}
