// SPDX-License-Identifier: Apache-2.0

package shard

import "github.com/quipu-metrics/quipu/internal/labeltext"

// Delete removes a series from the map, and reports whether it was there. Handles to the series go
// on working, and walks do not meet it any more. The overflow series can be deleted too.
func (m *Map) Delete(n *Node) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.deleteLocked(n)
}

func (m *Map) deleteLocked(n *Node) bool {
	if m.expiring != nil {
		if at, ok := m.expiring.position(n); ok {
			m.forget(at)
			return true
		}
	}
	if !m.unlist(n) {
		return false
	}
	m.strike(n, flagGone)
	return true
}

// unlist removes a series from the lock-free map and the counts, and reports whether it was there.
// The caller holds the mutex.
func (m *Map) unlist(n *Node) bool {
	key, have, displaced := m.place(m.variable(n), m.hashText(m.variable(n), false))
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
		m.budget.Load().give(1)
	}
	if m.limits != nil {
		m.limits.leave(m.variable(n))
	}
	if m.Size() == 0 {
		m.index.clear() // with the tables that so many series needed
	}
	return true
}

// Reset removes all series, as Delete does with one.
func (m *Map) Reset() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.resetLocked()
}

func (m *Map) resetLocked() {
	m.index.clear()
	m.displaced.Store(0)
	m.overflow.Store(nil)
	m.budget.Load().give(m.count.Swap(0))
	if m.limits != nil {
		m.limits.clear()
	}
	for n := range m.All() {
		n.slot.Store(n.slot.Load() | flagGone)
	}
	m.roster.Store(new(roster))
	if m.expiring != nil {
		m.forgetAll()
	}
}

// DeleteWhere removes the series that have all these labels, as [Map.Delete] does with one, and
// returns how many walks showed. Constant labels count too, and a label without a value is one that
// a series lacks. Without labels it removes all series. Series that are withdrawn are forgotten.
//
// It takes the mutex for some series at a time. A series that is created meanwhile, or comes back,
// may stay.
func (m *Map) DeleteWhere(labels map[string]string) (deleted int) {
	if len(labels) == 0 {
		m.mu.Lock()
		defer m.mu.Unlock()
		deleted = m.Size()
		m.resetLocked()
		return deleted
	}
	m.forgetWhere(labels)
	r := m.roster.Load()
	for i, length := uint32(0), r.length.Load(); i < length; {
		m.mu.Lock()
		for end := min(i+sweepBatch, length); i < end; i++ {
			n := r.at(i).Load()
			if n != nil && labeltext.HasLabels(n.Labels, labels) &&
				n.slot.Load()&(flagGone|flagWithdrawn) == 0 && m.deleteLocked(n) {
				deleted++
			}
		}
		m.mu.Unlock()
	}
	m.forgetWhere(labels) // and those that left meanwhile
	return deleted
}

// forgetWhere forgets the withdrawn series that have all these labels. It goes from the last to the
// first, as sweepWithdrawn does.
func (m *Map) forgetWhere(labels map[string]string) {
	if m.expiring == nil {
		return
	}
	w := &m.expiring.withdrawn
	for i := int(w.count.Load()) - 1; i >= 0; {
		m.mu.Lock()
		for end := max(i-sweepBatch, -1); i > end; i-- {
			if i < len(w.entries) && labeltext.HasLabels(w.entries[i].node().Labels, labels) {
				m.forget(i)
			}
		}
		m.mu.Unlock()
	}
}
