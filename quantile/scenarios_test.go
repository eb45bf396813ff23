// SPDX-License-Identifier: Apache-2.0

//go:build explore

package quantile

import (
	"testing"

	"github.com/quipu-metrics/quipu/internal/interleave"
)

// These are small programs that use the real Log, with two chunks of two observations for each P.
// Every order of their memory accesses is run. Timers do not fire in them.

// logged is a window in a scenario. The sum of its observations shows which they are.
type logged struct {
	*Log
	w Window
	*interleave.History
}

func newLogged() *logged {
	l := &logged{Log: NewLog(nil), History: interleave.NewHistory()}
	l.armed.Store(true)
	objectives, err := NewObjectives(nil)
	if err != nil {
		panic(err)
	}
	l.w.Init(l.Log, objectives, 0)
	l.addRings(2)
	return l
}

func (l *logged) observe(n int) {
	l.Add(n, func(v uint64) { l.Observe(&l.w, float64(v)) })
}

func (l *logged) total() uint64 {
	l.Drain()
	_, _, sum := l.w.Snapshot(nil)
	return uint64(sum)
}

func (l *logged) read(reader int) { l.Read(reader, l.total) }

func (l *logged) check() string {
	for _, r := range *l.rings.Load() {
		for i := range r.chunks {
			c := r.chunks[i].Load()
			if c != nil && c != r.current.Load() && c.n == chunkLen {
				return "a full chunk is left behind"
			}
		}
	}
	if l.merging.Load() {
		return "a merger is said to run and does not"
	}
	_, count, sum := l.w.Snapshot(nil)
	if count > 0 && sum == 0 {
		return "observations are counted and not in the sum"
	}
	wrong := l.Judge(l.total())
	for _, r := range *l.rings.Load() {
		for i := range r.chunks {
			if c := r.chunks[i].Load(); c != nil {
				for _, e := range c.entries {
					if e.w != nil && wrong == "" {
						wrong = "a merged chunk keeps a window alive"
					}
				}
			}
		}
	}
	return wrong
}

func TestEveryInterleavingOfTheLogKeepsEveryObservation(t *testing.T) {
	scenario := func(name string, setup func(w *interleave.World, l *logged)) interleave.Scenario {
		return interleave.Scenario{Name: name, Setup: func(w *interleave.World) {
			l := newLogged()
			setup(w, l)
			w.Check(l.check)
		}}
	}
	bounded := func(switches, deep int, s interleave.Scenario) interleave.Scenario {
		s.Switches, s.Deep = switches, deep
		return s
	}
	interleave.Run(t,
		scenario("two drains of one P", func(w *interleave.World, l *logged) {
			w.Go(0, func() { l.observe(0); l.observe(1) })
			w.Go(1, func() { l.read(0) })
		}),
		scenario("two Ps and a drain", func(w *interleave.World, l *logged) {
			w.Go(0, func() { l.observe(0) })
			w.Go(1, func() { l.observe(1) })
			w.Go(2, func() { l.read(0) })
		}),
		scenario("two goroutines of one P", func(w *interleave.World, l *logged) {
			w.Go(0, func() { l.observe(0) })
			w.Go(0, func() { l.observe(1) })
			w.Go(1, func() { l.read(0) })
		}),
		scenario("a P without a ring", func(w *interleave.World, l *logged) {
			w.Go(2, func() { l.observe(0) })
			w.Go(2, func() { l.observe(1) })
		}),
		bounded(3, 5, scenario("a chunk is handed over during a drain", func(w *interleave.World, l *logged) {
			l.Before(0)
			l.Observe(&l.w, 1)
			w.Go(0, func() { l.observe(1); l.observe(2) })
			w.Go(1, func() { l.read(0) })
		})),
		bounded(1, 2, scenario("a burst fills both chunks", func(w *interleave.World, l *logged) {
			w.Go(0, func() {
				for n := range 5 {
					l.observe(n)
				}
			})
			w.Go(1, func() { l.read(0) })
		})),
		bounded(2, 4, scenario("a drain of a chunk that becomes full, and a merger",
			func(w *interleave.World, l *logged) {
				l.Before(0)
				l.Observe(&l.w, 1)
				w.Go(0, func() { l.observe(1); l.observe(2) })
				w.Go(1, func() { l.Drain() })
				w.Go(2, func() { l.mergeFull() })
			})),
	)
}
