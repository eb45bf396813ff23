// SPDX-License-Identifier: Apache-2.0

package histogram

import (
	"slices"

	"github.com/quipu-metrics/quipu/internal/buckets"
)

// NativeSnapshot is the state of a native histogram. [Native.Snapshot] fills it in. A program that
// uses the same NativeSnapshot for all its snapshots reuses its memory.
type NativeSnapshot struct {
	Schema        int
	ZeroThreshold float64
	ZeroCount     uint64
	Count         uint64 // of all observations: those in Positive, in Negative and in the zero bucket
	Sum           float64
	Exact         bool // whether Sum belongs to exactly these observations: see Classic.Snapshot
	Positive      NativeBuckets
	Negative      NativeBuckets

	positive, negative counts
	scratch            []uint64
}

// NativeBuckets are runs of consecutive buckets of one sign. The field Spans, a []NativeSpan, lists
// the runs in ascending order. The field Deltas, a []int64, has one entry for each bucket of all
// runs: the first is a count, and every other one is the difference from the count before it.
// Bucket i holds magnitudes up to 2^(i·2^-Schema). The methods All and Backward walk the indexes
// and the counts, with the empty buckets that runs have.
type NativeBuckets = buckets.Buckets

// NativeSpan is a run of consecutive buckets. Its field Length, a uint32, is the number of buckets.
// Its field Offset, an int32, is the index of the first bucket for the first span, and for every
// other span the number of buckets that the span skips.
type NativeSpan = buckets.Span

// counts holds the counts of all buckets in a window.
type counts struct {
	first    int // index of finite[0]
	finite   []uint64
	overflow uint64 // infinities
	beyond   int    // index of their bucket
}

// Count returns the number of observations that have finished. It gives the guarantees of
// [Classic.Count].
func (n *Native) Count() (count uint64) {
	for g := n.current.Load(); g != nil; g = g.older {
		count += g.counts.Count()
	}
	return count
}

// Snapshot replaces the contents of s with the state of n, at the current resolution of n. It gives
// the guarantees of [Classic.Snapshot] about consistency, waiting and concurrency. It allocates
// only while s is too small.
func (n *Native) Snapshot(s *NativeSnapshot) {
	newest := n.current.Load()
	s.Schema, s.ZeroThreshold = newest.schema, n.options.ZeroThreshold
	s.ZeroCount, s.Count, s.Sum, s.Exact = 0, 0, 0, true
	s.positive.reset(newest.positive, newest.schema)
	s.negative.reset(newest.negative, newest.schema)
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
		s.negative.overflow += s.scratch[0]
		s.positive.overflow += s.scratch[len(s.scratch)-1]
		by := g.schema - newest.schema
		for i := range g.positive.len() {
			s.positive.finite[coarser(g.positive.first+i, by)-s.positive.first] += s.scratch[g.positiveAt+i]
		}
		for i := range g.negative.len() {
			s.negative.finite[coarser(g.negative.last-i, by)-s.negative.first] += s.scratch[g.negativeAt+i]
		}
	}
	s.positive.list(&s.Positive)
	s.negative.list(&s.Negative)
}

func (c *counts) reset(w window, schema int) {
	c.first = w.first
	c.finite = slices.Grow(c.finite[:0], w.len())[:w.len()]
	clear(c.finite)
	c.overflow, c.beyond = 0, overflowIndex(schema)
}

// list writes the counts in sparse form.
func (c *counts) list(to *NativeBuckets) {
	l := buckets.NewLister(to)
	for i, count := range c.finite {
		l.Add(c.first+i, count)
	}
	l.Add(c.beyond, c.overflow)
}
