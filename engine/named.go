// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"cmp"
	"slices"
	"strings"
	"sync"
)

// namedCounts counts events by the name of the metric that they happen to. It takes a mutex, so it
// is for events that are rare, or that cost more than that anyway. The zero value is ready.
type namedCounts struct {
	mu     sync.Mutex
	counts map[namedEvent]uint64
}

// namedEvent is an event that is counted by the name of a metric and by the reason.
type namedEvent struct {
	event  selfEvent
	metric string
	reason fault
}

// selfEvent is what namedCounts counts: each has a metric in self.go.
type selfEvent int

const (
	eventSourceDrop   selfEvent = iota + 1 // a series of a source is not shown
	eventMountDrop                         // a metric of a mounted registry, or a series of it, is not shown
	eventEscapingDrop                      // a family or a series is left out of a page with escaped names
	eventChangedValue                      // a label value of a source was cut or repaired
)

// namedCount is how often an event has happened.
type namedCount struct {
	namedEvent
	count uint64
}

// add counts an event, and reports whether it is the first one of its name and reason. Names of
// metrics may come from outside the program, so their number is bounded: events of further ones are
// counted under [OverflowValue].
func (n *namedCounts) add(event selfEvent, metric string, reason fault) (first bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	e := namedEvent{event, metric, reason}
	if _, ok := n.counts[e]; !ok && len(n.counts) >= DefaultMaxSeries {
		e.metric = OverflowValue
	}
	if n.counts == nil {
		n.counts = make(map[namedEvent]uint64)
	}
	n.counts[e]++
	return n.counts[e] == 1
}

// appendTo appends the counts of an event, in no order.
func (n *namedCounts) appendTo(dst []namedCount, event selfEvent) []namedCount {
	n.mu.Lock()
	defer n.mu.Unlock()
	for e, count := range n.counts {
		if e.event == event {
			dst = append(dst, namedCount{e, count})
		}
	}
	return dst
}

// merged sorts counts of one event by metric and reason, and adds up equal ones.
func merged(counts []namedCount) []namedCount {
	slices.SortFunc(counts, func(a, b namedCount) int {
		return cmp.Or(strings.Compare(a.metric, b.metric), cmp.Compare(a.reason, b.reason))
	})
	n := 0
	for _, c := range counts {
		if n > 0 && counts[n-1].namedEvent == c.namedEvent {
			counts[n-1].count += c.count
			continue
		}
		counts[n] = c
		n++
	}
	return counts[:n]
}
