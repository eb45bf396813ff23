// SPDX-License-Identifier: Apache-2.0

package interleave

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

const testLimit = 1 << 20

// outcomes collects what each run of a model ends with.
func outcomes(t *testing.T, setup func(w *World, report func(string))) map[string]int {
	t.Helper()
	seen := make(map[string]int)
	result := Explore(testLimit, func(w *World) {
		var said string
		setup(w, func(s string) { said = s })
		check := w.check
		w.Check(func() string {
			if check != nil {
				check()
			}
			seen[said]++
			return ""
		})
	})
	require.Empty(t, result.Fault)
	return seen
}

func TestIncrementsOfTwoStepsLoseOne(t *testing.T) {
	seen := outcomes(t, func(w *World, report func(string)) {
		var x Word
		for range 2 {
			w.Go(func(t *Thread) { t.Store(&x, t.Load(&x)+1) })
		}
		w.Check(func() string { report(fmt.Sprint(x.Value())); return "" })
	})
	require.Contains(t, seen, "1")
	require.Contains(t, seen, "2")
	require.Len(t, seen, 2)
}

func TestAtomicIncrementsLoseNone(t *testing.T) {
	seen := outcomes(t, func(w *World, report func(string)) {
		var x Word
		for range 3 {
			w.Go(func(t *Thread) {
				for {
					if v := t.Load(&x); t.CompareAndSwap(&x, v, v+1) {
						return
					}
				}
			})
		}
		w.Check(func() string { report(fmt.Sprint(x.Value())); return "" })
	})
	require.Len(t, seen, 1)
	require.Contains(t, seen, "3")
}

// The litmus tests of x86-TSO: what the store buffer allows, and what it does not.
func TestPlainStoresFollowTheRulesOfAMD64(t *testing.T) {
	type pair = [2]uint64
	litmus := func(left, right func(t *Thread, x, y *Word) uint64) map[string]int {
		return outcomes(t, func(w *World, report func(string)) {
			var x, y Word
			var got pair
			for i, body := range []func(*Thread, *Word, *Word) uint64{left, right} {
				cpu := w.CPU()
				w.Go(func(t *Thread) {
					t.Pin(cpu)
					got[i] = body(t, &x, &y)
					t.Unpin()
				})
			}
			w.Check(func() string { report(fmt.Sprint(got)); return "" })
		})
	}
	plain := func(t *Thread, mine, other *Word) uint64 { t.Plain(mine, 1); return t.Load(other) }
	atomic := func(t *Thread, mine, other *Word) uint64 { t.Store(mine, 1); return t.Load(other) }
	swap := func(f func(*Thread, *Word, *Word) uint64) func(*Thread, *Word, *Word) uint64 {
		return func(t *Thread, x, y *Word) uint64 { return f(t, y, x) }
	}

	seen := litmus(plain, swap(plain))
	require.Contains(t, seen, "[0 0]", "a load may pass an older plain store to another word")
	require.Len(t, seen, 4)

	seen = litmus(atomic, swap(atomic))
	require.NotContains(t, seen, "[0 0]", "and may not pass an atomic one")
	require.Len(t, seen, 3)

	seen = litmus(
		func(t *Thread, x, y *Word) uint64 { t.Plain(x, 1); t.Plain(y, 1); return 0 },
		func(t *Thread, x, y *Word) uint64 { return t.Load(y)<<1 | t.Load(x) },
	)
	require.NotContains(t, seen, "[0 2]", "plain stores become visible in order")
	require.Len(t, seen, 3)

	seen = litmus(
		func(t *Thread, x, _ *Word) uint64 { t.Plain(x, 1); t.Plain(x, 2); return t.Load(x) },
		func(t *Thread, x, _ *Word) uint64 { return t.Load(x) },
	)
	require.Contains(t, seen, "[2 0]", "a CPU sees its own stores before others do")
	require.NotContains(t, seen, "[0 0]")
}

func TestSleepSetsLoseNoOutcome(t *testing.T) {
	model := func(w *World, seen map[string]int) {
		var words [3]Word
		var got [2]uint64
		for i := range 2 {
			cpu := w.CPU()
			w.Go(func(t *Thread) {
				t.Pin(cpu)
				t.Plain(&words[i], 1)
				got[i] = t.Load(&words[1-i])
				t.Unpin()
				t.Add(&words[2], uint64(i+1))
			})
		}
		w.Go(func(t *Thread) { t.Store(&words[0], 5) })
		w.Check(func() string {
			seen[fmt.Sprint(got, words[0].Value(), words[1].Value(), words[2].Value())]++
			return ""
		})
	}
	reduced, full := make(map[string]int), make(map[string]int)
	result := Explore(testLimit, func(w *World) { model(w, reduced) })
	require.Empty(t, result.Fault)
	every := explore(testLimit, func(w *World) { model(w, full) }, func(a, b access) bool { return true })
	require.Empty(t, every.Fault)
	t.Logf("%d outcomes, %d runs with sleep sets, %d without", len(full), result.Runs, every.Runs)
	require.Less(t, 100*result.Runs, every.Runs)
	require.Len(t, reduced, len(full))
	for outcome := range full {
		require.Contains(t, reduced, outcome)
	}
}

func TestExploreReportsWhatIsWrongWithAModel(t *testing.T) {
	for name, c := range map[string]struct {
		setup func(w *World)
		fault string
	}{
		"deadlock": {func(w *World) {
			a, b := w.CPU(), w.CPU()
			w.Go(func(t *Thread) { t.Pin(a); t.Pin(b) })
			w.Go(func(t *Thread) { t.Pin(b); t.Pin(a) })
			w.Check(func() string { return "" })
		}, "the threads wait for each other"},
		"limit": {func(w *World) {
			var x Word
			for range 4 {
				w.Go(func(t *Thread) { t.Add(&x, 1); t.Add(&x, 1) })
			}
			w.Check(func() string { return "" })
		}, "more orders than the limit"},
		"check": {func(w *World) {
			var x Word
			w.Go(func(t *Thread) { t.Store(&x, t.Load(&x)+1) })
			w.Go(func(t *Thread) { t.Store(&x, t.Load(&x)+1) })
			w.Check(func() string {
				if x.Value() != 2 {
					return "an increment is lost"
				}
				return ""
			})
		}, "an increment is lost"},
	} {
		t.Run(name, func(t *testing.T) {
			result := Explore(1000, c.setup)
			require.Equal(t, c.fault, result.Fault)
			require.NotEmpty(t, result.Order)
		})
	}
}

func TestExploreNoticesAModelThatIsNotDeterministic(t *testing.T) {
	runs := 0
	result := Explore(1000, func(w *World) {
		var x Word
		for range 2 + runs%2 {
			w.Go(func(t *Thread) { t.Add(&x, 1) })
		}
		runs++
		w.Check(func() string { return "" })
	})
	require.Contains(t, result.Fault, "not deterministic")
}
