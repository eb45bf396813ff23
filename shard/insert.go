// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"fmt"

	"github.com/quipu-metrics/quipu/internal/labeltext"
)

// Insert returns the series with these label values, and creates it if there is none. key is the
// one that [Map.Find] returned for the same values. Values must be valid UTF-8, and not longer than
// [Config.MaxValue], because Find does not find longer ones. They are copied: those of a lookup may
// lie on its stack. Insert panics when there are not as many values as names.
//
// When the map is full, Insert returns the overflow series, says which limit has been reached, and
// counts that. When a label has too many values, Insert returns the series of the overflow value in
// its place. So a flood of new label sets costs little more than lookups: Insert then takes no lock
// and allocates nothing (BenchmarkOverflow).
func (m *Map) Insert(values []string, key Key) (*Node, Limit) {
	if len(values) != len(m.names) {
		m.wrongLabels(len(values))
	}
	if m.limits != nil {
		if n := m.findShared(values); n != nil {
			m.rejected.Inc()
			return n, LabelLimit
		}
	}
	if over, limit := m.stillFull(); over != nil {
		// Since the caller's lookup another goroutine may have created this very series, and filled
		// the map with it.
		if n, _ := m.Find(values); n != nil {
			return n, NoLimit
		}
		m.rejected.Inc()
		return over, limit
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
// the map. A value beyond the limit of its label costs one copy of the set.
func (m *Map) InsertSet(set map[string]string, key Key) (*Node, Limit) {
	if !m.open && !m.declares(set) {
		m.wrongLabels(len(set))
	}
	if m.limits != nil {
		if n := m.findSharedSet(set); n != nil {
			m.rejected.Inc()
			return n, LabelLimit
		}
	}
	if over, limit := m.stillFull(); over != nil {
		if n, _ := m.FindSet(set); n != nil { // as in Insert
			return n, NoLimit
		}
		m.rejected.Inc()
		return over, limit
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

// reached says whether the map may hold no more series, and why.
func (m *Map) reached() Limit {
	switch {
	case int(m.count.Load()) >= m.max:
		return SeriesLimit
	case m.budget.Load().full():
		return BudgetLimit
	}
	return NoLimit
}

// full returns the overflow series if it exists and the map may hold no more series.
func (m *Map) full() (*Node, Limit) {
	limit := m.reached()
	if limit == NoLimit {
		return nil, NoLimit
	}
	return m.overflow.Load(), limit
}

// newSeries makes a series with these variable labels. No other goroutine sees it yet.
func (m *Map) newSeries(variable []byte) *Node {
	n := m.newNode()
	n.Labels = string(labeltext.AppendText(variable, m.consts))
	return n
}

// insert adds a series with these variable labels. If there is one already, it returns that one.
func (m *Map) insert(variable []byte, key Key) (*Node, Limit) {
	if m.expiring != nil {
		if n, limit := m.known(variable, key); n != nil {
			return n, limit
		}
	}
	n := m.newSeries(variable) // before the lock, so that parallel creations wait less for each other
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.expiring.now()
	at, have, displaced := m.place(m.variable(n), uint64(key))
	if have != nil && have.Labels == n.Labels {
		return have, NoLimit
	}
	if m.expiring != nil {
		if old := m.recall(variable, now); old != nil {
			return old, NoLimit
		}
	}
	if !m.limits.admits(m.variable(n)) {
		return m.insertShared(m.limits.shared(m.variable(n)), now)
	}
	return m.list(n, at, have, displaced, now)
}

// insertShared returns the series with these labels, one of which has the overflow value, and adds
// it if there is none. The caller holds the mutex. Lookups come here once for each such series:
// later they find it without the mutex.
func (m *Map) insertShared(variable []byte, now int64) (*Node, Limit) {
	n := m.knownShared(variable, now)
	if n == nil {
		n = m.newSeries(variable)
		at, have, displaced := m.place(m.variable(n), m.hashText(m.variable(n), false))
		var limit Limit
		if n, limit = m.list(n, at, have, displaced, now); limit != NoLimit {
			return n, limit
		}
	}
	m.rejected.Inc()
	return n, LabelLimit
}

// list adds a new series at its place, unless a limit has been reached: then it returns the
// overflow series. The caller holds the mutex.
func (m *Map) list(n *Node, at uint64, have *Node, displaced bool, now int64) (*Node, Limit) {
	if have != nil || int(m.count.Load()) >= m.max {
		m.rejected.Inc()
		return m.overflowLocked(), SeriesLimit
	}
	if !m.budget.Load().take() {
		m.rejected.Inc()
		return m.overflowLocked(), BudgetLimit
	}
	m.add(at, n, displaced)
	if m.open {
		m.learn(n)
	}
	if m.count.Add(1)%splitEvery == 0 {
		m.index.grow(at)
	}
	if m.expiring != nil {
		m.created(n, now)
	}
	return n, NoLimit
}

// overflowLocked returns the overflow series, and makes it if there is none. The caller holds the
// mutex.
func (m *Map) overflowLocked() *Node {
	if n := m.overflow.Load(); n != nil {
		return n
	}
	var variable []byte
	for i := range m.names {
		variable = m.names[i].Append(variable, m.overflowValue)
	}
	if m.open {
		variable = labeltext.Append(variable, m.overflowPair[0], m.overflowPair[1])
	}
	n, withdrawn := m.withdrawnOrNew(variable)
	text := m.variable(n)
	switch at, have, displaced := m.place(text, m.hashText(text, false)); {
	case have == nil:
		m.add(at, n, displaced)
	case have.Labels == n.Labels:
		n = have // somebody has used the overflow series' labels before the map was full
		m.count.Add(-1)
		m.budget.Load().give(1)
	default:
		m.enroll(n) // it is exposed, but no lookup by labels finds it
	}
	m.overflow.Store(n)
	if withdrawn >= 0 {
		m.reveal(n)
		m.expiring.remove(withdrawn)
	}
	return n
}

// hashText hashes variable labels, given as text.
func (m *Map) hashText(variable string, keyed bool) (hash uint64) {
	for name, value := range labeltext.All(variable) {
		if keyed {
			hash += keyedHash(nameSeed(name), value)
		} else {
			hash += labelHash(nameSeed(name), value)
		}
	}
	return hash
}

// place returns the node that has these variable labels and the key that leads to it. If there is
// none, it returns the key for one: the hash, or the keyed hash if another series has that hash. If
// other series have both, there is no place for one, and place returns one of them.
func (m *Map) place(variable string, hash uint64) (key uint64, have *Node, displaced bool) {
	first := m.load(hash)
	switch {
	case first != nil && m.variable(first) == variable:
		return hash, first, false
	case first == nil && m.displaced.Load() == 0:
		return hash, nil, false
	}
	keyed := m.hashText(variable, true)
	second := m.load(keyed)
	if second != nil && (m.variable(second) == variable || first != nil) {
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
	if m.limits != nil {
		m.limits.enter(m.variable(n))
	}
	m.enroll(n)
	m.index.store(key, n)
}
