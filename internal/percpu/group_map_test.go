// SPDX-License-Identifier: Apache-2.0

package percpu

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/testkit"
)

// The slab once kept rows in lists by their length, for good: after 65 536 rows of 16 words had
// been in use, no cell and no histogram of another length could become hot ever again. The test
// uses up the whole slab, so it runs in a process of its own.
func TestWordsOfRowsThatCameBackServeRowsOfAnyLength(t *testing.T) {
	if purego(t) {
		return
	}
	if !testkit.Alone(t) {
		return
	}
	fill := func(n int) (rows []uint32) {
		for {
			index, ok := Alloc(n)
			if !ok {
				return rows
			}
			rows = append(rows, index)
		}
	}
	free := func(rows []uint32, n int) {
		for _, index := range rows {
			Free(index, n)
		}
	}
	rows := fill(16)
	require.Len(t, rows, MaxWords/16)
	free(rows, 16)
	one, ok := Alloc(1)
	require.True(t, ok)
	Free(one, 1)
	for _, n := range []int{17, MaxRow} {
		rows := fill(n)
		require.Len(t, rows, MaxWords/MaxRow*(MaxRow/n), "rows of %d words", n)
		free(rows, n)
	}

	// A longer row does not fit between two rows in use.
	rows = fill(64)
	Free(rows[0], 64)
	Free(rows[2], 64)
	_, ok = Alloc(65)
	require.False(t, ok)
	Free(rows[1], 64)
	index, ok := Alloc(3 * 64)
	require.True(t, ok)
	require.Equal(t, rows[0], index)
}

func TestGroupMapHandsOutEveryWordOnce(t *testing.T) {
	var m groupMap
	owner := make(map[int]int)
	type row struct{ at, n int }
	var rows []row
	rng := rand.New(rand.NewPCG(1, 2))
	longest := func() (longest int) {
		for i, length := 0, 0; i < groupWords; i++ {
			if _, taken := owner[i]; taken {
				length = -1
			}
			length++
			longest = max(longest, length)
		}
		return longest
	}
	for i := range 3000 {
		n := 1 + rng.IntN(40)
		if i%100 == 0 {
			n = groupWords
		}
		require.Equal(t, n <= longest(), m.mayHold(n))
		if m.mayHold(n) {
			at := m.take(n)
			for w := at; w < at+n; w++ {
				_, taken := owner[w]
				require.False(t, taken)
				owner[w] = i
			}
			rows = append(rows, row{at, n})
			continue
		}
		for range 1 + rng.IntN(len(rows)) {
			last := rng.IntN(len(rows))
			r := rows[last]
			rows[last] = rows[len(rows)-1]
			rows = rows[:len(rows)-1]
			for w := r.at; w < r.at+r.n; w++ {
				delete(owner, w)
			}
			m.give(r.at, r.n)
		}
	}
}
