// SPDX-License-Identifier: Apache-2.0

package percpu

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// alloc is Alloc for tests. It tries again when another test holds the lock of the slab.
func alloc(t testing.TB, n int) uint32 {
	t.Helper()
	for range 10_000 {
		if index, ok := Alloc(n); ok {
			return index
		}
		runtime.Gosched()
	}
	require.Fail(t, "no row")
	return 0
}

// purego reports whether this build has no private words. If so, it checks that Alloc hands out
// none.
func purego(t *testing.T) bool {
	if !Private {
		_, ok := Alloc(1)
		require.False(t, ok)
		require.Zero(t, Pin())
		Unpin()
	}
	return !Private
}
