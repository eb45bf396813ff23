// SPDX-License-Identifier: Apache-2.0

package interleave

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// These litmus tests of x86-TSO show which orders the store buffer allows, and which it does not.
func TestOrdinaryStoresFollowTheRulesOfAMD64(t *testing.T) {
	litmus := func(left, right func(x, y *uint64) uint64) map[string]int {
		return outcomes(t, options{}, func(w *World) func() string {
			x, y := new(uint64), new(uint64)
			got := new([2]uint64)
			for i, body := range []func(x, y *uint64) uint64{left, right} {
				w.Go(i, func() { got[i] = body(x, y) })
			}
			return func() string { return fmt.Sprint(*got) }
		})
	}
	plain := func(mine, other *uint64) uint64 { Store(mine, 1); return Load(other) }
	atomic := func(mine, other *uint64) uint64 { swap(mine, 1); return Load(other) }
	mirror := func(f func(x, y *uint64) uint64) func(x, y *uint64) uint64 {
		return func(x, y *uint64) uint64 { return f(y, x) }
	}

	seen := litmus(plain, mirror(plain))
	require.Contains(t, seen, "[0 0]", "a load may pass an older ordinary store to another word")
	require.Len(t, seen, 4)

	seen = litmus(atomic, mirror(atomic))
	require.NotContains(t, seen, "[0 0]", "and may not pass an atomic one")
	require.Len(t, seen, 3)

	seen = litmus(
		func(x, y *uint64) uint64 { Store(x, 1); Store(y, 1); return 0 },
		func(x, y *uint64) uint64 { a := Load(y) << 1; return a | Load(x) },
	)
	require.NotContains(t, seen, "[0 2]", "ordinary stores become visible in order")
	require.Len(t, seen, 3)

	seen = litmus(
		func(x, y *uint64) uint64 { Store(x, 1); Store(x, 2); return Load(x) },
		func(x, y *uint64) uint64 { return Load(x) },
	)
	require.Contains(t, seen, "[2 0]", "a CPU sees its own stores before others do")
	require.NotContains(t, seen, "[0 0]")
	require.Len(t, seen, 3)

	seen = litmus(
		func(x, y *uint64) uint64 { Store(x, 1); add(y, 1); return 0 },
		func(x, y *uint64) uint64 { a := Load(y) << 1; return a | Load(x) },
	)
	require.NotContains(t, seen, "[0 2]", "an atomic operation empties the buffer")
}

// A store may stay in the buffer after its operation, its pin and its thread have ended.
func TestBuffersStayFullAcrossOperations(t *testing.T) {
	seen := outcomes(t, options{}, func(w *World) func() string {
		x, y := new(uint64), new(uint64)
		got := new([3]uint64)
		w.Go(0, func() {
			Pin()
			Store(x, 1)
			Unpin()
			Pin()
			Store(y, Load(x)+1)
			Unpin()
			got[0] = Load(y)
		})
		w.Go(1, func() { got[1] = Load(y); got[2] = Load(x) })
		return func() string { return fmt.Sprint(*got) }
	})
	require.Contains(t, seen, "[2 0 0]")
	require.Contains(t, seen, "[2 0 1]")
	require.Contains(t, seen, "[2 2 1]")
	require.Len(t, seen, 3)
}

func TestMigrationCarriesTheStoresAlong(t *testing.T) {
	seen := outcomes(t, options{}, func(w *World) func() string {
		x, y := new(uint64), new(uint64)
		got := new([2]uint64)
		w.Go(0, func() { Store(x, 1); Migrate(1); Store(y, 1) })
		w.Go(2, func() { got[0] = Load(y); got[1] = Load(x) })
		return func() string { return fmt.Sprint(*got) }
	})
	require.NotContains(t, seen, "[1 0]")
	require.Len(t, seen, 3)
}
