// SPDX-License-Identifier: Apache-2.0

//go:build explore

package histogram

import (
	"fmt"
	"testing"

	"github.com/quipu-metrics/quipu/internal/interleave"
	"github.com/quipu-metrics/quipu/internal/percpu"
)

// These are small programs over the real Classic. All orders of their memory accesses are run. A
// reader freezes the series after one copy that failed, and waits for a writer no longer than for
// one more.

// observed is a series under exploration. Observation n has the value of addition n and a bucket of
// its own, so the buckets and the sum both tell which observations they hold.
type observed struct {
	*Classic
	*interleave.History
	idle  bool // no writer is under way
	wrong string
}

func newObserved() *observed {
	o := &observed{Classic: new(Classic), History: interleave.NewHistory()}
	bounds, err := NewBounds([]float64{1, 4, 16})
	if err != nil {
		panic(err)
	}
	o.Init(bounds)
	return o
}

func (o *observed) observe(n int) {
	o.Add(n, func(v uint64) { o.Observe(float64(v)) })
}

// value returns the additions that the buckets of a snapshot hold.
func (o *observed) value() (held uint64) {
	counts, sum, exact := o.Snapshot(nil)
	for n, count := range counts {
		held += count * interleave.Addend(n)
	}
	switch {
	case exact && float64(held) != sum:
		o.wrong = "the sum does not belong to the buckets"
	case !exact && o.idle:
		o.wrong = "a snapshot without writers is not exact"
	}
	return held
}

func (o *observed) read(reader int) { o.Read(reader, o.value) }

func (o *observed) check() string {
	if state := o.state.Load(); state&stateFrozen != 0 {
		return "the series stays frozen"
	}
	o.idle = true
	var held uint64
	counts, _, _ := o.Snapshot(nil)
	for _, n := range counts {
		held += n
	}
	if count := o.Count(); count != held {
		return fmt.Sprintf("Count is %d, and the buckets hold %d", count, held)
	}
	if wrong := o.Judge(o.value()); wrong != "" {
		return wrong
	}
	return o.wrong
}

func scenario(name string, switches, deep int, setup func(w *interleave.World, o *observed)) interleave.Scenario {
	return interleave.Scenario{Name: name, Switches: switches, Deep: deep, Setup: func(w *interleave.World) {
		o := newObserved()
		setup(w, o)
		w.Check(o.check)
	}}
}

func TestEveryInterleavingOfHotRowsGivesTrueSnapshots(t *testing.T) {
	interleave.Run(t,
		scenario("one observation and a reader", 0, 0, func(w *interleave.World, o *observed) {
			o.promote()
			w.Go(0, func() { o.observe(0) })
			w.Go(1, func() { o.read(0); o.read(0) })
		}),
		scenario("two goroutines of one P", 0, 0, func(w *interleave.World, o *observed) {
			o.promote()
			w.Go(0, func() { o.observe(0) })
			w.Go(0, func() { o.observe(1) })
			w.Go(1, func() { o.read(0) })
		}),
		scenario("a burst and a reader", 0, 0, func(w *interleave.World, o *observed) {
			o.promote()
			w.Go(0, func() { o.observe(0); o.observe(1); o.observe(2) })
			w.Go(1, func() { o.read(0) })
		}),
		scenario("two Ps and a reader", 0, 0, func(w *interleave.World, o *observed) {
			o.promote()
			w.Go(0, func() { o.observe(0); o.observe(1) })
			w.Go(1, func() { o.observe(2) })
			w.Go(2, func() { o.read(0) })
		}),
		scenario("two readers of a burst", 0, 0, func(w *interleave.World, o *observed) {
			o.promote()
			w.Go(0, func() { o.observe(0); o.observe(1) })
			w.Go(1, func() { o.read(0) })
			w.Go(2, func() { o.read(1) })
		}),
	)
}

func TestEveryInterleavingOfSharedRowsGivesTrueSnapshots(t *testing.T) {
	interleave.Run(t,
		scenario("two writers and a reader", 0, 0, func(w *interleave.World, o *observed) {
			w.Go(0, func() { o.observe(0) })
			w.Go(1, func() { o.observe(1) })
			w.Go(2, func() { o.read(0) })
		}),
		scenario("two goroutines of one P", 0, 0, func(w *interleave.World, o *observed) {
			w.Go(0, func() { o.observe(0) })
			w.Go(0, func() { o.observe(1) })
		}),
		scenario("it turns hot under a late writer and a reader", 0, 0, func(w *interleave.World, o *observed) {
			w.Go(0, func() { o.observe(0) })
			w.Go(1, func() { o.promote(); o.observe(1) })
			w.Go(2, func() { o.read(0) })
		}),
		scenario("two turn it hot", 0, 0, func(w *interleave.World, o *observed) {
			w.Go(0, func() { o.promote(); o.observe(0) })
			w.Go(1, func() { o.promote(); o.observe(1) })
		}),
		scenario("somebody else is at the slab", 0, 0, func(w *interleave.World, o *observed) {
			w.Go(0, func() { o.observe(0); o.promote() })
			w.Go(1, func() {
				if index, ok := percpu.Alloc(1); ok {
					percpu.Free(index, 1)
				}
				if o.state.Load()&stateStuck != 0 {
					o.wrong = "a slab that is busy is taken for a full one"
				}
			})
		}),
		scenario("a P that appears later", 0, 0, func(w *interleave.World, o *observed) {
			w.Procs = 1
			o.promote()
			w.Procs = 2
			w.Go(1, func() { o.observe(0); o.observe(1) })
			w.Go(0, func() { o.read(0) })
		}),
		scenario("no room to be hot", 2, 3, func(w *interleave.World, o *observed) {
			for {
				if _, ok := percpu.Alloc(percpu.MaxRow); !ok {
					break
				}
			}
			w.Go(0, func() { o.observe(0); o.observe(1) })
			w.Go(1, func() { o.observe(2) })
			w.Go(2, func() { o.read(0); o.read(0) })
		}),
		scenario("no room to be hot, two readers", 2, 3, func(w *interleave.World, o *observed) {
			for {
				if _, ok := percpu.Alloc(percpu.MaxRow); !ok {
					break
				}
			}
			w.Go(0, func() { o.observe(0); o.observe(1) })
			w.Go(1, func() { o.read(0) })
			w.Go(2, func() { o.read(1) })
		}),
	)
}

// A collected series gives its rows back, to be zeroed and used again. That must not happen before
// its last use is over.
func TestNoOrderWritesIntoARowThatWasGivenBack(t *testing.T) {
	last := func(name string, use func(o *observed)) interleave.Scenario {
		return interleave.Scenario{Name: name, Setup: func(w *interleave.World) {
			o, other := newObserved(), newObserved()
			o.promote()
			w.Go(0, func() { interleave.LastUse(o.Classic, func() { use(o) }); other.Observe(1) })
			w.Go(1, func() { other.Observe(1) })
			w.Check(func() string { return "" })
		}}
	}
	interleave.Run(t,
		last("Observe", func(o *observed) { o.Observe(1) }),
		last("Snapshot", func(o *observed) { o.Snapshot(nil) }),
	)
}
