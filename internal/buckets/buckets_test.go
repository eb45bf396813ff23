// SPDX-License-Identifier: Apache-2.0

package buckets

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// read returns the counts of all buckets, by their indexes.
func read(b Buckets) map[int]uint64 {
	counts := make(map[int]uint64)
	index, count, i := 0, int64(0), 0
	for _, span := range b.Spans {
		index += int(span.Offset)
		for range span.Length {
			count += b.Deltas[i]
			counts[index] = uint64(count)
			index++
			i++
		}
	}
	return counts
}

func TestCountsReadBackFromSpansAndDeltas(t *testing.T) {
	var b Buckets
	for _, c := range []struct {
		indexes []int
		spans   []Span
	}{
		{nil, nil},
		{[]int{7}, []Span{{7, 1}}},
		{[]int{-3, -2, 0}, []Span{{-3, 4}}},
		{[]int{-3, 0, 3}, []Span{{-3, 7}}},
		{[]int{-3, 1}, []Span{{-3, 1}, {3, 1}}},
		{[]int{0, 1, 100, 103, 1 << 20}, []Span{{0, 2}, {98, 4}, {1<<20 - 104, 1}}},
	} {
		l := NewLister(&b) // with the memory of the case before
		want := make(map[int]uint64)
		for i, index := range c.indexes {
			count := uint64(1000 - 300*i*i)
			l.Add(index-1, 0) // an empty bucket
			l.Add(index, count)
			want[index] = count
		}
		require.Equal(t, len(c.spans), len(b.Spans))
		for i := range c.spans {
			require.Equal(t, c.spans[i], b.Spans[i])
		}
		got := read(b)
		for index, count := range got {
			require.Equal(t, want[index], count, index) // those between are zeros
		}
		for index := range want {
			require.Contains(t, got, index)
		}
	}
}
