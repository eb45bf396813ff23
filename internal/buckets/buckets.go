// SPDX-License-Identifier: Apache-2.0

// Package buckets holds the sparse form of exponential buckets, in which histogram lists the
// buckets of a native histogram and encode writes them: runs of consecutive buckets, and the
// differences between their counts.
package buckets

import "iter"

// Buckets are runs of consecutive exponential buckets. Deltas has one entry for each bucket of all
// spans: the first is a count, and every other one is the difference from the count before it.
type Buckets struct {
	Spans  []Span
	Deltas []int64
}

// Span is a run of Length buckets. Offset is the index of its first bucket, counted from the end of
// the span before it, or from index 0 for the first span.
type Span struct {
	Offset int32
	Length uint32
}

// CopyFrom makes b a copy of other. It reuses the memory of b.
func (b *Buckets) CopyFrom(other *Buckets) {
	b.Spans = append(b.Spans[:0], other.Spans...)
	b.Deltas = append(b.Deltas[:0], other.Deltas...)
}

// All walks the buckets of all spans and their counts, the lowest index first. Spans that are
// longer than Deltas end with it.
func (b *Buckets) All() iter.Seq2[int, uint64] {
	return func(yield func(index int, n uint64) bool) {
		index, count, deltas := 0, int64(0), b.Deltas
		for _, s := range b.Spans {
			index += int(s.Offset)
			for range min(int64(s.Length), int64(len(deltas))) {
				count += deltas[0]
				if !yield(index, uint64(count)) {
					return
				}
				index, deltas = index+1, deltas[1:]
			}
		}
	}
}

// Backward walks as All does, the highest index first.
func (b *Buckets) Backward() iter.Seq2[int, uint64] {
	return func(yield func(index int, n uint64) bool) {
		index, count, deltas := 0, int64(0), b.Deltas
		for _, s := range b.Spans {
			index += int(s.Offset) + int(s.Length) // behind the last bucket
		}
		for _, d := range deltas {
			count += d
		}
		for i := len(b.Spans) - 1; i >= 0; i-- {
			for range min(int64(b.Spans[i].Length), int64(len(deltas))) {
				index--
				if !yield(index, uint64(count)) {
					return
				}
				count, deltas = count-deltas[len(deltas)-1], deltas[:len(deltas)-1]
			}
			index -= int(b.Spans[i].Offset)
		}
	}
}

// maxHole is the longest run of empty buckets that is listed as zeros, because a new span is no
// shorter.
const maxHole = 2

// Lister lists counts in Buckets, in ascending order of their indexes. It reuses the memory of the
// Buckets. It must not be used concurrently.
type Lister struct {
	to   *Buckets
	end  int    // index after the last span
	last uint64 // count of the last bucket
}

// NewLister empties b and returns a Lister that fills it.
func NewLister(b *Buckets) Lister {
	b.Spans, b.Deltas = b.Spans[:0], b.Deltas[:0]
	return Lister{to: b}
}

// Add adds a bucket, whose index must be above all before. An empty bucket adds nothing.
func (l *Lister) Add(index int, count uint64) {
	if count == 0 {
		return
	}
	if hole := index - l.end; len(l.to.Spans) == 0 || hole > maxHole {
		l.to.Spans = append(l.to.Spans, Span{Offset: int32(hole)})
	} else {
		for range hole {
			l.append(0)
		}
	}
	l.append(count)
	l.end = index + 1
}

func (l *Lister) append(count uint64) {
	l.to.Spans[len(l.to.Spans)-1].Length++
	l.to.Deltas = append(l.to.Deltas, int64(count-l.last))
	l.last = count
}
