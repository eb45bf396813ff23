// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"math/bits"
	"sync"
	"sync/atomic"

	"github.com/puzpuzpuz/xsync/v3"

	"github.com/quipu-metrics/quipu/atomicf"
	"github.com/quipu-metrics/quipu/internal/labeltext"
)

// Config describes the family of series that a [Map] holds.
type Config struct {
	// Names are the label names of every series. With nil names the map is open: each series may have
	// any names.
	Names []string

	// Const are labels that every series has besides. Lookups leave them out. Their names are none of
	// Names.
	Const map[string]string

	// MaxSeries is how many series the map may hold, its overflow series not counted.
	MaxSeries int

	// Overflow is the value of all labels of the overflow series, which stands for every label set
	// that the full map has no room for. In an open map that series has the one label overflow.
	Overflow string

	// Rejected counts the lookups that end in the overflow series. It may be nil.
	Rejected *atomicf.Count

	// New makes a series, which may turn out not to be needed. It may be called concurrently and must
	// not use the map.
	New func() *Node
}

// OverflowLabel is the one label name of the overflow series of an open map.
const OverflowLabel = "overflow"

// Map is the index of one family: label sets to series.
//
// Find and FindSet are lock-free and may run while series are created and deleted. Everything that
// changes the map takes its mutex, so creations and deletions are linear among themselves.
type Map struct {
	names  []labeltext.Name // the declared ones; Seed is nameSeed
	open   bool
	consts string // text of the constant labels
	tail   int    // length of the constant labels, with their comma, at the end of every text
	max    int

	shards []*xsync.MapOf[uint64, *Node]
	mask   uint64 // number of shards less 1: see shard

	count     atomic.Int64         // series, the overflow series not counted
	displaced atomic.Int64         // series that live under their keyed hash, because of a collision
	overflow  atomic.Pointer[Node] // where label sets go once the map is full
	rejected  *atomicf.Count       // counts the lookups that ended there

	newNode       func() *Node
	overflowValue string

	roster atomic.Pointer[roster]
	mu     sync.Mutex
}

// seriesPerShard bounds the work of one resize of the lock-free map, during which creations wait:
// some 100 us.
const (
	seriesPerShard = 1 << 14
	maxShards      = 256
)

// New returns an empty map.
func New(c Config) *Map {
	consts := string(labeltext.AppendSet(nil, c.Const, true))
	m := &Map{
		names:  labeltext.NewNames(c.Names),
		open:   c.Names == nil,
		consts: consts, tail: labeltext.Tail(consts),
		max:      c.MaxSeries,
		rejected: c.Rejected,
		newNode:  c.New, overflowValue: c.Overflow,
	}
	for i := range m.names {
		m.names[i].Seed = nameSeed(m.names[i].Text)
	}
	if m.rejected == nil {
		m.rejected = new(atomicf.Count)
	}
	logShards := bits.Len(uint(min(m.max/seriesPerShard, maxShards-1)))
	m.mask = 1<<logShards - 1
	m.shards = make([]*xsync.MapOf[uint64, *Node], 1<<logShards)
	for i := range m.shards {
		// Keys are hashes already. Folding their halves breaks up the regular steps that a
		// multiplication leaves where values differ in one or two bytes: without it, one secret in
		// ten made chains of 25 and more of such values.
		m.shards[i] = xsync.NewMapOfWithHasher[uint64, *Node](func(key, _ uint64) uint64 { return key ^ key>>32 })
	}
	m.roster.Store(new(roster))
	return m
}

// Size returns the number of series, the overflow series included.
func (m *Map) Size() int {
	n := int(m.count.Load())
	if m.overflow.Load() != nil {
		n++
	}
	return n
}

// Key is what a lookup that found nothing hands on to Insert, so that labels are hashed once.
type Key uint64

// IsOverflow reports whether n is the overflow series.
func (m *Map) IsOverflow(n *Node) bool { return m.overflow.Load() == n }

// Find returns the series with these label values, in the order of the declared names. When there is
// none it returns nil and the key for [Map.Insert]. A wrong number of values finds nothing, and neither
// does a value of more than 1024 bytes. Find takes no lock and allocates nothing.
func (m *Map) Find(values []string) (*Node, Key) {
	names := m.names
	if len(values) != len(names) {
		return nil, 0
	}
	var hash uint64
	for i, value := range values {
		if len(value) > labeltext.MaxValue {
			return nil, 0
		}
		hash += labelHash(names[i].Seed, value)
	}
	n := m.load(hash)
	if n != nil && labeltext.MatchValues(m.variable(n), n.escaped(), names, values) {
		return n, 0
	}
	if m.displaced.Load() == 0 {
		return nil, Key(hash)
	}
	return m.findDisplaced(values), Key(hash)
}

// findDisplaced looks under the keyed hash.
func (m *Map) findDisplaced(values []string) *Node {
	var hash uint64
	for i, value := range values {
		hash += keyedHash(m.names[i].Seed, value)
	}
	n := m.load(hash)
	if n != nil && labeltext.MatchValues(m.variable(n), n.escaped(), m.names, values) {
		return n
	}
	return nil
}

// load returns what lives under a hash, or nil.
func (m *Map) load(hash uint64) *Node {
	n, _ := m.shard(hash).Load(hash)
	return n
}

// shard returns the shard that a hash belongs to. It goes by the highest bits: the maps of the shards
// go by low ones.
func (m *Map) shard(hash uint64) *xsync.MapOf[uint64, *Node] { return m.shards[hash>>56&m.mask] }

// variable returns the text of a series' labels without the constant ones.
func (m *Map) variable(n *Node) string {
	return n.Labels[:max(0, len(n.Labels)-m.tail)] // a series with constant labels only has no comma before them
}

// FindSet is Find for a label set. In an open map a label with an empty value counts as absent, as it
// does in Prometheus.
func (m *Map) FindSet(set map[string]string) (*Node, Key) {
	if len(set) <= few && m.displaced.Load() == 0 {
		return m.findFew(set)
	}
	hash, count := m.hashSet(set, false)
	if count < 0 {
		return nil, 0
	}
	n := m.load(hash)
	if n != nil && labeltext.MatchSet(m.variable(n), n.escaped(), set, count) {
		return n, 0
	}
	if m.displaced.Load() == 0 {
		return nil, Key(hash)
	}
	keyed, _ := m.hashSet(set, true)
	if n = m.load(keyed); n != nil && labeltext.MatchSet(m.variable(n), n.escaped(), set, count) {
		return n, 0
	}
	return nil, Key(hash)
}

// hashSet hashes a label set, keyed or not, and counts its labels. The count is negative when no
// series can have these labels.
func (m *Map) hashSet(set map[string]string, keyed bool) (hash uint64, count int) {
	if m.open {
		for name, value := range set {
			switch {
			case len(value) > labeltext.MaxValue:
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
	if len(set) != len(m.names) {
		return 0, -1
	}
	for i := range m.names {
		name := &m.names[i]
		value, ok := set[name.Text]
		if !ok || len(value) > labeltext.MaxValue {
			return 0, -1
		}
		if keyed {
			hash += keyedHash(name.Seed, value)
		} else {
			hash += labelHash(name.Seed, value)
		}
	}
	return hash, len(m.names)
}
