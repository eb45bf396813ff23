// SPDX-License-Identifier: Apache-2.0

package pagezip

import (
	"container/heap"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

type weights []int

func (w weights) Len() int           { return len(w) }
func (w weights) Less(i, j int) bool { return w[i] < w[j] }
func (w weights) Swap(i, j int)      { w[i], w[j] = w[j], w[i] }
func (w *weights) Push(x any)        { *w = append(*w, x.(int)) }
func (w *weights) Pop() any {
	old := *w
	last := old[len(old)-1]
	*w = old[:len(old)-1]
	return last
}

// optimalCost is the length of the text in an optimal code: the sum of all inner nodes.
func optimalCost(freq []uint32) (bits int) {
	var w weights
	for _, f := range freq {
		if f > 0 {
			w = append(w, int(f))
		}
	}
	if len(w) == 1 {
		return w[0]
	}
	heap.Init(&w)
	for len(w) > 1 {
		node := heap.Pop(&w).(int) + heap.Pop(&w).(int)
		bits += node
		heap.Push(&w, node)
	}
	return bits
}

// frequencies returns random ones of an alphabet: even, skewed or as steep as Fibonacci's numbers,
// with symbols that do not occur.
func frequencies(r *rand.Rand, alphabet int) []uint32 {
	freq := make([]uint32, alphabet)
	absent, steep := r.IntN(4), r.IntN(3)
	a, b := uint32(1), uint32(1)
	for i := range freq {
		if r.IntN(4) < absent {
			continue
		}
		switch steep {
		case 0:
			freq[i] = 1 + r.Uint32N(10)
		case 1:
			freq[i] = 1 + r.Uint32N(1<<r.IntN(17))
		default:
			freq[i] = a
			if a+b < 1<<20 {
				a, b = b, a+b
			}
		}
	}
	return freq
}

// kraft returns how much of all bit strings of length limit the codes take, and the longest code.
func kraft(t *testing.T, lengths []uint8, limit int) (sum, longest int) {
	for _, l := range lengths {
		require.LessOrEqual(t, int(l), limit)
		if l > 0 {
			sum += 1 << (limit - int(l))
			longest = max(longest, int(l))
		}
	}
	return sum, longest
}

func TestCodesAreOptimalUnlessTheyAreLimited(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var h huffman
	limited := 0
	for range 3000 {
		alphabet := []int{numSymbols, numDistances, numMeta, 2, 3}[r.IntN(5)]
		limit := maxCodeBits
		if alphabet == numMeta {
			limit = maxMetaBits
		}
		freq := frequencies(r, alphabet)
		lengths := make([]uint8, alphabet)
		h.build(freq, lengths, limit)
		used := 0
		for s, f := range freq {
			if f > 0 {
				used++
				require.NotZero(t, lengths[s])
			}
			for s2, f2 := range freq {
				if f < f2 && f > 0 {
					require.GreaterOrEqual(t, lengths[s], lengths[s2], "a rarer symbol has no shorter code")
				}
			}
		}
		sum, longest := kraft(t, lengths, limit)
		require.Equal(t, 1<<limit, sum, "the codes take up all bit strings: %v %v", freq, lengths)
		if used < 2 {
			continue
		}
		optimal, got := optimalCost(freq), cost(freq, lengths)
		if longest < limit {
			require.Equal(t, optimal, got, "%v %v", freq, lengths)
			continue
		}
		limited++
		require.GreaterOrEqual(t, got, optimal)
		require.Less(t, got, optimal+optimal/4, "nearly optimal")
	}
	require.Greater(t, limited, 100, "this test must see codes that are too long")
}

func TestNoCodeIsTheBeginningOfAnother(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var h huffman
	for range 300 {
		freq := frequencies(r, numDistances)
		lengths, codes := make([]uint8, numDistances), make([]uint16, numDistances)
		h.build(freq, lengths, maxCodeBits)
		assignCodes(lengths, codes)
		for i := range codes {
			for j := range codes {
				if i != j && lengths[i] > 0 && lengths[i] <= lengths[j] {
					require.NotEqual(t, codes[i], codes[j]&(1<<lengths[i]-1))
				}
			}
		}
	}
}
