// SPDX-License-Identifier: Apache-2.0

package shard

import "strings"

// few is the most labels that a lookup by label set gathers on its stack. Asking a Go map for a key costs more than
// anything else in such a lookup, so for sets of this size, nearly all there are, every label is taken out of it once.
const few = 8

// findFew is FindSet for at most few labels in a map where nothing is displaced.
func (m *Map) findFew(set map[string]string) *Node {
	if m.open {
		return m.findFewOpen(set)
	}
	if len(set) != len(m.labels) {
		return nil
	}
	// With the values in the order of the declared names the rest is a lookup by position.
	var values [few]string
	for i := range m.labels {
		value, ok := set[m.labels[i].name]
		if !ok {
			return nil
		}
		values[i%few] = value
	}
	return m.Find(values[:len(set)])
}

// pair is a label that has a value.
type pair struct{ name, value string }

func (m *Map) findFewOpen(set map[string]string) *Node {
	var room [few]pair
	var hash uint64
	count := 0
	for name, value := range set {
		if len(value) > MaxValue {
			return nil
		}
		if value != "" {
			hash += labelHash(nameSeed(name), value)
			room[count%few] = pair{name, value}
			count++
		}
	}
	n := m.load(hash)
	switch {
	case n == nil:
		return nil
	case n.escaped():
		if !matchSet(m.variable(n), true, set, count) {
			return nil
		}
	case !matchPairs(m.variable(n), room[:min(count, few)]):
		return nil
	}
	return n
}

// matchPairs reports whether the labels of text, which has no escapes, are exactly these pairs, in any order.
func matchPairs(text string, pairs []pair) bool {
	left := len(pairs)
next:
	for ; len(text) > 0; left-- {
		for i := range pairs {
			p := &pairs[i]
			begin := len(p.name) + len(`="`)
			end := begin + len(p.value)
			if len(text) <= end || text[len(p.name)] != '=' || text[:len(p.name)] != p.name || text[begin:end] != p.value {
				continue
			}
			// The value ends at the first quote: one that has quotes in it could match across labels.
			if strings.IndexByte(text[begin:], '"') != len(p.value) {
				return false
			}
			text = strings.TrimPrefix(text[end+len(`"`):], ",")
			continue next
		}
		return false
	}
	return left == 0
}
