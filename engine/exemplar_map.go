// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"sync"
	"sync/atomic"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/shard"
)

// Exemplars point from a counter, or from a bucket of a histogram, to one of the events that it
// counted, usually by the id of a trace. OpenMetrics and protobuf carry them. Series without
// exemplars pay nothing for them: they are kept beside the series, in a map of the family.

// keptExemplar is an exemplar of a series. It does not change, but it becomes due at some time.
//
// An exemplar is due once a page has shown it, or once an event has found it older than
// ExemplarInterval. From then on all events ask their contexts for another one. So if few of them
// have one to give, because few requests are sampled, the first of these is not missed. Pages and
// events set the word, and nobody clears it: the next exemplar is another object. So a page that
// stops between its load of the pointer and the store marks an exemplar that may have been replaced
// meanwhile, which nobody reads any more.
type keptExemplar struct {
	encode.Exemplar
	due atomic.Bool
}

// exemplarSlot holds an exemplar or nil.
type exemplarSlot struct{ atomic.Pointer[keptExemplar] }

// show returns the exemplar for a page, or nil. It is due from then on.
func (s *exemplarSlot) show() *encode.Exemplar {
	e := s.Load()
	if e == nil {
		return nil
	}
	if !e.due.Load() {
		e.due.Store(true)
	}
	return &e.Exemplar
}

// exemplarSet holds the exemplars of one series: one of a counter, one for each bucket of a
// histogram.
type exemplarSet struct{ slots []exemplarSlot }

func newExemplarSet(size int) *exemplarSet { return &exemplarSet{make([]exemplarSlot, size)} }

// show appends the exemplars for a page, nil where there is none.
func (s *exemplarSet) show(dst []*encode.Exemplar) []*encode.Exemplar {
	for i := range s.slots {
		dst = append(dst, s.slots[i].show())
	}
	return dst
}

// exemplarMap holds the exemplars of a family, by series.
type exemplarMap struct {
	any  atomic.Bool // there has been one: a family that never had any looks no further
	sets sync.Map    // *shard.Node to *exemplarSet
}

// set returns the exemplars of a series, or nil.
func (m *exemplarMap) set(n *shard.Node) *exemplarSet {
	if !m.any.Load() {
		return nil
	}
	set, ok := m.sets.Load(n)
	if !ok {
		return nil
	}
	return set.(*exemplarSet)
}

// setOf returns the exemplars of a series, and makes room for size of them if there is none.
func (m *exemplarMap) setOf(n *shard.Node, size int) *exemplarSet {
	if set := m.set(n); set != nil {
		return set
	}
	have, _ := m.sets.LoadOrStore(n, newExemplarSet(size))
	m.any.Store(true)
	return have.(*exemplarSet)
}

// forgetGone forgets the exemplars of deleted series, and of no others: a series that was created
// since the deletion may have one already.
func (m *exemplarMap) forgetGone() {
	m.sets.Range(func(n, _ any) bool {
		if n.(*shard.Node).Gone() {
			m.sets.Delete(n)
		}
		return true
	})
}
