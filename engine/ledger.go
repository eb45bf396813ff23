// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"math"
	"sync/atomic"
	"weak"
)

// ledger keeps what registries had counted when they left the tree, so that the counters that the
// root of the tree has about all of them do not go down. The mutex of the tree guards it.
//
// A registry may come back, with everything that it has counted. So each one that has left has a
// record of its own, which is dropped when it comes back and lasts as long as the registry is in
// memory. The ledger does not keep it there. Once it is gone, its record is added to that of all
// others that are gone.
type ledger struct {
	present map[*Registry]string // the registries of the last list but its root, with their prefixes
	left    map[weak.Pointer[Registry]]*record
	gone    record

	seconds atomic.Uint64 // see mostSeconds; this is no part of what mu guards
}

// mostSeconds returns the largest of all sums that it was called with. Sums of the same numbers in
// another order may differ in their last digits, and a page must not show that one goes down.
func (l *ledger) mostSeconds(sum float64) float64 {
	for {
		have := l.seconds.Load()
		if most := math.Float64frombits(have); sum <= most {
			return most
		}
		if l.seconds.CompareAndSwap(have, math.Float64bits(sum)) {
			return sum
		}
	}
}

// record is what registries have counted. Their gauges are not in it.
type record struct {
	totals    map[recordKey]uint64
	durations []uint64 // of pages, by bucket
	seconds   float64  // that these pages took
}

// recordKey is a series of a counter that a registry has about itself.
type recordKey struct {
	counter string
	namedEvent
}

func (r *record) add(key recordKey, n uint64) {
	if n == 0 {
		return
	}
	if r.totals == nil {
		r.totals = make(map[recordKey]uint64)
	}
	r.totals[key] += n
}

// addAll adds what another record has.
func (r *record) addAll(other *record) {
	for key, n := range other.totals {
		r.add(key, n)
	}
	r.addDurations(other.durations, other.seconds)
}

func (r *record) addDurations(counts []uint64, seconds float64) {
	if len(counts) == 0 {
		return
	}
	if r.durations == nil {
		r.durations = make([]uint64, len(counts))
	}
	for i, n := range counts {
		r.durations[i] += n
	}
	r.seconds += seconds
}

// settle notes which registries are in the tree now, and returns the record of all that have left.
// count returns the record of one that leaves. If it counts on until the next list is made, nothing
// of that is lost: it comes back with all of it, or the program has unmounted it.
func (l *ledger) settle(registries []*member, count func(r *Registry, prefix string) *record) *record {
	if len(registries) == 1 && l.present == nil {
		return nil
	}
	present := make(map[*Registry]string)
	for _, m := range registries[1:] {
		present[m.registry] = m.prefix
		if len(l.left) > 0 {
			delete(l.left, weak.Make(m.registry))
		}
	}
	for r, prefix := range l.present {
		if _, ok := present[r]; ok {
			continue
		}
		if l.left == nil {
			l.left = make(map[weak.Pointer[Registry]]*record)
		}
		l.left[weak.Make(r)] = count(r, prefix)
	}
	l.present = present
	var past record
	for at, one := range l.left {
		if at.Value() == nil {
			l.gone.addAll(one)
			delete(l.left, at)
		} else {
			past.addAll(one)
		}
	}
	past.addAll(&l.gone)
	return &past
}
