// SPDX-License-Identifier: Apache-2.0

package interleave

import (
	"fmt"
	"math/bits"
)

// result is the outcome of explore.
type result struct {
	// Runs is the number of orders that were run to their end.
	Runs int
	// Steps is the length of the longest order.
	Steps int
	// Fault is the first complaint, of a check or of explore itself. It is empty if there is none.
	Fault string
	// Order is the sequence of actors that led to the fault. Store buffers have numbers below
	// maxCPUs, and threads those from there on.
	Order []int
}

// options limit the orders that explore runs.
type options struct {
	// Switches is how often an order may switch from a thread that could continue to another one.
	// Store buffers may be emptied at any time in between. Zero means that there is no bound.
	// Orders beyond the bound are left out, with all that only they would have led to.
	Switches int
	// Runs is the number of orders at which the exploration fails.
	Runs int
}

const (
	defaultRuns = 2_000_000
	// maxSteps is far above the length of any scenario. An order of that length is an endless loop.
	maxSteps = 4000
)

// clock counts, for each actor, the steps that happened before a given step: those that it depends
// on, and those that happened before them.
type clock [maxActors]int16

func (c *clock) join(o *clock) {
	for i := range c {
		c[i] = max(c[i], o[i])
	}
}

// node is a step of the current order. Its sets of actors are bits.
type node struct {
	choice    int
	access    access
	clock     clock
	number    int16  // of the step, among those of its actor
	enabled   uint32 // actors that could have been chosen
	sleep     uint32 // need not be chosen here, because orders that begin with them have been run elsewhere
	tried     uint32
	backtrack uint32 // must be chosen here, sooner or later
	last      int    // the thread that took the last step, or -1
	switches  int    // so far, from a thread that could continue to another one
}

// cost returns 1 if the choice switches from a thread that could continue to another one, and 0
// otherwise.
func (n *node) cost(choice int) int {
	if choice >= maxCPUs && n.last >= 0 && n.last != choice && n.enabled>>n.last&1 == 1 {
		return 1
	}
	return 0
}

// explorer holds the current order.
type explorer struct {
	options   options
	order     []node
	dependent func(a, b access) bool
	full      bool  // no order is left out
	between   []int // memory for backtrack
}

// explore runs the scenario that setup builds in every order that matters, until a check fails. It
// calls setup for every run, and setup must build the same each time.
func explore(o options, setup func(w *World)) result {
	e := &explorer{options: o, dependent: access.dependent}
	return e.explore(setup)
}

func (e *explorer) explore(setup func(w *World)) result {
	if e.options.Runs == 0 {
		e.options.Runs = defaultRuns
	}
	var r result
	for {
		fault, complete := e.run(setup)
		if complete {
			r.Runs++
		}
		r.Steps = max(r.Steps, len(e.order))
		if fault == "" && r.Runs >= e.options.Runs {
			fault = "more orders than the limit"
		}
		if fault != "" {
			r.Fault = fault
			for _, n := range e.order {
				r.Order = append(r.Order, n.choice)
			}
			return r
		}
		if !e.next() {
			return r
		}
	}
}

// next changes the order at the latest step that has a choice left. It reports false when there is
// none.
func (e *explorer) next() bool {
	for len(e.order) > 0 {
		last := &e.order[len(e.order)-1]
		last.tried |= 1 << last.choice
		left := last.backtrack &^ last.tried
		if !e.full {
			left &^= last.sleep
		}
		for ; left != 0; left &= left - 1 {
			choice := bits.TrailingZeros32(left)
			if bound := e.options.Switches; bound == 0 || last.switches+last.cost(choice) <= bound {
				last.choice = choice
				return true
			}
		}
		e.order = e.order[:len(e.order)-1]
	}
	return false
}

// run follows the order, and extends it to the end of the run. It returns complete = false when the
// rest of the order would repeat one that has been run.
func (e *explorer) run(setup func(*World)) (fault string, complete bool) {
	for _, reset := range resets {
		reset()
	}
	w := newWorld()
	running = w
	defer w.stop()
	setup(w)
	var all [maxActors]actor
	var steps [maxActors]int16
	sleep := uint32(0)
	known := len(e.order) - 1 // earlier steps have been run before
	for depth := 0; ; depth++ {
		some := w.actors(&all)
		enabled := uint32(0)
		for i := range all {
			if all[i].exists && all[i].enabled {
				enabled |= 1 << i
			}
		}
		switch {
		case w.fault != "":
			return w.fault, true
		case !some:
			return w.check(), true
		case enabled == 0:
			return "the threads wait for each other", true
		case depth == maxSteps:
			return "a thread does not come to an end", true
		}
		if depth == len(e.order) && !e.extend(enabled, sleep) {
			return "", false
		}
		n := &e.order[depth]
		if n.enabled != enabled {
			return fmt.Sprintf("the scenario is not deterministic at step %d", depth), true
		}
		sleep = 0
		chosen := &all[n.choice]
		for asleep := n.sleep | n.tried; asleep != 0; asleep &= asleep - 1 {
			if i := bits.TrailingZeros32(asleep); i != n.choice && !e.dependent(all[i].access, chosen.access) {
				sleep |= 1 << i
			}
		}
		steps[n.choice]++
		n.access, n.number = chosen.access, steps[n.choice]
		if depth >= known {
			if !e.full {
				e.race(depth, chosen)
			}
			n.clock = e.clockOf(depth, chosen)
			n.clock[n.choice] = n.number
		}
		w.advance(n.choice, n.clock)
	}
}

// extend adds a step to the order. It reports false when all actors that are enabled are asleep.
func (e *explorer) extend(enabled, sleep uint32) bool {
	n := node{enabled: enabled, sleep: sleep, last: -1}
	if len(e.order) > 0 {
		before := &e.order[len(e.order)-1]
		n.last, n.switches = before.last, before.switches+before.cost(before.choice)
		if before.choice >= maxCPUs {
			n.last = before.choice
		}
	}
	ready := enabled
	if !e.full {
		ready &^= sleep
	}
	if ready == 0 {
		return false
	}
	n.choice = bits.TrailingZeros32(ready &^ (1<<maxCPUs - 1))
	if ready>>maxCPUs == 0 {
		n.choice = bits.TrailingZeros32(ready)
	}
	if n.last >= 0 && ready>>n.last&1 == 1 {
		n.choice = n.last
	}
	if bound := e.options.Switches; bound > 0 && n.switches+n.cost(n.choice) > bound {
		return false // the thread that would have to continue is asleep
	}
	n.backtrack = 1 << n.choice
	if e.full {
		n.backtrack = enabled
	}
	e.order = append(e.order, n)
	return true
}

// clockOf returns the clock of a step at a depth: all steps that it depends on happened before it.
func (e *explorer) clockOf(depth int, a *actor) clock {
	c := a.clock
	for i := depth - 1; i >= 0; i-- {
		n := &e.order[i]
		if c[n.choice] < n.number && e.dependent(n.access, a.access) {
			c.join(&n.clock)
		}
	}
	return c
}

// race finds the steps of the order that could also have come after the step at a depth, and makes
// sure that those orders are run too. This is dynamic partial-order reduction with source sets
// (Abdulla, Aronis, Jonsson and Sagonas, "Source Sets: A Foundation for Optimal Dynamic Partial
// Order Reduction").
func (e *explorer) race(depth int, a *actor) {
	number, before := e.order[depth].choice, a.clock
	for i := depth - 1; i >= 0; i-- {
		n := &e.order[i]
		if n.choice == number || n.number <= before[n.choice] || !e.dependent(n.access, a.access) {
			continue
		}
		if !n.access.coEnabled(a.access) {
			continue
		}
		// Races with steps that step i depends on are found after this race has been reversed. It
		// cannot be reversed if one of those steps disables the actor. Then they must be found now.
		if turned := e.backtrack(i, depth, a); turned || !a.access.waits() {
			before.join(&n.clock)
		}
	}
}

// backtrack makes sure that the step at a depth is also run before step i, together with all steps
// that it needs. So an actor must be chosen at i with which these steps can begin: those that come
// before the step and do not depend on i. backtrack reports whether the step itself could be taken
// at i.
func (e *explorer) backtrack(i, depth int, a *actor) bool {
	n := &e.order[i]
	first := uint32(0) // actors with which these steps can begin
	seen := uint32(0)
	steps, itself := e.between[:0], false
	for j := i + 1; j <= depth; j++ {
		later := &e.order[j]
		if j < depth && later.clock[n.choice] >= n.number {
			continue // it depends on i
		}
		initial := seen>>later.choice&1 == 0
		for _, k := range steps {
			if !initial {
				break
			}
			s := &e.order[k]
			if j < depth {
				initial = later.clock[s.choice] < s.number
			} else {
				initial = a.clock[s.choice] < s.number && !e.dependent(s.access, a.access)
			}
		}
		if initial {
			first |= 1 << later.choice
			itself = j == depth
		}
		seen |= 1 << later.choice
		steps = append(steps, j)
	}
	e.between = steps
	first &= n.enabled
	switch {
	case first == 0:
		n.backtrack |= n.enabled
	case first&n.backtrack == 0:
		n.backtrack |= first & -first
	}
	return itself && first>>e.order[depth].choice&1 == 1
}
