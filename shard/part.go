// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"maps"
	"strings"

	"github.com/quipu-metrics/quipu/internal/labeltext"
)

// Part is the part of a [Map] whose series have certain labels. Its lookups take the other labels
// only. It does not change, so all methods may be called concurrently. Series are inserted into the
// map itself, with all of their labels.
type Part struct {
	m     *Map
	fixed map[string]string
	hash  uint64 // of the fixed labels

	labels []labeltext.Label // the fixed labels of an open map

	// The rest is for a map with declared names.
	free   []labeltext.Name // the names that are left, in their order
	values []string         // of all names in their order, with room for those that are left
	places []int            // of the names that are left, in values
}

// Part returns the part of the map whose series have these labels. In a map with declared names
// they must be some of these. Values are as [Map.Insert] takes them.
func (m *Map) Part(fixed map[string]string) *Part {
	p := &Part{m: m, fixed: maps.Clone(fixed)}
	for i := range m.names {
		value, ok := fixed[m.names[i].Text]
		if ok {
			p.hash += labelHash(m.names[i].Seed, value)
		} else {
			p.free = append(p.free, m.names[i])
			p.places = append(p.places, i)
		}
		p.values = append(p.values, value)
	}
	if m.open {
		p.hash, _ = m.hashSet(fixed, false)
		for name, value := range fixed {
			p.labels = append(p.labels, labeltext.Label{Name: name, Value: value})
		}
	}
	return p
}

// Find is [Map.Find] for the values of the names that are left. The key is for the values of all
// names (BenchmarkPart).
func (p *Part) Find(values []string) (*Node, Key) {
	m := p.m
	if len(values) != len(p.free) || m.open {
		return nil, 0
	}
	hash, short := valuesHash(p.free, values, m.maxValue)
	if !short {
		return nil, 0
	}
	hash += p.hash
	if len(p.values) > few || m.displaced.Load() != 0 {
		return p.findMany(values, Key(hash))
	}
	n := m.load(hash)
	if n == nil {
		return nil, Key(hash)
	}
	// The loops are here, and not in a function, so that the values of the caller can stay on its
	// stack.
	var room [few]string
	for i, value := range p.values {
		room[i%few] = value
	}
	for i, value := range values {
		room[p.places[i]%few] = value
	}
	if !labeltext.MatchValues(m.variable(n), n.escaped(), m.names, room[:len(p.values)]) {
		return nil, Key(hash)
	}
	return n, 0
}

// findMany is Find for many names, and for a map with displaced series.
func (p *Part) findMany(values []string, key Key) (*Node, Key) {
	var room [8 * few]string
	if len(p.values) > len(room) {
		n, _ := p.m.FindSet(p.joined(values))
		return n, key
	}
	for i, value := range p.values {
		room[i%len(room)] = value
	}
	for i, value := range values {
		room[p.places[i]%len(room)] = value
	}
	n, _ := p.m.Find(room[:len(p.values)])
	return n, key
}

// joined returns the labels with copies of these values, and the fixed ones.
func (p *Part) joined(values []string) map[string]string {
	all := maps.Clone(p.fixed)
	for i := range p.free {
		all[p.free[i].Text] = strings.Clone(values[i])
	}
	return all
}

// FindSet is [Map.FindSet] for the labels that are left. A set that has one of the fixed names
// finds nothing. Sets of many labels, and those whose text has escapes, are copied.
func (p *Part) FindSet(set map[string]string) (*Node, Key) {
	if p.m.open {
		return p.findOpen(set)
	}
	if len(set) != len(p.free) {
		return nil, 0
	}
	if len(set) > few {
		return p.findCopy(set)
	}
	var room [few]string
	for i := range p.free {
		value, ok := set[p.free[i].Text]
		if !ok {
			return nil, 0
		}
		room[i%few] = value
	}
	return p.Find(room[:len(set)])
}

// findOpen is FindSet for an open map.
func (p *Part) findOpen(set map[string]string) (*Node, Key) {
	m := p.m
	for i := range p.labels {
		if _, ok := set[p.labels[i].Name]; ok {
			return nil, 0
		}
	}
	if len(set)+len(p.labels) > few || m.displaced.Load() != 0 {
		return p.findCopy(set)
	}
	var room [few]labeltext.Label
	count := 0
	for i := range p.labels {
		if p.labels[i].Value != "" {
			room[count%few] = p.labels[i]
			count++
		}
	}
	hash, count := m.gather(set, &room, count)
	if count < 0 {
		return nil, 0
	}
	hash += p.hash
	n := m.load(hash)
	switch {
	case n == nil:
		return nil, Key(hash)
	case n.escaped():
		return p.findCopy(set)
	case !labeltext.MatchLabels(m.variable(n), room[:min(count, few)]):
		return nil, Key(hash)
	}
	return n, 0
}

// findCopy looks up all labels in one set.
func (p *Part) findCopy(set map[string]string) (*Node, Key) {
	all := maps.Clone(p.fixed)
	maps.Copy(all, set)
	return p.m.FindSet(all)
}
