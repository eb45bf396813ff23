// SPDX-License-Identifier: Apache-2.0

package buckets

import (
	"math/rand/v2"
	"slices"
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

// lists returns what both walks show, the second one turned round.
func lists(b *Buckets) (all, backward [][2]int64) {
	for i, n := range b.All() {
		all = append(all, [2]int64{int64(i), int64(n)})
	}
	for i, n := range b.Backward() {
		backward = append(backward, [2]int64{int64(i), int64(n)})
	}
	slices.Reverse(backward)
	return all, backward
}

func TestWalksShowEveryBucketInOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var b Buckets
		l := NewLister(&b)
		for index := -20; index < 20; index++ {
			if random.IntN(3) == 0 {
				l.Add(index, random.Uint64N(1<<40))
			}
		}
		all, backward := lists(&b)
		require.Equal(t, all, backward)
		want := read(b)
		require.Len(t, all, len(want))
		for i, x := range all {
			require.Equal(t, want[int(x[0])], uint64(x[1]))
			require.True(t, i == 0 || all[i-1][0] < x[0])
		}
		for stop := range all { // a loop may end early
			n := 0
			for range b.All() {
				if n++; n > stop {
					break
				}
			}
			for range b.Backward() {
				if n--; n == 0 {
					break
				}
			}
			require.Zero(t, n)
		}
	}
	all, backward := lists(&Buckets{Spans: []Span{{2, 3}}, Deltas: []int64{5, 1}})
	require.Equal(t, [][2]int64{{2, 5}, {3, 6}}, all, "spans that are too long end with the deltas")
	require.Len(t, backward, 2)
}
