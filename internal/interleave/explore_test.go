// SPDX-License-Identifier: Apache-2.0

package interleave

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestIncrementsOfTwoStepsLoseOne(t *testing.T) {
	seen := outcomes(t, options{}, func(w *World) func() string {
		x := new(uint64)
		for range 2 {
			w.Go(0, func() { v := Load(x); swap(x, v+1) })
		}
		return func() string { return fmt.Sprint(*x) }
	})
	require.Contains(t, seen, "1")
	require.Contains(t, seen, "2")
	require.Len(t, seen, 2)
}

func TestAtomicIncrementsLoseNone(t *testing.T) {
	seen := outcomes(t, options{}, func(w *World) func() string {
		x := new(uint64)
		for range 3 {
			w.Go(0, func() { add(x, 1) })
		}
		return func() string { return fmt.Sprint(*x) }
	})
	require.Equal(t, map[string]int{"3": 6}, seen)
}

// randomProgram runs a few threads with a few random operations on a few words. It returns the
// values that they read.
func randomProgram(seed uint64, w *World) func() string {
	rng := rand.New(rand.NewPCG(seed, 1))
	words := new([3]uint64)
	mutexes := new([1]byte)
	const threads = 3
	read := new([threads][]uint64)
	for i := range threads {
		type operation struct{ kind, word int }
		var program []operation
		for range 1 + rng.IntN(2) {
			program = append(program, operation{rng.IntN(8), rng.IntN(len(words))})
		}
		w.Go(i%2, func() {
			note := func(v uint64) { read[i] = append(read[i], v) }
			for n, op := range program {
				p := &words[op.word]
				v := uint64(10*i + n + 1)
				switch op.kind {
				case 0, 1:
					note(Load(p))
				case 2:
					swap(p, v)
				case 3:
					note(add(p, v))
				case 4:
					Store(p, v)
				case 5:
					Pin()
					Store(p, Load(p)+v)
					Unpin()
				case 6:
					Lock(&mutexes[0])
					note(Load(p))
					Store(p, v)
					Unlock(&mutexes[0])
				case 7:
					if TryLock(&mutexes[0]) {
						swap(p, v)
						Unlock(&mutexes[0])
					}
				}
			}
		})
	}
	return func() string { return fmt.Sprint(*read, *words) }
}

func TestTheReductionLosesNoOutcome(t *testing.T) {
	programs := uint64(100)
	if testing.Short() {
		programs = 25
	}
	reduced, all := 0, 0
	for seed := range programs {
		few := outcomes(t, options{}, func(w *World) func() string { return randomProgram(seed, w) })
		every := make(map[string]int)
		e := &explorer{options: options{Runs: 1 << 15}, dependent: access.dependent, full: true}
		result := e.explore(func(w *World) {
			report := randomProgram(seed, w)
			w.Check(func() string { every[report()]++; return "" })
		})
		if result.Fault != "" {
			require.Equal(t, "more orders than the limit", result.Fault)
			for outcome := range every {
				require.Contains(t, few, outcome, "program %d", seed)
			}
			continue
		}
		require.Len(t, few, len(every), "program %d", seed)
		for outcome := range every {
			require.Contains(t, few, outcome, "program %d", seed)
		}
		for _, n := range few {
			reduced += n
		}
		all += result.Runs
	}
	t.Logf("%d orders instead of %d", reduced, all)
	require.Less(t, 5*reduced, all)
}

// A lock that is held and a buffer that is full disable steps. The reduction must not leave out
// orders because of that.
func TestCriticalSectionsComeInEveryOrder(t *testing.T) {
	seen := outcomes(t, options{}, func(w *World) func() string {
		x, mutex := new(uint64), new(byte)
		var order []int
		for i := range 3 {
			w.Go(i%2, func() {
				Lock(mutex)
				Store(x, Load(x)+1)
				order = append(order, i)
				Unlock(mutex)
			})
		}
		return func() string { return fmt.Sprint(order, *x) }
	})
	require.Len(t, seen, 6)
	require.Contains(t, seen, "[2 1 0] 3")
}

func TestABoundOfSwitchesLeavesOrdersOut(t *testing.T) {
	runs := 0
	for bound := 1; bound < 4; bound++ {
		seen := outcomes(t, options{Switches: bound}, func(w *World) func() string {
			x := new(uint64)
			for range 2 {
				w.Go(0, func() { v := Load(x); swap(x, v+1); v = Load(x); swap(x, v+1) })
			}
			return func() string { return fmt.Sprint(*x) }
		})
		total := 0
		for _, n := range seen {
			total += n
		}
		require.Contains(t, seen, "4")
		require.Contains(t, seen, "2")
		require.Greater(t, total, runs)
		runs = total
	}
}

func TestExploreReportsWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct {
		setup func(w *World)
		fault string
	}{
		"deadlock": {func(w *World) {
			a, b := new(byte), new(byte)
			w.Go(0, func() { Lock(a); Lock(b) })
			w.Go(1, func() { Lock(b); Lock(a) })
		}, "the threads wait for each other"},
		"limit": {func(w *World) {
			x := new(uint64)
			for range 4 {
				w.Go(0, func() { add(x, 1); add(x, 1) })
			}
		}, "more orders than the limit"},
		"check": {func(w *World) {
			x := new(uint64)
			w.Go(0, func() { swap(x, Load(x)+1) })
			w.Go(0, func() { swap(x, Load(x)+1) })
			w.Check(func() string {
				if *x != 2 {
					return "an increment is lost"
				}
				return ""
			})
		}, "an increment is lost"},
		"panic": {func(w *World) {
			x := new(uint64)
			w.Go(0, func() { swap(x, 1) })
			w.Go(0, func() {
				if Load(x) == 1 {
					panic("seen")
				}
			})
		}, "panic: seen"},
		"endless": {func(w *World) {
			x := new(uint64)
			w.Go(0, func() {
				for Load(x) == 0 {
				}
			})
		}, "a thread does not come to an end"},
		"pinned": {func(w *World) { w.Go(0, func() { Pin() }) }, "a thread ends pinned"},
		"recycled": {func(w *World) {
			x, object := new(uint64), new(byte)
			AddCleanup(object, func() { swap(x, 0) })
			w.Go(0, func() { LastUse(object, func() { KeepAlive(object); Store(x, 1) }) })
		}, "a word is accessed that may have been recycled already"},
	} {
		t.Run(name, func(t *testing.T) {
			result := explore(options{Runs: 1000}, func(w *World) {
				w.Check(func() string { return "" })
				c.setup(w)
			})
			require.Contains(t, result.Fault, c.fault)
		})
	}
	result := explore(options{}, func(w *World) {
		x, object := new(uint64), new(byte)
		AddCleanup(object, func() { swap(x, 0) })
		w.Go(0, func() { LastUse(object, func() { Store(x, 1); KeepAlive(object) }) })
		w.Check(func() string { return "" })
	})
	require.Empty(t, result.Fault)
}

func TestExploreNoticesAScenarioThatIsNotDeterministic(t *testing.T) {
	runs := 0
	result := explore(options{Runs: 1000}, func(w *World) {
		x := new(uint64)
		for range 2 + runs%2 {
			w.Go(0, func() { add(x, 1) })
		}
		runs++
		w.Check(func() string { return "" })
	})
	require.Contains(t, result.Fault, "not deterministic")
}
