// SPDX-License-Identifier: Apache-2.0

//go:build explore

package atomicf

import (
	"math"
	"testing"

	"github.com/quipu-metrics/quipu/internal/interleave"
)

// aLevel is a Level in a scenario. Its history counts in units.
type aLevel struct {
	Level
	unit float64
	*interleave.History
}

func newLevel(unit float64) *aLevel {
	pinCost.Store(pinDearer)
	return &aLevel{unit: unit, History: interleave.NewHistory()}
}

// hot makes the cell hot at the start, with addition 3 in the row of CPU 0 if add is set.
func (l *aLevel) hot(add bool) *aLevel {
	l.promote()
	if add {
		l.Before(3)
		l.Level.Add(float64(interleave.Addend(3)) * l.unit)
	}
	return l
}

// add uses Inc for an addition of 1.
func (l *aLevel) add(n int) {
	l.Add(n, func(v uint64) {
		if d := float64(v) * l.unit; d == 1 {
			l.Inc()
		} else {
			l.Level.Add(d)
		}
	})
}

func (l *aLevel) set(n int) {
	l.Set(n, func(v uint64) { l.Level.Set(float64(v) * l.unit) })
}

func (l *aLevel) value() uint64 {
	v := l.Load() / l.unit
	if v < 0 || v > 1<<30 || v != math.Trunc(v) {
		return 1 << 40
	}
	return uint64(v)
}

func (l *aLevel) load(reader int) { l.Read(reader, l.value) }

func (l *aLevel) Add(n int, op func(v uint64)) { l.History.Add(n, op) }
func (l *aLevel) Set(n int, op func(v uint64)) { l.History.Set(n, op) }

func (l *aLevel) check() string { return l.Judge(l.value()) }

func levelScenarios(unit float64) []interleave.Scenario {
	scenario := func(name string, setup func(w *interleave.World, l *aLevel)) interleave.Scenario {
		return interleave.Scenario{Name: name, Setup: func(w *interleave.World) {
			l := newLevel(unit)
			setup(w, l)
			w.Check(l.check)
		}}
	}
	return []interleave.Scenario{
		scenario("Adds while it turns hot, read", func(w *interleave.World, l *aLevel) {
			w.Go(0, func() { l.add(0) })
			w.Go(1, func() { l.promote(); l.add(1) })
			w.Go(2, func() { l.load(0) })
		}),
		scenario("a straggling Add of the CPU of the new generation", func(w *interleave.World, l *aLevel) {
			l.hot(true)
			w.Go(0, func() { l.add(0) })
			w.Go(0, func() { l.set(1); l.promote(); l.add(1) })
		}),
		scenario("a straggling Add of another CPU", func(w *interleave.World, l *aLevel) {
			l.hot(true)
			w.Go(0, func() { l.add(0) })
			w.Go(1, func() { l.set(1); l.promote(); l.add(1) })
		}),
		scenario("a reader across a Set and a new generation", func(w *interleave.World, l *aLevel) {
			l.hot(true)
			w.Go(0, func() { l.set(1); l.promote(); l.add(1) })
			w.Go(1, func() { l.load(0); l.load(0) })
		}),
		scenario("two Sets, a reader and an Add", func(w *interleave.World, l *aLevel) {
			l.hot(true)
			w.Go(1, func() { l.set(1); l.set(2) })
			w.Go(0, func() { l.add(0) })
			w.Go(2, func() { l.load(0); l.load(0) })
		}),
		scenario("two promoters and a Set", func(w *interleave.World, l *aLevel) {
			w.Go(0, func() { l.promote(); l.add(0) })
			w.Go(1, func() { l.promote(); l.set(1); l.promote(); l.add(1) })
		}),
		scenario("two promoters of a cell that was hot before", func(w *interleave.World, l *aLevel) {
			l.hot(false)
			l.Level.Set(0)
			w.Go(0, func() { l.promote() })
			w.Go(1, func() { l.promote(); l.add(0); l.set(1); l.add(1) })
		}),
		scenario("a burst on one CPU and a reader", func(w *interleave.World, l *aLevel) {
			l.hot(false)
			w.Go(0, func() { l.add(0); l.add(1); l.add(2) })
			w.Go(1, func() { l.load(0) })
		}),
		scenario("two goroutines of one CPU and a reader", func(w *interleave.World, l *aLevel) {
			l.hot(true)
			w.Go(0, func() { l.add(0) })
			w.Go(0, func() { l.add(1) })
			w.Go(1, func() { l.load(0) })
		}),
		scenario("an adder that migrates, and a Set with a new generation", func(w *interleave.World, l *aLevel) {
			l.hot(true)
			w.Go(0, func() { l.add(0); interleave.Migrate(1); l.add(1) })
			w.Go(1, func() { l.set(1); l.promote(); l.load(0) })
		}),
		scenario("a CPU that appears late", func(w *interleave.World, l *aLevel) {
			w.Procs = 1
			l.hot(true)
			w.Procs = 2
			w.Go(1, func() { l.add(0); l.add(1) })
			w.Go(0, func() { l.load(0) })
		}),
	}
}

func TestEveryInterleavingOfALevelIsAnOrderOfSetsAndAdds(t *testing.T) {
	interleave.Run(t, levelScenarios(1)...)
}

func TestEveryInterleavingOfALevelOfFractionsIsAnOrderOfSetsAndAdds(t *testing.T) {
	interleave.Run(t, levelScenarios(1.0/4096)...)
}

// Every addition of this test moves both words of the pair that holds the fractions. A reader that
// takes the words of different additions gets a value that no additions add up to.
func TestEveryInterleavingReadsBothWordsOfAPair(t *testing.T) {
	const far, unit = 1 << 60, 100 + 1.0/1024 // no addition is an integer
	scenario := func(name string, setup func(w *interleave.World, l *aLevel)) interleave.Scenario {
		return interleave.Scenario{Name: name, Setup: func(w *interleave.World) {
			l := newLevel(unit)
			l.Level.Set(-far)
			l.promote()
			l.Level.Add(far)
			setup(w, l)
			w.Check(l.check)
		}}
	}
	interleave.Run(t,
		scenario("one writer, one reader", func(w *interleave.World, l *aLevel) {
			w.Go(0, func() { l.add(0); l.add(1); l.add(2) })
			w.Go(1, func() { l.load(0); l.load(0) })
		}),
		scenario("two writers of one CPU", func(w *interleave.World, l *aLevel) {
			w.Go(0, func() { l.add(0); l.add(1) })
			w.Go(0, func() { l.add(2) })
			w.Go(1, func() { l.load(0) })
		}),
		scenario("a Set and a new generation", func(w *interleave.World, l *aLevel) {
			w.Go(0, func() { l.add(0); l.set(1); l.promote(); l.add(1) })
			w.Go(1, func() { l.load(0) })
		}),
	)
}
