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

// watched is a Level whose updates and reports of Updated are compared.
type watched struct {
	Level
	begun, covered, reports int
	seen                    float64 // after the last report
}

func (l *watched) update(op func()) {
	interleave.Write(&l.begun)
	l.begun++
	op()
}

// look does what a reader does: it asks, then reads.
func (l *watched) look() {
	if l.Updated() {
		interleave.Read(&l.begun)
		l.covered = l.begun
		l.reports++
	}
	l.seen = l.Load()
}

// check finds updates that are over and that nobody was told of. A report of true covers those that
// had begun by then.
func (l *watched) check() string {
	l.look()
	switch {
	case l.covered < l.begun:
		return "no report covers an update"
	case l.reports > l.begun:
		return "an update is reported twice"
	}
	return ""
}

// checkLast finds an update that changed the value after the last report, and that is not reported
// then.
func (l *watched) checkLast() string {
	if seen := l.seen; !l.Updated() && l.Load() != seen {
		return "the value is not what it was at the last report"
	}
	return ""
}

func watchedScenario(name string, hot bool, setup func(w *interleave.World, l *watched)) interleave.Scenario {
	if hot {
		name += ", hot"
	}
	return interleave.Scenario{Name: name, Setup: func(w *interleave.World) {
		pinCost.Store(pinDearer)
		l := new(watched)
		if hot {
			l.promote()
			l.Inc() // the next one finds a row of this generation
		}
		l.Updated()
		l.seen = l.Load()
		w.Check(l.check)
		setup(w, l)
	}}
}

func TestEveryInterleavingOfUpdatesIsReported(t *testing.T) {
	scenarios := []interleave.Scenario{
		watchedScenario("it turns hot and nobody updates it", false, func(w *interleave.World, l *watched) {
			w.Go(0, func() { l.promote() })
			w.Go(1, func() { l.look(); l.look() })
		}),
	}
	for _, hot := range []bool{false, true} {
		scenarios = append(scenarios,
			watchedScenario("an Inc and a Set while somebody looks", hot, func(w *interleave.World, l *watched) {
				w.Go(0, func() { l.update(l.Inc) })
				w.Go(1, func() { l.update(func() { l.Set(1) }) })
				w.Go(2, func() { l.look(); l.look() })
			}),
			watchedScenario("two Adds while somebody looks", hot, func(w *interleave.World, l *watched) {
				w.Go(0, func() { l.update(func() { l.Add(0.5) }); l.update(func() { l.Add(-0.5) }) })
				w.Go(1, func() { l.look(); l.look() })
			}),
			watchedScenario("it turns hot while somebody looks", hot, func(w *interleave.World, l *watched) {
				w.Go(0, func() { l.update(func() { l.Set(1) }); l.promote() })
				w.Go(1, func() { l.look(); l.look() })
			}),
			watchedScenario("two look", hot, func(w *interleave.World, l *watched) {
				w.Go(0, func() { l.update(l.Inc) })
				w.Go(1, func() { l.look() })
				w.Go(2, func() { l.look() })
			}),
		)
	}
	interleave.Run(t, scenarios...)
}

// A writer may stop anywhere in an update for longer than stores wait in a buffer: here everybody
// is on one CPU and sees what is in it. Whatever the writer did not write before the last report
// makes the next one true.
func TestEveryInterleavingOfAnUpdateThatStopsIsReported(t *testing.T) {
	ops := map[string]func(l *Level){
		"Set": func(l *Level) { l.Set(1) },
		"Inc": func(l *Level) { l.Inc() },
		"Add": func(l *Level) { l.Add(0.5) },
	}
	var scenarios []interleave.Scenario
	for _, name := range []string{"Set", "Inc", "Add"} {
		for _, hot := range []bool{false, true} {
			scenarios = append(scenarios,
				watchedScenario(name, hot, func(w *interleave.World, l *watched) {
					w.Go(0, func() { ops[name](&l.Level) })
					w.Go(0, func() { l.look(); l.look() })
					w.Check(l.checkLast)
				}),
				watchedScenario(name+" after a Set", hot, func(w *interleave.World, l *watched) {
					w.Go(0, func() { l.Set(2); ops[name](&l.Level) })
					w.Go(0, func() { l.look(); l.look() })
					w.Check(l.checkLast)
				}),
				watchedScenario(name+" and a promoter", hot, func(w *interleave.World, l *watched) {
					w.Go(0, func() { ops[name](&l.Level) })
					w.Go(0, func() { l.promote() })
					w.Go(0, func() { l.look(); l.look() })
					w.Check(l.checkLast)
				}),
			)
		}
	}
	interleave.Run(t, scenarios...)
}
