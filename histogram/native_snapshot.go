// SPDX-License-Identifier: Apache-2.0

package histogram

import (
	"slices"

	"github.com/quipu-metrics/quipu/internal/buckets"
)

// NativeSnapshot is filled in by [Native.Snapshot]. Use one again and again: its memory is reused.
type NativeSnapshot struct {
	Schema        int
	ZeroThreshold float64
	ZeroCount     uint64
	Count         uint64 // of all observations: those in buckets and in the zero bucket
	Sum           float64
	Exact         bool // see Classic.Snapshot
	Positive      NativeBuckets
	Negative      NativeBuckets

	positive, negative counts
	scratch            []uint64
}

// NativeBuckets are runs of consecutive buckets: see its fields.
type NativeBuckets = buckets.Buckets

// NativeSpan is a run of consecutive buckets: see its fields.
type NativeSpan = buckets.Span

// counts holds the counts of all buckets in a window.
type counts struct {
	first    int // index of finite[0]
	finite   []uint64
	overflow uint64 // infinities
	beyond   int    // index of their bucket
}

// Snapshot replaces the contents of s with the state of n, at the resolution that n has at the moment. What
// [Classic.Snapshot] says of consistency, waiting and concurrency holds here. It allocates only while s is too small.
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
