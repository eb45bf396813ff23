// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
	"iter"
	"slices"
)

// sent is the list of the series of one send, from which the next one finds out what has gone. It
// takes some ten bytes for a series, because its labels resemble those of the series before.
//
// An entry has a number whose lowest bit says whether the shape or the number of parts differ from
// those of the entry before; then both follow. A part is the name or the value of a label. The
// other bits say which parts differ. Of such a part stand the number of bytes at its beginning that
// are the same, the number of the others, and these.
type sent struct {
	shapes []shape
	chunks [][]byte // entries, one after the other
	spare  [][]byte // chunks of an earlier send

	last entry
}

// entry is a series on the list.
type entry struct {
	shape int
	parts [][]byte // each in memory of its own, used again
}

// chunkSize is the size of the pieces of a list. Pieces of a list that is not needed any longer are
// used for the next one.
const chunkSize = 64 << 10

// flagged is how many parts have a bit. Those beyond always stand in the entry.
const flagged = 60

// shape says which series of a receiver an entry stands for.
type shape struct {
	name    string
	numbers []float64 // upper bounds of classic buckets without +Inf, or quantiles
	classic bool      // it is a histogram with classic buckets
	native  bool      // it is a histogram with native buckets
	summary bool
	missed  int64 // the minute of the first send that did not have the series; 0 if the last one had it
}

func (a *shape) equal(b *shape) bool {
	return a.name == b.name && a.classic == b.classic && a.native == b.native && a.summary == b.summary &&
		a.missed == b.missed && slices.Equal(a.numbers, b.numbers)
}

// reset empties the list. It keeps the memory.
func (s *sent) reset() {
	for _, chunk := range s.chunks {
		s.spare = append(s.spare, chunk[:0])
	}
	clear(s.shapes)
	s.shapes, s.chunks = s.shapes[:0], s.chunks[:0]
	s.last = entry{parts: s.last.parts[:0]}
}

// shapeOf returns the number of a shape. Series of one family follow each other, so it is nearly
// always that of the last one.
func (s *sent) shapeOf(sh *shape) int {
	for i := len(s.shapes) - 1; i >= 0; i-- {
		if s.shapes[i].equal(sh) {
			return i
		}
		if s.shapes[i].name != sh.name {
			break
		}
	}
	one := *sh
	one.numbers = slices.Clone(sh.numbers)
	s.shapes = append(s.shapes, one)
	return len(s.shapes) - 1
}

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

// add adds a series: the number of its shape, and the text of its labels.
func (s *sent) add(shape int, labels []byte) {
	chunk := s.chunk(len(labels))
	was, last := len(s.last.parts), &s.last
	n := 0
	differ := uint64(0)
	for rest := labels; len(rest) > 0; n++ {
		var part []byte
		part, rest = nextPart(rest)
		if n == len(last.parts) {
			last.parts = extended(last.parts)
		}
		if n < flagged && (n >= was || !bytes.Equal(part, last.parts[n])) {
			differ |= 2 << n
		}
	}
	if shape != last.shape || n != was {
		differ |= 1
	}
	dst := binary.AppendUvarint(*chunk, differ)
	if differ&1 != 0 {
		dst = binary.AppendUvarint(binary.AppendUvarint(dst, uint64(shape)), uint64(n))
	}
	last.shape, last.parts = shape, last.parts[:n]
	for i, rest := 0, labels; len(rest) > 0; i++ {
		var part []byte
		part, rest = nextPart(rest)
		if i < flagged && differ&(2<<i) == 0 {
			continue
		}
		if i >= was {
			last.parts[i] = last.parts[i][:0]
		}
		same := common(part, last.parts[i])
		dst = binary.AppendUvarint(dst, uint64(same))
		dst = binary.AppendUvarint(dst, uint64(len(part)-same))
		dst = append(dst, part[same:]...)
		last.parts[i] = append(last.parts[i][:same], part[same:]...)
	}
	*chunk = dst
}

// chunk returns the chunk for an entry with so many bytes of labels.
func (s *sent) chunk(labels int) *[]byte {
	need := labels + labels/2 + 64
	if n := len(s.chunks); n > 0 && cap(s.chunks[n-1])-len(s.chunks[n-1]) >= need {
		return &s.chunks[n-1]
	}
	if n := len(s.spare); n > 0 && cap(s.spare[n-1]) >= need {
		s.chunks, s.spare = append(s.chunks, s.spare[n-1]), s.spare[:n-1]
	} else {
		s.chunks = append(s.chunks, make([]byte, 0, max(chunkSize, need)))
	}
	return &s.chunks[len(s.chunks)-1]
}

// extended returns the list with another part, in memory that it may have had before.
func extended(parts [][]byte) [][]byte {
	if len(parts) < cap(parts) {
		return parts[:len(parts)+1]
	}
	return append(parts, nil)
}

// common returns how many bytes at their beginning are the same.
func common(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// all walks the series in the order in which they were added. The labels are valid until the next
// step.
func (s *sent) all() iter.Seq2[*shape, []byte] {
	return func(yield func(*shape, []byte) bool) {
		var at entry
		var labels []byte
		for _, log := range s.chunks {
			for len(log) > 0 {
				log = at.next(log)
				labels = labels[:0]
				for _, part := range at.parts {
					labels = append(binary.AppendUvarint(labels, uint64(len(part))), part...)
				}
				if !yield(&s.shapes[at.shape], labels) {
					return
				}
			}
		}
	}
}

// next makes e the first entry of a log, where it was the one before, and returns the rest.
func (e *entry) next(log []byte) (rest []byte) {
	number := func() int {
		v, size := binary.Uvarint(log)
		log = log[size:]
		return int(v)
	}
	differ, size := binary.Uvarint(log)
	log = log[size:]
	was := len(e.parts)
	if differ&1 != 0 {
		e.shape = number()
		for n := number(); len(e.parts) != n; {
			if len(e.parts) > n {
				e.parts = e.parts[:n]
			} else {
				e.parts = extended(e.parts)
			}
		}
	}
	for i := range e.parts {
		if i < flagged && differ&(2<<i) == 0 {
			continue
		}
		if i >= was {
			e.parts[i] = e.parts[i][:0]
		}
		same, more := number(), number()
		e.parts[i] = append(e.parts[i][:same], log[:more]...)
		log = log[more:]
	}
	return log
}

// hashes is a set of series, without their labels: that of the send under way.
//
// Two series whose hashes are equal would make one that has gone look alive. Its receiver then ends
// it some minutes later, as it ends series without a marker.
//
// It is an open table that is at most three quarters full.
type hashes struct {
	places []uint64 // 0 is free
	count  int
}

func (t *hashes) reset() { clear(t.places); t.count = 0 }

func (t *hashes) add(name string, labels []byte) {
	if t.count*4 >= len(t.places)*3 {
		t.grow()
	}
	hash := hashOf(name, labels)
	if at := t.find(hash); t.places[at] == 0 {
		t.places[at] = hash
		t.count++
	}
}

func (t *hashes) has(name string, labels []byte) bool {
	hash := hashOf(name, labels)
	return t.count > 0 && t.places[t.find(hash)] == hash
}

// find returns where a hash is, or the free place for it.
func (t *hashes) find(hash uint64) int {
	mask := uint64(len(t.places) - 1)
	at := hash & mask
	for t.places[at] != 0 && t.places[at] != hash {
		at = (at + 1) & mask
	}
	return int(at)
}

func (t *hashes) grow() {
	old := t.places
	t.places, t.count = make([]uint64, max(64, 2*len(old))), 0
	for _, hash := range old {
		if hash != 0 {
			t.places[t.find(hash)] = hash
			t.count++
		}
	}
}
