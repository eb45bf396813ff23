// SPDX-License-Identifier: Apache-2.0

package gone

import "hash/maphash"

// seed is that of all hashes of series. It differs from process to process, so nobody can choose
// labels whose hashes are equal.
var seed = maphash.MakeSeed()

// hashOf returns the hash of a series. It does not depend on the bounds of a histogram: the sum and
// the count of one with other bounds are the same series.
func hashOf(name string, labels []byte) uint64 {
	var h maphash.Hash
	h.SetSeed(seed)
	_, _ = h.WriteString(name)
	_ = h.WriteByte(0)
	_, _ = h.Write(labels)
	return max(h.Sum64(), 1) // 0 is a free place of the table
}

// set is the set of the series of the send under way, as hashes.
//
// Two series whose hashes are equal would make one that has gone look alive. Its receiver then ends
// it some minutes later, as it ends series without a marker.
//
// It is an open table that is at most three quarters full.
type set struct {
	places []uint64 // 0 is free
	count  int
}

// reset empties the set. It gives memory back of which the last send has used little.
func (t *set) reset() {
	if t.count*8 < len(t.places) {
		t.places = nil
	}
	clear(t.places)
	t.count = 0
}

func (t *set) add(name string, labels []byte) {
	if t.count*4 >= len(t.places)*3 {
		t.grow()
	}
	hash := hashOf(name, labels)
	if at := t.find(hash); t.places[at] == 0 {
		t.places[at] = hash
		t.count++
	}
}

func (t *set) has(name string, labels []byte) bool {
	hash := hashOf(name, labels)
	return t.count > 0 && t.places[t.find(hash)] == hash
}

// find returns where a hash is, or the free place for it.
func (t *set) find(hash uint64) int {
	mask := uint64(len(t.places) - 1)
	at := hash & mask
	for t.places[at] != 0 && t.places[at] != hash {
		at = (at + 1) & mask
	}
	return int(at)
}

func (t *set) grow() {
	old := t.places
	t.places, t.count = make([]uint64, max(64, 2*len(old))), 0
	for _, hash := range old {
		if hash != 0 {
			t.places[t.find(hash)] = hash
			t.count++
		}
	}
}
