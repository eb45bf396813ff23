// SPDX-License-Identifier: Apache-2.0

//go:build explore

package percpu

import (
	"fmt"
	"testing"

	"github.com/quipu-metrics/quipu/internal/interleave"
)

// These are small programs that use the real slab, with two groups of 64 words. Every order of
// their memory accesses is run.

// tenants records which user has which words of the slab.
type tenants struct {
	owner map[uint32]int
	fault string
}

func (s *tenants) fail(format string, args ...any) {
	if s.fault == "" {
		s.fault = fmt.Sprintf(format, args...)
	}
}

// use takes a row, checks that it is zero, writes to it, checks that nobody else has, and gives it
// back if back is set.
func (s *tenants) use(who, n int, back bool) {
	index, ok := Alloc(n)
	if !ok {
		return
	}
	for w := index; w < index+uint32(n); w++ {
		if other := s.owner[w]; other != 0 {
			s.fail("word %d is %d's and %d's", w, other, who)
		}
		s.owner[w] = who
		if sum := Sum(w); sum != 0 {
			s.fail("word %d is %d from the start", w, sum)
		}
	}
	last := index + uint32(n) - 1
	increment(last, uint64(who))
	if sum := Sum(last); sum != uint64(who) {
		s.fail("word %d is %d, not %d", last, sum, who)
	}
	if back {
		for w := index; w < index+uint32(n); w++ {
			delete(s.owner, w)
		}
		Free(index, n)
	}
}

// increment adds to a word in the way that the cells do.
func increment(index uint32, n uint64) {
	for {
		pid := Pin()
		if p := Word(pid, index); p != nil {
			Add(p, n)
			Unpin()
			return
		}
		Unpin()
		Grow(pid, index)
	}
}

func TestEveryInterleavingKeepsRowsApartAndZero(t *testing.T) {
	scenario := func(name string, setup func(w *interleave.World, s *tenants)) interleave.Scenario {
		return interleave.Scenario{Name: name, Setup: func(w *interleave.World) {
			s := &tenants{owner: map[uint32]int{}}
			setup(w, s)
			w.Check(func() string { return s.fault })
		}}
	}
	interleave.Run(t,
		scenario("a row comes back and is taken again", func(w *interleave.World, s *tenants) {
			w.Go(0, func() { s.use(1, 2, true) })
			w.Go(1, func() { s.use(2, 2, false) })
		}),
		scenario("rows of several lengths", func(w *interleave.World, s *tenants) {
			w.Go(0, func() { s.use(1, 1, true); s.use(3, 3, false) })
			w.Go(1, func() { s.use(2, 2, false) })
		}),
		scenario("a P appears meanwhile", func(w *interleave.World, s *tenants) {
			w.Procs = 1
			index, _ := Alloc(1)
			s.owner[index] = 9
			w.Procs = 2
			w.Go(1, func() { s.use(1, 1, true) })
			w.Go(1, func() { increment(index, 1) })
		}),
	)
}

func TestEveryInterleavingOfGrowthKeepsEveryAdd(t *testing.T) {
	scenario := func(name string, setup func(w *interleave.World, add, load func(n int))) interleave.Scenario {
		return interleave.Scenario{Name: name, Setup: func(w *interleave.World) {
			w.Procs = 1
			index, _ := Alloc(1)
			h := interleave.NewHistory()
			setup(w,
				func(n int) { h.Add(n, func(v uint64) { increment(index, v) }) },
				func(reader int) { h.Read(reader, func() uint64 { return Sum(index) }) })
			w.Check(func() string { return h.Judge(Sum(index)) })
		}}
	}
	interleave.Run(t,
		scenario("two goroutines of a P that appears", func(w *interleave.World, add, load func(int)) {
			w.Go(1, func() { add(0) })
			w.Go(1, func() { add(1) })
		}),
		scenario("the last P appears first", func(w *interleave.World, add, load func(int)) {
			w.Go(2, func() { add(0) })
			w.Go(1, func() { add(1) })
		}),
		scenario("a reader during growth", func(w *interleave.World, add, load func(int)) {
			w.Go(2, func() { add(0); add(1) })
			w.Go(0, func() { load(0); load(0) })
		}),
		scenario("a burst on two Ps and a reader", func(w *interleave.World, add, load func(int)) {
			Grow(1, 0)
			w.Go(0, func() { add(0); add(1) })
			w.Go(1, func() { add(2); add(3) })
			w.Go(2, func() { load(0) })
		}),
	)
}

// A reader of two words sees the stores of a P in their order. The cells and rows of other packages
// rely on that.
func TestOrdinaryStoresBecomeVisibleInOrder(t *testing.T) {
	interleave.Run(t, interleave.Scenario{Name: "two words", Setup: func(w *interleave.World) {
		index, _ := Alloc(2)
		var first, second uint64
		w.Go(0, func() {
			row := Row(Pin(), index)
			Store(&row[0], 1)
			Store(&row[1], 1)
			Unpin()
		})
		w.Go(1, func() {
			row := Row(0, index)
			second = Load(&row[1])
			first = Load(&row[0])
		})
		w.Check(func() string {
			if second > first {
				return "the second store is visible before the first"
			}
			return ""
		})
	}})
}
