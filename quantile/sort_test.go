// SPDX-License-Identifier: Apache-2.0

package quantile

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSortOrdersKeysAsValues(t *testing.T) {
	s := new(sorter)
	for _, shape := range shapes {
		for _, n := range []int{0, 1, 2, 39, 40, 41, 64, 65, 100, 512, 513, 1000, 1023, 1024} {
			r := rand.New(rand.NewPCG(uint64(n), 1))
			values := make([]float64, n)
			keys := make([]uint64, n)
			for i := range values {
				values[i] = shape.draw(r, i)
				keys[i] = keyOf(values[i])
			}
			slices.Sort(values)
			for i, k := range s.sort(keys) {
				require.Equal(t, values[i], valueOf(k), "%s, %d of %d", shape.name, i, n)
			}
		}
	}
}

func TestSortIsNotQuadraticForKeysThatDifferInTheirLowBits(t *testing.T) {
	keys := make([]uint64, chunkLen)
	for i := range keys {
		keys[i] = 1<<63 | uint64(chunkLen-i) // all in one bucket, and in the worst order for insertion
	}
	keys[0] |= 1 << 62
	require.False(t, insertion(slices.Clone(keys), 8*len(keys)))
	sorted := new(sorter).sort(keys)
	require.True(t, slices.IsSorted(sorted))
}
