// SPDX-License-Identifier: Apache-2.0

package histogram

import "slices"

// NativeSnapshot is what [Native.Snapshot] fills in. Use one again and again: its memory is reused.
type NativeSnapshot struct {
	Schema        int
	ZeroThreshold float64
	ZeroCount     uint64
	Count         uint64 // of all observations: those in buckets and in the zero bucket
	Sum           float64
	Exact         bool // see Classic.Snapshot
	Positive      NativeBuckets
	Negative      NativeBuckets

	scratch []uint64
}

// NativeBuckets are runs of consecutive buckets. Deltas has one entry for each bucket of all spans: the first is a count,
// every other one the difference from the bucket before.
type NativeBuckets struct {
	Spans  []NativeSpan
	Deltas []int64

	first    int // index of counts[0]
	counts   []uint64
	overflow uint64 // infinities
	beyond   int    // index of their bucket
}

// NativeSpan is a run of Length buckets. Offset is the index of its first bucket, counted from the end of the span before
// it, or from index 0 for the first span.
type NativeSpan struct {
	Offset int32
	Length uint32
}

// maxHole is the longest run of empty buckets that is listed as zeros: a new span is no shorter.
const maxHole = 2

// Snapshot replaces the contents of s with the state of n, at the resolution that n has at the moment. What
// [Classic.Snapshot] says of consistency, waiting and concurrency holds here. It allocates only while s is too small.
func (n *Native) Snapshot(s *NativeSnapshot) {
	newest := n.current.Load()
	s.Schema, s.ZeroThreshold = newest.schema, n.options.ZeroThreshold
	s.ZeroCount, s.Count, s.Sum, s.Exact = 0, 0, 0, true
	s.Positive.reset(newest.positive, newest.schema)
	s.Negative.reset(newest.negative, newest.schema)
	for g := newest; g != nil; g = g.older {
		var sum float64
		var exact bool
		s.scratch, sum, exact = g.counts.Snapshot(s.scratch)
		s.Sum += sum
		s.Exact = s.Exact && exact
		for _, count := range s.scratch {
			s.Count += count
		}
		s.ZeroCount += s.scratch[g.zeroAt]
		s.Negative.overflow += s.scratch[0]
		s.Positive.overflow += s.scratch[len(s.scratch)-1]
		by := g.schema - newest.schema
		for i := range g.positive.len() {
			s.Positive.counts[coarser(g.positive.first+i, by)-s.Positive.first] += s.scratch[g.positiveAt+i]
		}
		for i := range g.negative.len() {
			s.Negative.counts[coarser(g.negative.last-i, by)-s.Negative.first] += s.scratch[g.negativeAt+i]
		}
	}
	s.Positive.list()
	s.Negative.list()
}

func (b *NativeBuckets) reset(w window, schema int) {
	b.first = w.first
	b.counts = slices.Grow(b.counts[:0], w.len())[:w.len()]
	clear(b.counts)
	b.overflow, b.beyond = 0, overflowIndex(schema)
}

// list makes spans and deltas of the counts.
func (b *NativeBuckets) list() {
	b.Spans, b.Deltas = b.Spans[:0], b.Deltas[:0]
	var l lister
	for i, count := range b.counts {
		l.add(b, b.first+i, count)
	}
	l.add(b, b.beyond, b.overflow)
}

// lister lists the buckets of one sign, in ascending order.
type lister struct {
	end  int    // index after the last span
	last uint64 // count of the last bucket
}

func (l *lister) add(b *NativeBuckets, index int, count uint64) {
	if count == 0 {
		return
	}
	if hole := index - l.end; len(b.Spans) == 0 || hole > maxHole {
		b.Spans = append(b.Spans, NativeSpan{Offset: int32(hole)})
	} else {
		for range hole {
			l.append(b, 0)
		}
	}
	l.append(b, count)
	l.end = index + 1
}

func (l *lister) append(b *NativeBuckets, count uint64) {
	b.Spans[len(b.Spans)-1].Length++
	b.Deltas = append(b.Deltas, int64(count-l.last))
	l.last = count
}
