// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"math/bits"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/puzpuzpuz/xsync/v3"

	"github.com/quipu-metrics/quipu/atomicf"
)

// Node is what a Map knows of a series. The engine embeds it as the first field of its metric types. All fields but slot
// are set before the node is published and never change.
type Node struct {
	// Labels is the rendered text of all labels, without braces.
	Labels string
	// Born is when the series was created, in an encoding of the caller's.
	Born uint32

	slot atomic.Uint32 // position in the roster and the flags; written under Map.mu
}

// flagEscaped marks labels with escape sequences in them, flagGone series that have been deleted.
const (
	flagEscaped = 1 << 31
	flagGone    = 1 << 30
	slotMask    = flagGone - 1
)

// Map is the index of one family: label sets to series.
//
// Find and FindSet are lock-free and may run while series are created and deleted. Everything that changes the map takes
// its mutex, so creations and deletions are linear among themselves.
type Map struct {
	labels []label // the declared ones
	open   bool
	tail   int // length of the constant labels at the end of every text
	max    int // series that the map may hold, the overflow series not counted

	shards []*xsync.MapOf[uint64, *Node]
	mask   uint64 // number of shards less 1: see shard

	count     atomic.Int64         // series, the overflow series not counted
	displaced atomic.Int64         // series that live under their keyed hash, because of a collision
	overflow  atomic.Pointer[Node] // where label sets go once the map is full
	rejected  *atomicf.Count       // counts the lookups that ended there

	roster atomic.Pointer[roster]
	mu     sync.Mutex
}

// MaxValue is the most bytes a label value may have: longer ones find nothing, whatever they cost to hash.
const MaxValue = 1024

// seriesPerShard bounds the work of one resize of the lock-free map, during which creations wait: some 100 us.
const (
	seriesPerShard = 1 << 14
	maxShards      = 256
)

// NewMap returns the index of a family with the given label names, or an open one, whose series may have any, when open
// is set. tail is the length of the text of the constant labels (with its comma) that ends every series' Labels.
// rejected counts the lookups that end in the overflow series.
func NewMap(names []string, open bool, tail, max int, rejected *atomicf.Count) *Map {
	m := &Map{labels: newLabels(names), open: open, tail: tail, max: max, rejected: rejected}
	logShards := bits.Len(uint(min(max/seriesPerShard, maxShards-1)))
	m.mask = 1<<logShards - 1
	m.shards = make([]*xsync.MapOf[uint64, *Node], 1<<logShards)
	for i := range m.shards {
		// Keys are hashes already.
		m.shards[i] = xsync.NewMapOfWithHasher[uint64, *Node](func(key, _ uint64) uint64 { return key })
	}
	m.roster.Store(new(roster))
	return m
}

// Len returns the number of series, the overflow series not counted.
func (m *Map) Len() int { return int(m.count.Load()) }

// Size returns the number of series, the overflow series included.
func (m *Map) Size() int {
	n := m.Len()
	if m.overflow.Load() != nil {
		n++
	}
	return n
}

// Find returns the series with these label values, in the order of the declared names, or nil. A wrong number of values
// finds nothing.
func (m *Map) Find(values []string) *Node {
	labels := m.labels
	if len(values) != len(labels) {
		return nil
	}
	var hash uint64
	for i, value := range values {
		if len(value) > MaxValue {
			return nil
		}
		hash += labelHash(labels[i].seed, value)
	}
	n := m.load(hash)
	if n != nil && matchValues(m.variable(n), n.escaped(), labels, values) {
		return n
	}
	if m.displaced.Load() == 0 {
		return nil
	}
	return m.findDisplaced(values)
}

// findDisplaced looks under the keyed hash.
func (m *Map) findDisplaced(values []string) *Node {
	var hash uint64
	for i, value := range values {
		hash += keyedHash(m.labels[i].seed, value)
	}
	n := m.load(hash)
	if n != nil && matchValues(m.variable(n), n.escaped(), m.labels, values) {
		return n
	}
	return nil
}

// load returns what lives under a hash, or nil.
func (m *Map) load(hash uint64) *Node {
	n, _ := m.shard(hash).Load(hash)
	return n
}

// shard returns the shard that a hash belongs to. It goes by the highest bits: the maps of the shards go by low ones.
func (m *Map) shard(hash uint64) *xsync.MapOf[uint64, *Node] { return m.shards[hash>>56&m.mask] }

// variable returns the text of a series' labels without the constant ones.
func (m *Map) variable(n *Node) string {
	return n.Labels[:max(0, len(n.Labels)-m.tail)] // a series with constant labels only has no comma before them
}

// Gone reports whether the series has been deleted from its map.
func (n *Node) Gone() bool { return n.slot.Load()&flagGone != 0 }

func (n *Node) escaped() bool { return n.slot.Load()&flagEscaped != 0 }

// FindSet returns the series with these labels, or nil. In an open map a label with an empty value counts as absent, as
// it does in Prometheus.
func (m *Map) FindSet(set map[string]string) *Node {
	if len(set) <= few && m.displaced.Load() == 0 {
		return m.findFew(set)
	}
	hash, count := m.hashSet(set, false)
	if count < 0 {
		return nil
	}
	n := m.load(hash)
	if n != nil && matchSet(m.variable(n), n.escaped(), set, count) {
		return n
	}
	if m.displaced.Load() == 0 {
		return nil
	}
	hash, _ = m.hashSet(set, true)
	if n = m.load(hash); n != nil && matchSet(m.variable(n), n.escaped(), set, count) {
		return n
	}
	return nil
}

// hashSet hashes a label set, keyed or not, and counts its labels. The count is negative when no series can have these
// labels.
func (m *Map) hashSet(set map[string]string, keyed bool) (hash uint64, count int) {
	if m.open {
		for name, value := range set {
			switch {
			case len(value) > MaxValue:
				return 0, -1
			case value == "":
				continue
			case keyed:
				hash += keyedHash(nameSeed(name), value)
			default:
				hash += labelHash(nameSeed(name), value)
			}
			count++
		}
		return hash, count
	}
	if len(set) != len(m.labels) {
		return 0, -1
	}
	for i := range m.labels {
		l := &m.labels[i]
		value, ok := set[l.name]
		if !ok || len(value) > MaxValue {
			return 0, -1
		}
		if keyed {
			hash += keyedHash(l.seed, value)
		} else {
			hash += labelHash(l.seed, value)
		}
	}
	return hash, len(m.labels)
}

// Full returns the overflow series when the map holds as many series as it may and the overflow series exists already. It
// keeps the creation of series out of the way of a flood of new label sets. A label set that is looked up after that, and
// not found, belongs there: see [Map.Reject].
func (m *Map) Full() *Node {
	if m.Len() < m.max {
		return nil
	}
	return m.overflow.Load()
}

// Reject counts a lookup that ended in the overflow series that Full returned.
func (m *Map) Reject() { m.rejected.Inc() }

// Insert adds a series unless one with its labels exists, which it returns instead. When the map is full it returns the
// overflow series, which it gets from makeOverflow the first time. makeOverflow must not call the Map.
func (m *Map) Insert(n *Node, makeOverflow func() *Node) *Node {
	m.mu.Lock()
	defer m.mu.Unlock()
	key, have, displaced := m.place(n)
	switch {
	case have != nil && have.Labels == n.Labels:
		return have
	case have != nil || m.Len() >= m.max:
		m.rejected.Inc()
		return m.overflowLocked(makeOverflow)
	}
	m.add(key, n, displaced)
	m.count.Add(1)
	return n
}

// overflowLocked returns the overflow series, and makes it first if it is not there.
func (m *Map) overflowLocked(makeOverflow func() *Node) *Node {
	if n := m.overflow.Load(); n != nil {
		return n
	}
	n := makeOverflow()
	switch key, have, displaced := m.place(n); {
	case have == nil:
		m.add(key, n, displaced)
	case have.Labels == n.Labels:
		n = have // somebody has used the overflow series' labels before the map was full
		m.count.Add(-1)
	default:
		m.enroll(n) // exposed, and never found by its labels
	}
	m.overflow.Store(n)
	return n
}

// place returns the node that has n's labels, with its key, or else the key for n: its hash, or its keyed hash when
// another series has that one. When other series have both it returns one of them: there is no place for n.
func (m *Map) place(n *Node) (key uint64, have *Node, displaced bool) {
	for name, value := range each(m.variable(n)) {
		key += labelHash(nameSeed(name), value)
	}
	first := m.load(key)
	switch {
	case first != nil && first.Labels == n.Labels:
		return key, first, false
	case first == nil && m.displaced.Load() == 0:
		return key, nil, false
	}
	var keyed uint64
	for name, value := range each(m.variable(n)) {
		keyed += keyedHash(nameSeed(name), value)
	}
	second := m.load(keyed)
	if second != nil && (second.Labels == n.Labels || first != nil) {
		return keyed, second, true
	}
	if first != nil {
		return keyed, nil, true
	}
	return key, nil, false
}

func (m *Map) add(key uint64, n *Node, displaced bool) {
	if strings.IndexByte(n.Labels, '\\') >= 0 {
		n.slot.Store(flagEscaped)
	}
	if displaced {
		m.displaced.Add(1)
	}
	m.enroll(n)
	m.shard(key).Store(key, n)
}

// Delete removes a series from the map and from the roster and reports whether it was there. Handles to it go on
// working; what they count is no longer exposed. The overflow series can be deleted too.
func (m *Map) Delete(n *Node) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	key, have, displaced := m.place(n)
	if have != n {
		return false
	}
	m.shard(key).Delete(key)
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

// Reset removes all series.
func (m *Map) Reset() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range m.shards {
		s.Clear()
	}
	m.displaced.Store(0)
	m.overflow.Store(nil)
	m.count.Store(0)
	for n := range m.All() {
		n.slot.Store(n.slot.Load() | flagGone)
	}
	m.roster.Store(new(roster))
}
