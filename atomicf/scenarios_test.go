// SPDX-License-Identifier: Apache-2.0

//go:build explore

package atomicf

import (
	"testing"

	"github.com/quipu-metrics/quipu/internal/interleave"
)

// These are small programs that use the real cells. Every order of their memory accesses is run.
// The tests of explore_test.go build them: see package realcode.

// spread is Count or Sum.
type spread interface {
	add(v uint64)
	read() uint64
	promote() bool
}

type (
	aCount struct {
		Count
		unit uint64
	}
	aSum struct{ Sum }
)

func (c *aCount) add(v uint64) {
	if v == 1 && c.unit == 1 {
		c.Inc()
		return
	}
	c.Add(v * c.unit)
}

func (c *aCount) read() uint64  { return c.Load() / c.unit }
func (s *aSum) add(v uint64)    { s.Add(float64(v)) }
func (s *aSum) read() uint64    { return uint64(s.Load()) }
func (s *aSum) promote() bool   { return s.Sum.promote() }
func (c *aCount) promote() bool { return c.Count.promote() }

// spreadScenarios returns the scenarios that Count and Sum share.
func spreadScenarios(fresh func() spread) []interleave.Scenario {
	type actions struct {
		add  func(n int)
		load func(reader int)
		heat func()
	}
	type setupFunc func(w *interleave.World, c spread, a actions, h *interleave.History)
	scenario := func(name string, setup setupFunc) interleave.Scenario {
		return interleave.Scenario{Name: name, Setup: func(w *interleave.World) {
			pinCost.Store(pinDearer)
			c, h := fresh(), interleave.NewHistory()
			setup(w, c, actions{
				add:  func(n int) { h.Add(n, c.add) },
				load: func(reader int) { h.Read(reader, c.read) },
				heat: func() { c.promote() },
			}, h)
			w.Check(func() string { return h.Judge(c.read()) })
		}}
	}
	return []interleave.Scenario{
		scenario("a late adder, a promoter that goes on, a reader",
			func(w *interleave.World, c spread, a actions, h *interleave.History) {
				w.Go(0, func() { a.add(0) })
				w.Go(1, func() { a.heat(); a.add(1) })
				w.Go(2, func() { a.load(0); a.load(0) })
			}),
		scenario("two promoters on one CPU", func(w *interleave.World, c spread, a actions, h *interleave.History) {
			w.Go(0, func() { a.add(0); a.heat(); a.add(1) })
			w.Go(0, func() { a.heat(); a.add(2) })
		}),
		scenario("an adder on each CPU during promotion",
			func(w *interleave.World, c spread, a actions, h *interleave.History) {
				w.Go(0, func() { a.add(0); a.add(1) })
				w.Go(1, func() { a.add(2) })
				w.Go(2, func() { a.heat() })
			}),
		scenario("two adders of one hot CPU and a reader",
			func(w *interleave.World, c spread, a actions, h *interleave.History) {
				c.promote()
				w.Go(1, func() { a.add(0) })
				w.Go(1, func() { a.add(1) })
				w.Go(0, func() { a.load(0); a.load(0) })
			}),
		scenario("bursts on both CPUs of a hot cell and a reader",
			func(w *interleave.World, c spread, a actions, h *interleave.History) {
				c.promote()
				w.Go(0, func() { a.add(0); a.add(1); a.add(2) })
				w.Go(1, func() { a.add(3); a.add(4) })
				w.Go(2, func() { a.load(0) })
			}),
		scenario("an adder that migrates to the other CPU of a hot cell",
			func(w *interleave.World, c spread, a actions, h *interleave.History) {
				c.promote()
				w.Go(0, func() { a.add(0); interleave.Migrate(1); a.add(1) })
				w.Go(1, func() { a.add(2) })
				w.Go(2, func() { a.load(0); a.load(0) })
			}),
		scenario("CPUs that appear after the cell became hot",
			func(w *interleave.World, c spread, a actions, h *interleave.History) {
				w.Procs = 1
				c.promote()
				w.Procs = 3
				w.Go(1, func() { a.add(0); a.add(1) })
				w.Go(2, func() { a.add(2) })
				w.Go(0, func() { a.load(0) })
			}),
		scenario("two goroutines of a CPU that appears late",
			func(w *interleave.World, c spread, a actions, h *interleave.History) {
				w.Procs = 1
				c.promote()
				w.Procs = 2
				w.Go(1, func() { a.add(0) })
				w.Go(1, func() { a.add(1) })
				w.Go(0, func() { a.load(0) })
			}),
	}
}

func TestEveryInterleavingOfACountKeepsEveryAdd(t *testing.T) {
	interleave.Run(t, spreadScenarios(func() spread { return &aCount{unit: 1} })...)
}

func TestEveryInterleavingOfACountKeepsLargeAdds(t *testing.T) {
	interleave.Run(t, spreadScenarios(func() spread { return &aCount{unit: lateMax} })...)
}

// The row of a cell that has been collected is zeroed and used again, but not before the last
// update or read of the cell is over.
func TestNoOrderWritesIntoARowThatWasGivenBack(t *testing.T) {
	last := func(name string, use func(c *Count, s *Sum, l *Level) (object any, op func())) interleave.Scenario {
		return interleave.Scenario{Name: name, Setup: func(w *interleave.World) {
			pinCost.Store(pinDearer)
			c, s, l := new(Count), new(Sum), new(Level)
			c.promote()
			s.promote()
			l.promote()
			l.Add(1) // stamps the row
			object, op := use(c, s, l)
			other := new(Count)
			w.Go(0, func() { interleave.LastUse(object, op); other.Inc() })
			w.Go(1, func() { other.Inc() })
			w.Check(func() string { return "" })
		}}
	}
	interleave.Run(t,
		last("Count.Inc", func(c *Count, s *Sum, l *Level) (any, func()) { return c, c.Inc }),
		last("Count.Add", func(c *Count, s *Sum, l *Level) (any, func()) { return c, func() { c.Add(lateMax) } }),
		last("Count.Load", func(c *Count, s *Sum, l *Level) (any, func()) { return c, func() { c.Load() } }),
		last("Sum.Add", func(c *Count, s *Sum, l *Level) (any, func()) { return s, func() { s.Add(1) } }),
		last("Sum.Load", func(c *Count, s *Sum, l *Level) (any, func()) { return s, func() { s.Load() } }),
		last("Level.Inc", func(c *Count, s *Sum, l *Level) (any, func()) { return l, l.Inc }),
		last("Level.Add", func(c *Count, s *Sum, l *Level) (any, func()) { return l, func() { l.Add(0.5) } }),
		last("Level.Load", func(c *Count, s *Sum, l *Level) (any, func()) { return l, func() { l.Load() } }),
	)
}

func TestEveryInterleavingOfASumKeepsEveryAdd(t *testing.T) {
	interleave.Run(t, spreadScenarios(func() spread { return new(aSum) })...)
}
