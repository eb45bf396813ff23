// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"fmt"

	"github.com/quipu-metrics/quipu/internal/labeltext"
)

// Insert returns the series with these label values, and creates it if there is none. key is the
// one that [Map.Find] returned for the same values. Values must be valid UTF-8 of at most 1024
// bytes, because Find does not find longer ones. They are copied: those of a lookup may lie on its
// stack. Insert panics when there are not as many values as names.
//
// When the map is full, Insert returns the overflow series and counts that. So a flood of new label
// sets costs no more than lookups: Insert then takes no lock and allocates nothing
// (BenchmarkOverflow).
func (m *Map) Insert(values []string, key Key) *Node {
	if len(values) != len(m.names) {
		m.wrongLabels(len(values))
	}
	if over := m.full(); over != nil {
		// Since the caller's lookup another goroutine may have created this very series, and filled
		// the map with it.
		if n, _ := m.Find(values); n != nil {
			return n
		}
		m.rejected.Inc()
		return over
	}
	var room [256]byte // on the stack
	text := room[:0]
	for i, value := range values {
		text = m.names[i].Append(text, value)
	}
	return m.insert(text, key)
}

// InsertSet is Insert for a label set that [Map.FindSet] has not found. An open map leaves out
// labels without a value. In other maps InsertSet panics when the names of the set are not those of
// the map.
func (m *Map) InsertSet(set map[string]string, key Key) *Node {
	if !m.open && !m.declares(set) {
		m.wrongLabels(len(set))
	}
	if over := m.full(); over != nil {
		if n, _ := m.FindSet(set); n != nil { // as in Insert
			return n
		}
		m.rejected.Inc()
		return over
	}
	if m.open {
		return m.insert(labeltext.AppendSet(nil, set, false), key)
	}
	var text []byte
	for i := range m.names {
		text = m.names[i].Append(text, set[m.names[i].Text])
	}
	return m.insert(text, key)
}

// declares reports whether the label names of a set are the declared ones.
func (m *Map) declares(set map[string]string) bool {
	for i := range m.names {
		if _, ok := set[m.names[i].Text]; !ok {
			return false
		}
	}
	return len(set) == len(m.names)
}

func (m *Map) wrongLabels(n int) {
	names := make([]string, len(m.names))
	for i := range m.names {
		names[i] = m.names[i].Text
	}
	panic(fmt.Sprintf("shard: a new series needs the labels %q, got %d", names, n))
}

// full returns the overflow series if it exists and the map holds as many series as it may.
func (m *Map) full() *Node {
	if int(m.count.Load()) < m.max {
		return nil
	}
	return m.overflow.Load()
}

// newSeries makes a series with these variable labels. No other goroutine sees it yet.
func (m *Map) newSeries(variable []byte) *Node {
	n := m.newNode()
	n.Labels = string(labeltext.AppendText(variable, m.consts))
	return n
}

// insert adds a series with these variable labels. If there is one already, it returns that one.
func (m *Map) insert(variable []byte, key Key) *Node {
	n := m.newSeries(variable) // before the lock, so that parallel creations wait less for each other
	m.mu.Lock()
	defer m.mu.Unlock()
	at, have, displaced := m.place(n, uint64(key))
	switch {
	case have != nil && have.Labels == n.Labels:
		return have
	case have != nil || int(m.count.Load()) >= m.max:
		m.rejected.Inc()
		return m.overflowLocked()
	}
	m.add(at, n, displaced)
	if m.count.Add(1)%splitEvery == 0 {
		m.index.grow(at)
	}
	return n
}

// overflowLocked returns the overflow series, and makes it if there is none. The caller holds the
// mutex.
func (m *Map) overflowLocked() *Node {
	if n := m.overflow.Load(); n != nil {
		return n
	}
	var text []byte
	for i := range m.names {
		text = m.names[i].Append(text, m.overflowValue)
	}
	if m.open {
		text = labeltext.Append(text, OverflowLabel, m.overflowValue)
	}
	n := m.newSeries(text)
	switch at, have, displaced := m.place(n, m.hashText(n, false)); {
	case have == nil:
		m.add(at, n, displaced)
	case have.Labels == n.Labels:
		n = have // somebody has used the overflow series' labels before the map was full
		m.count.Add(-1)
	default:
		m.enroll(n) // it is exposed, but no lookup by labels finds it
	}
	m.overflow.Store(n)
	return n
}

// hashText hashes the variable labels of a series, given as text.
func (m *Map) hashText(n *Node, keyed bool) (hash uint64) {
	for name, value := range labeltext.All(m.variable(n)) {
		if keyed {
			hash += keyedHash(nameSeed(name), value)
		} else {
			hash += labelHash(nameSeed(name), value)
		}
	}
	return hash
}

// place returns the node that has n's labels and the key that leads to it. If there is none, it
// returns the key for n: its hash, or its keyed hash if another series has that hash. If other
// series have both, there is no place for n, and place returns one of them.
func (m *Map) place(n *Node, hash uint64) (key uint64, have *Node, displaced bool) {
	first := m.load(hash)
	switch {
	case first != nil && first.Labels == n.Labels:
		return hash, first, false
	case first == nil && m.displaced.Load() == 0:
		return hash, nil, false
	}
	keyed := m.hashText(n, true)
	second := m.load(keyed)
	if second != nil && (second.Labels == n.Labels || first != nil) {
		return keyed, second, true
	}
	if first != nil {
		return keyed, nil, true
	}
	return hash, nil, false
}

func (m *Map) add(key uint64, n *Node, displaced bool) {
	if m.quoted || labeltext.HasEscapes(n.Labels) || m.open && labeltext.HasQuotedNames(n.Labels) {
		n.slot.Store(flagEscaped)
	}
	if displaced {
		m.displaced.Add(1)
	}
	m.enroll(n)
	m.index.store(key, n)
}

// Delete removes a series from the map, and reports whether it was there. Handles to the series go
// on working, and walks do not meet it any more. The overflow series can be deleted too.
func (m *Map) Delete(n *Node) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	key, have, displaced := m.place(n, m.hashText(n, false))
	if have != n {
		return false
	}
	m.index.delete(key)
	if displaced {
		m.displaced.Add(-1)
	}
	if m.overflow.Load() == n {
		m.overflow.Store(nil)
	} else {
		m.count.Add(-1)
	}
	m.strike(n)
	return true
}

// Reset removes all series, as Delete does with one.
func (m *Map) Reset() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.index.clear()
	m.displaced.Store(0)
	m.overflow.Store(nil)
	m.count.Store(0)
	for n := range m.All() {
		n.slot.Store(n.slot.Load() | flagGone)
	}
	m.roster.Store(new(roster))
}
