// SPDX-License-Identifier: Apache-2.0

package block_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/contrib/clientgolang/internal/block"
)

func TestListsOfABlockDoNotOverlapAndCannotGrowIntoEachOther(t *testing.T) {
	var b block.Block[int]
	var lists [][]int
	for n := range 40 {
		list := b.List(n)
		require.Len(t, list, n)
		for i := range list {
			require.Zero(t, list[i])
			list[i] = n
		}
		lists = append(lists, append(list, -1)) // in other memory
	}
	for n, list := range lists {
		for _, v := range list[:n] {
			require.Equal(t, n, v)
		}
	}
	require.Equal(t, 7, *b.Of(7))
	require.Zero(t, *b.One())
}

func TestAFewValuesCostFewAllocationsAndManyCostOneInFiveHundred(t *testing.T) {
	require.Equal(t, 1.0, testing.AllocsPerRun(10, func() {
		var b block.Block[[4]int]
		b.One()
	}))
	require.LessOrEqual(t, testing.AllocsPerRun(10, func() {
		var b block.Block[[4]int]
		for range 5_000 {
			b.One()
		}
	}), 20.0)
}
