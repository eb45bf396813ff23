// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"slices"
	"sync"
	"sync/atomic"
)

// Budget bounds the series of several maps together. Overflow series do not count. All methods may
// be called concurrently. Maps of one budget that have [Expiry] have the same clock. The zero value
// has room for none.
type Budget struct {
	most int64
	used atomic.Int64

	// A new series that finds the budget full makes those leave that are expired, in any of the
	// maps. due is the earliest moment at which one of them may be. It is before the first look at
	// a map that has just come.
	due      atomic.Int64
	expiring atomic.Pointer[[]*Map] // the maps with Expiry; replaced under mu
	mu       sync.Mutex
}

// NewBudget returns a budget of so many series.
func NewBudget(most int) *Budget {
	return &Budget{most: int64(most)}
}

// Most returns how many series the budget has room for.
func (b *Budget) Most() int { return int(b.most) }

// Used returns how many series count against the budget. There may be more than it has room for.
func (b *Budget) Used() int { return int(b.used.Load()) }

// Count adds n series, or takes them away if n is negative. There need not be room for them.
func (b *Budget) Count(n int) { b.used.Add(int64(n)) }

// full reports whether there is no room for another series. No budget has room for all.
func (b *Budget) full() bool { return b != nil && b.used.Load() >= b.most }

// take counts a new series, and reports false if there is no room.
func (b *Budget) take() bool {
	if b == nil {
		return true
	}
	for {
		used := b.used.Load()
		if used >= b.most {
			return false
		}
		if b.used.CompareAndSwap(used, used+1) {
			return true
		}
	}
}

// give takes series away that were counted.
func (b *Budget) give(n int64) {
	if b != nil {
		b.used.Add(-n)
	}
}

// maps returns the maps with Expiry.
func (b *Budget) maps() []*Map {
	if all := b.expiring.Load(); all != nil {
		return *all
	}
	return nil
}

// join adds a map with Expiry. The next lookup that wants room sweeps it.
func (b *Budget) join(m *Map) {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := append(slices.Clone(b.maps()), m)
	b.expiring.Store(&all)
	b.due.Store(0)
}

func (b *Budget) leave(m *Map) {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := slices.DeleteFunc(slices.Clone(b.maps()), func(other *Map) bool { return other == m })
	b.expiring.Store(&all)
}

// sweepForRoom sweeps the maps that may have expired series. The caller holds no mutex.
func (b *Budget) sweepForRoom() {
	all := b.expiring.Load()
	if all == nil || len(*all) == 0 {
		return
	}
	now := (*all)[0].expiring.Now()
	if now < b.due.Load() {
		return
	}
	var due int64
	for i, m := range *all {
		m.sweepForRoom(now)
		if next := m.expiring.due.Load(); i == 0 || next < due {
			due = next
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.expiring.Load() == all { // else a map has come that was not swept
		b.due.Store(due)
	}
}

// Release makes the series of the map count against its [Budget] no more, now and later. It is for
// a map that nobody sees any longer, but to which there are handles.
func (m *Map) Release() {
	m.mu.Lock()
	b := m.budget.Swap(nil)
	b.give(m.count.Load())
	m.mu.Unlock()
	if b != nil && m.expiring != nil {
		b.leave(m)
	}
}
