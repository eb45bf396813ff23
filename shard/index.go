// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"sync/atomic"

	"github.com/puzpuzpuz/xsync/v3"
)

// index finds series by hash. Its memory follows the number of series: an empty index has no table,
// a small one is one lock-free map, and a large one is up to 256 of them. All writes are made under
// Map.mu.
//
// A lock-free map that holds seriesPerMap series is split into 16 maps, by the next four bits of
// the hash. That bounds the work of one resize or split, during which creations wait:
// BenchmarkSplit is the longer of the two. Only the maps of the second split grow further.
//
// A lookup takes no lock. A split fills the new maps, then publishes them, and leaves the old map
// as it is. So a lookup that has loaded the old map sees the series of the moment of the split: it
// may miss a series that was created after the lookup began, and may return one that was deleted
// after that.
type index struct {
	one  atomic.Pointer[hashMap]
	many atomic.Pointer[[maxMaps]atomic.Pointer[hashMap]] // by the first eight bits of the hash
}

// hashMap maps hashes to series.
type hashMap = xsync.MapOf[uint64, *Node]

const (
	seriesPerMap = 1 << 14
	splitBits    = 4
	mapsPerSplit = 1 << splitBits
	maxMaps      = mapsPerSplit * mapsPerSplit

	firstShift  = 64 - splitBits
	secondShift = firstShift - splitBits

	// splitEvery is the number of creations after which the index checks again whether a map has to
	// be split. Counting the series of a map costs a tenth of a creation.
	splitEvery = 64
)

func newHashMap(series int) *hashMap {
	// Keys are hashes already. Folding their halves breaks up the regular steps that a
	// multiplication leaves where values differ in one or two bytes: without it, one secret in ten
	// made chains of 25 and more of such values.
	return xsync.NewMapOfWithHasher[uint64, *Node](
		func(key, _ uint64) uint64 { return key ^ key>>32 }, xsync.WithPresize(series))
}

// mapOf returns the lock-free map that has the hash, or nil if there are no series. It goes by the
// highest bits: the lock-free maps go by low ones.
//
// The order of the two loads matters. The first split stores many and then clears one, so a lookup
// that finds one cleared finds many set.
func (x *index) mapOf(hash uint64) *hashMap {
	one := x.one.Load()
	if many := x.many.Load(); many != nil {
		return many[hash>>secondShift].Load()
	}
	return one
}

// load returns the series with this hash, or nil.
func (x *index) load(hash uint64) *Node {
	m := x.mapOf(hash)
	if m == nil {
		return nil
	}
	n, _ := m.Load(hash)
	return n
}

func (x *index) store(hash uint64, n *Node) {
	m := x.mapOf(hash)
	if m == nil {
		m = newHashMap(0)
		x.one.Store(m)
	}
	m.Store(hash, n)
}

func (x *index) delete(hash uint64) {
	if m := x.mapOf(hash); m != nil {
		m.Delete(hash)
	}
}

// clear forgets all series, and the maps with them.
func (x *index) clear() {
	x.many.Store(nil)
	x.one.Store(nil)
}

// grow splits the map of a hash if it is full.
func (x *index) grow(hash uint64) {
	full := x.mapOf(hash)
	if full == nil || full.Size() < seriesPerMap {
		return
	}
	many := x.many.Load()
	if many == nil {
		many = new([maxMaps]atomic.Pointer[hashMap])
		for i, part := range split(full, firstShift) {
			for j := range mapsPerSplit {
				many[i*mapsPerSplit+j].Store(part)
			}
		}
		x.many.Store(many)
		x.one.Store(nil) // last: see mapOf
		return
	}
	first := hash >> firstShift * mapsPerSplit
	if many[first].Load() != many[first+1].Load() {
		return // it is one of the second split
	}
	for i, part := range split(full, secondShift) {
		many[first+uint64(i)].Store(part)
	}
}

// split returns the parts of a map, by the bits of the hash that stand at this shift.
func split(full *hashMap, shift int) (parts [mapsPerSplit]*hashMap) {
	for i := range parts {
		parts[i] = newHashMap(seriesPerMap / mapsPerSplit)
	}
	full.Range(func(hash uint64, n *Node) bool {
		parts[hash>>shift%mapsPerSplit].Store(hash, n)
		return true
	})
	return parts
}
