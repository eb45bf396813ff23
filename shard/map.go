// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"sync"
	"sync/atomic"

	"github.com/quipu-metrics/quipu/atomicf"
	"github.com/quipu-metrics/quipu/internal/labeltext"
)

// Config describes the family of series that a [Map] holds.
type Config struct {
	// Names are the label names of all series. If Names is nil the map is open: each series may
	// have any label names.
	Names []string

	// Const are further labels that all series have. Lookups do not name them. Their names must not
	// be in Names.
	Const map[string]string

	// MaxSeries is the number of series that the map may hold, without its overflow series.
	MaxSeries int

	// MaxValue is the most bytes that a value may have. 0 means 1024.
	MaxValue int

	// LabelLimits bounds the number of values that labels of listed series have, by the name of the
	// label. Values beyond the limit are replaced by Overflow. A value leaves with its last series.
	LabelLimits map[string]int

	// Budget bounds the series of this map and others together. It may be nil.
	Budget *Budget

	// Overflow is the value of all labels of the overflow series, which takes every label set that
	// the full map has no room for. In an open map that series has one label: see OverflowPair.
	Overflow string

	// OverflowPair is the name and the value of the only label of an open map's overflow series.
	// If it is empty, they are [OverflowLabel] and Overflow.
	OverflowPair [2]string

	// Rejected counts the lookups that met a [Limit]. It may be nil.
	Rejected *atomicf.Count

	// New makes a new series. The map may drop it without using it. New may be called concurrently,
	// and must not use the map.
	New func() *Node

	// Expiry makes series leave that nobody updates. It may be nil. With it, a Node is the first
	// field of an object of its own, which New has allocated and which has no finalizer.
	Expiry *Expiry
}

// OverflowLabel is the name of the only label of the overflow series of an open map, if its Config
// does not say otherwise.
const OverflowLabel = "overflow"

// Map is the index of one family, from label sets to series. All methods may be called
// concurrently.
//
// Find and FindSet are lock-free, also while series are created and deleted. All changes of the map
// take its mutex, so creations and deletions happen one after the other.
type Map struct {
	names  []labeltext.Name // declared names; their Seed is nameSeed
	open   bool
	quoted bool   // a declared name stands between quotes
	consts string // text of the constant labels
	tail   int    // length of the constant labels at the end of every text, with their comma
	// maxValue is the most bytes of a value. It stands beside what else a lookup reads.
	maxValue int

	index  index
	shapes atomic.Pointer[[]shape] // of an open map; written under mu

	max       int                  // of count
	count     atomic.Int64         // number of series, without the overflow series
	displaced atomic.Int64         // number of series under their keyed hash, because another one has their hash
	overflow  atomic.Pointer[Node] // takes label sets once the map is full; nil until it is needed
	rejected  *atomicf.Count       // counts the lookups that met a limit

	newNode       func() *Node
	overflowValue string
	overflowPair  [2]string // of an open map

	roster atomic.Pointer[roster]
	mu     sync.Mutex

	limits   *limits                // nil without LabelLimits
	budget   atomic.Pointer[Budget] // nil without one; written under mu
	expiring *expiring              // nil without Expiry
}

// New returns an empty map.
func New(c Config) *Map {
	consts := string(labeltext.AppendSet(nil, c.Const, true))
	m := &Map{
		names:  seeded(c.Names),
		open:   c.Names == nil,
		consts: consts, tail: labeltext.Tail(consts),
		maxValue: c.MaxValue,
		max:      c.MaxSeries,
		rejected: c.Rejected,
		newNode:  c.New, overflowValue: c.Overflow, overflowPair: c.OverflowPair,
	}
	m.quoted = labeltext.AnyQuoted(m.names)
	if m.maxValue == 0 {
		m.maxValue = labeltext.MaxValue
	}
	if m.rejected == nil {
		m.rejected = new(atomicf.Count)
	}
	if m.overflowPair[0] == "" {
		m.overflowPair = [2]string{OverflowLabel, c.Overflow}
	}
	m.roster.Store(new(roster))
	if c.Expiry != nil {
		m.expiring = &expiring{Expiry: *c.Expiry, walked: c.Expiry.Now()}
	}
	m.limits = newLimits(&c)
	if c.Budget != nil {
		m.budget.Store(c.Budget)
		if m.expiring != nil {
			c.Budget.join(m)
		}
	}
	return m
}

// Size returns the number of series, with the overflow series.
func (m *Map) Size() int {
	n := int(m.count.Load())
	if m.overflow.Load() != nil {
		n++
	}
	return n
}

// Key is handed on from a lookup that found nothing to Insert, so that labels are hashed once.
type Key uint64

// Find returns the series with these label values, which are in the order of the declared names. If
// there is none, it returns nil and the key for [Map.Insert]. A wrong number of values finds
// nothing, and neither does a value longer than [Config.MaxValue]. Find takes no lock and allocates
// nothing (BenchmarkFind).
func (m *Map) Find(values []string) (*Node, Key) {
	names := m.names
	if len(values) != len(names) {
		return nil, 0
	}
	hash, short := valuesHash(names, values, m.maxValue)
	if !short {
		return nil, 0
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

// findDisplaced looks a series up by its keyed hash.
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

// load returns the node under a hash, or nil.
func (m *Map) load(hash uint64) *Node { return m.index.load(hash) }

// variable returns the text of a series' labels without the constant labels.
func (m *Map) variable(n *Node) string {
	return n.Labels[:max(0, len(n.Labels)-m.tail)] // there is no comma before constant labels if a series has no others
}

// FindSet is Find for a label set (BenchmarkFindSet). In an open map a label with an empty value
// counts as absent, as it does in Prometheus.
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

// hashSet hashes a label set and counts its labels. With keyed set it returns the keyed hash. The
// count is negative when no series can have these labels.
func (m *Map) hashSet(set map[string]string, keyed bool) (hash uint64, count int) {
	if m.open {
		for name, value := range set {
			switch {
			case len(value) > m.maxValue:
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
		if !ok || len(value) > m.maxValue {
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
