// SPDX-License-Identifier: Apache-2.0

package meter

import (
	"maps"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"

	"github.com/quipu-metrics/quipu/contrib/otel/internal/naming"
	"github.com/quipu-metrics/quipu/engine"
)

// handles finds the series of one metric by the attribute sets of measurements. It remembers the
// series of each set, so that a set is translated to labels once and not at each measurement.
//
// The table is a hash table with open addressing. Lookups read it without a lock. Entries are
// immutable but for their mark, and are added under mu by one atomic store into an empty slot. A
// slot that is not empty never changes, so a lookup that meets an empty slot knows that its set was
// not in the table at that moment. A larger table, or one without forgotten entries, is filled
// before it is published. A lookup that still reads the old one may miss an entry; it then comes to
// mu, and looks again.
//
// A set that has no series of its own, because a limit has been reached or its labels are not
// valid, is not remembered. The engine counts each of its measurements. The number of sets with a
// series is bounded by that of series: see makeRoom. A set with an attribute that is longer than a
// label may be is not remembered either: the label is cut, but the set would keep all of the text.
type handles[M any] struct {
	lookup func(engine.Labels) (metric *M, own bool)
	namer  *naming.Namer
	keep   attribute.Filter // nil: all attributes
	more   engine.Labels    // labels that all series have besides

	table atomic.Pointer[table[M]]
	mu    sync.Mutex // shared with the tables
}

// probes is how many slots a set may be away from its first one. A table that is at most half full
// hardly ever needs so many; sets whose hashes were chosen to collide cost no more than that, and
// are translated at each measurement.
const probes = 8

// smallest is the number of slots of a new table.
const smallest = 16

// manySets is how many sets are remembered at least, even if all of them have one series.
const manySets = 200

type table[M any] struct {
	slots []atomic.Pointer[entry[M]] // as many as a power of two
	mu    *sync.Mutex                // handles.mu
	used  int                        // guarded by mu
}

// entry is a set and its series.
type entry[M any] struct {
	hash   uint64
	metric *M
	arrays arrays
	set    attribute.Set
	recent atomic.Bool // the set was measured since the last call of forget
}

func newHandles[M any](
	p *Provider, d definition, more engine.Labels, lookup func(engine.Labels) (*M, bool),
) *handles[M] {
	h := &handles[M]{lookup: lookup, namer: p.namer, keep: d.keep, more: more}
	p.source.addForget(h.forget)
	h.table.Store(newTable[M](smallest, &h.mu))
	return h
}

func newTable[M any](size int, mu *sync.Mutex) *table[M] {
	return &table[M]{slots: make([]atomic.Pointer[entry[M]], size), mu: mu}
}

// find returns the series of a set.
func (h *handles[M]) find(set attribute.Set) *M {
	hash := hashOf(&set)
	e := h.table.Load().find(hash, &set)
	if e == nil {
		return h.miss(hash, set)
	}
	if !e.recent.Load() { // written once between two calls of forget
		e.recent.Store(true)
	}
	return e.metric
}

// find returns the entry of a set, or nil. Hashes of different sets may be equal, by chance or
// because somebody has chosen the values, so the attributes are compared too.
func (t *table[M]) find(hash uint64, set *attribute.Set) *entry[M] {
	mask := uint64(len(t.slots) - 1)
	for i := range uint64(probes) {
		e := t.slots[(hash+i)&mask].Load()
		if e == nil {
			return nil
		}
		if e.hash == hash && e.arrays.has(set) {
			return e
		}
		if e.hash == hash && e.set.Equals(set) {
			if e.arrays.seen(set) {
				t.know(e, set)
			}
			return e
		}
	}
	return nil
}

// know remembers the array of a set that is equal to that of an entry.
func (t *table[M]) know(e *entry[M], set *attribute.Set) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e.arrays.add(set)
}

// miss looks the series up by its labels, and remembers it if the set has a series of its own.
func (h *handles[M]) miss(hash uint64, set attribute.Set) *M {
	kept := set
	if h.keep != nil {
		kept, _ = set.Filter(h.keep)
	}
	labels := make(engine.Labels, kept.Len()+len(h.more))
	if err := h.namer.AddLabels(labels, "", kept); err != nil {
		clear(labels)
		labels[""] = err.Error() // the engine drops and counts it
	}
	maps.Copy(labels, h.more)
	m, own := h.lookup(labels)
	if !own || isLong(&set) {
		return m
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	t := h.table.Load()
	if e := t.find(hash, &set); e != nil {
		return e.metric
	}
	if t.used >= len(t.slots)/2 {
		t = h.makeRoom()
	}
	e := &entry[M]{hash: hash, set: set, metric: m}
	e.arrays.add(&set)
	e.recent.Store(true)
	t.add(e)
	return m
}

// isLong reports whether an attribute of a set is longer than a label may be.
func isLong(set *attribute.Set) bool {
	for it := set.Iter(); it.Next(); {
		kv := it.Attribute()
		if max(len(kv.Key), len(kv.Value.String())) > engine.MaxLabelValue {
			return true
		}
	}
	return false
}

// makeRoom publishes a table that has room for another set. Sets may share a series, because a view
// leaves an attribute out, or values are cut. A client could make any number of them. So if there
// are few series for many sets, all sets are forgotten, and the table does not grow.
func (h *handles[M]) makeRoom() *table[M] {
	t := h.table.Load()
	series := make(map[*M]bool)
	for i := range t.slots {
		if e := t.slots[i].Load(); e != nil {
			series[e.metric] = true
		}
	}
	size, full := 2*len(t.slots), t.used > max(4*len(series), manySets)
	if full {
		size = len(t.slots)
	}
	return h.rebuild(size, func(*entry[M]) bool { return !full })
}

// add puts an entry into an empty slot, if there is one where lookups look.
func (t *table[M]) add(e *entry[M]) {
	mask := uint64(len(t.slots) - 1)
	for i := range uint64(probes) {
		if slot := &t.slots[(e.hash+i)&mask]; slot.Load() == nil {
			slot.Store(e)
			t.used++
			return
		}
	}
}

// forget forgets the sets that were not measured since its last call. The engine cannot free the
// memory of a series that has expired as long as there is a handle to it. A set that is measured
// again is looked up by its labels again, which finds the series if it is there.
func (h *handles[M]) forget() {
	h.mu.Lock()
	defer h.mu.Unlock()
	old := make(map[*entry[M]]bool)
	slots := h.table.Load().slots
	used := 0
	for i := range slots {
		if e := slots[i].Load(); e != nil {
			used++
			if !e.recent.Swap(false) {
				old[e] = true
			}
		}
	}
	if len(old) == 0 {
		return
	}
	size := smallest
	for size < 2*(used-len(old)) {
		size *= 2
	}
	h.rebuild(size, func(e *entry[M]) bool { return !old[e] })
}

// rebuild publishes a table of that size with those entries that keep is true for.
func (h *handles[M]) rebuild(size int, keep func(*entry[M]) bool) *table[M] {
	t := newTable[M](size, &h.mu)
	for i := range h.table.Load().slots {
		if e := h.table.Load().slots[i].Load(); e != nil && keep(e) {
			t.add(e)
		}
	}
	h.table.Store(t)
	return t
}
