// SPDX-License-Identifier: Apache-2.0

package gone

import (
	"bytes"
	"encoding/binary"
	"iter"
	"slices"
)

// list is the list of the series of a send. It takes some ten bytes for a series, because its
// labels resemble those of the series before.
//
// An entry has a number whose lowest bit says whether the shape or the number of parts differ from
// those of the entry before; then both follow. A part is the name or the value of a label. The
// other bits say which parts differ. Of such a part stand the number of bytes at its beginning that
// are the same, the number of the others, and these.
type list[K comparable] struct {
	shapes []Shape[K]
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

// Shape is what series have in common that follow each other.
type Shape[K comparable] struct {
	Name    string    // of the family: it and the labels are what a series is known by
	Kind    K         // whatever else the package needs to end the series
	Numbers []float64 // upper bounds of buckets, or quantiles

	missed int64 // the minute of the first send that did not have the series; 0 if the last one had it
}

func (s *Shape[K]) equal(o *Shape[K]) bool {
	return s.Name == o.Name && s.Kind == o.Kind && s.missed == o.missed && slices.Equal(s.Numbers, o.Numbers)
}

// reset empties the list. It keeps the memory (see trim).
func (l *list[K]) reset() {
	for _, chunk := range l.chunks {
		l.spare = append(l.spare, chunk[:0])
	}
	clear(l.shapes)
	l.shapes, l.chunks = l.shapes[:0], l.chunks[:0]
	l.last = entry{parts: l.last.parts[:0]}
}

// trim gives spare memory back beyond as many chunks.
func (l *list[K]) trim(most int) {
	if len(l.spare) > most {
		clear(l.spare[most:])
		l.spare = l.spare[:most]
	}
}

// recentShapes is how many shapes are looked at for one that a series may share. A source may give
// each series of a family bounds of its own; then each has a shape.
const recentShapes = 16

// shapeOf returns the number of a shape. Series of one family follow each other, so it is nearly
// always that of the last one.
func (l *list[K]) shapeOf(sh *Shape[K]) int {
	for i := len(l.shapes) - 1; i >= max(0, len(l.shapes)-recentShapes); i-- {
		if l.shapes[i].equal(sh) {
			return i
		}
		if l.shapes[i].Name != sh.Name {
			break
		}
	}
	one := *sh
	one.Numbers = slices.Clone(sh.Numbers)
	l.shapes = append(l.shapes, one)
	return len(l.shapes) - 1
}

// add adds a series: the number of its shape, and the text of its labels.
func (l *list[K]) add(shape int, labels []byte) {
	chunk := l.chunk(len(labels))
	was, last := len(l.last.parts), &l.last
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
func (l *list[K]) chunk(labels int) *[]byte {
	need := labels + labels/2 + 64
	if n := len(l.chunks); n > 0 && cap(l.chunks[n-1])-len(l.chunks[n-1]) >= need {
		return &l.chunks[n-1]
	}
	if n := len(l.spare); n > 0 && cap(l.spare[n-1]) >= need {
		l.chunks, l.spare = append(l.chunks, l.spare[n-1]), l.spare[:n-1]
	} else {
		l.chunks = append(l.chunks, make([]byte, 0, max(chunkSize, need)))
	}
	return &l.chunks[len(l.chunks)-1]
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
func (l *list[K]) all() iter.Seq2[*Shape[K], []byte] {
	return func(yield func(*Shape[K], []byte) bool) {
		var at entry
		var labels []byte
		for _, log := range l.chunks {
			for len(log) > 0 {
				log = at.next(log)
				labels = labels[:0]
				for _, part := range at.parts {
					labels = append(binary.AppendUvarint(labels, uint64(len(part))), part...)
				}
				if !yield(&l.shapes[at.shape], labels) {
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
