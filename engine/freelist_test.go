// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Otherwise one of them could stay at the bottom for ever, however large it is.
func TestAFreeListUsesItsObjectsInTurns(t *testing.T) {
	var l freeList[int]
	made := 0
	next := func() int { made++; return made }
	a, b, c := l.get(next), l.get(next), l.get(next)
	l.put(a)
	l.put(b)
	l.put(c) // there is no room for it
	for _, want := range []int{1, 2, 1, 2} {
		got := l.get(next)
		require.Equal(t, want, got)
		l.put(got)
	}
	require.Equal(t, []int{1, 2, 4}, []int{l.get(next), l.get(next), l.get(next)})
	require.Zero(t, l.kept)
}
