// SPDX-License-Identifier: Apache-2.0

package interleave

import (
	"fmt"
	"math/bits"
)

// Result says what Explore has found.
type Result struct {
	// Runs is the number of orders that were run to their end.
	Runs int
	// Fault is what the check said first, or empty.
	Fault string
	// Order is the sequence of threads that led there, by number; store buffers come after the threads.
	Order []int
}

// node is a choice in the current order. Threads and store buffers, together the actors, are bits.
type node struct {
	enabled uint32
	sleep   uint32 // need not be chosen here: the orders that begin with them have been run elsewhere
	tried   uint32
	choice  int
}

// Explore runs the model that setup builds under every order that matters, until a check fails or limit runs are done,
// which is a fault too. setup is called for every run and must always build the same.
func Explore(limit int, setup func(w *World)) Result {
	return explore(limit, setup, access.dependent)
}

func explore(limit int, setup func(w *World), dependent func(a, b access) bool) Result {
	var order []node
	result := Result{}
	for {
		fault, complete := run(setup, dependent, &order)
		if complete {
			result.Runs++
		}
		if fault == "" && result.Runs >= limit {
			fault = "more orders than the limit"
		}
		if fault != "" {
			result.Fault = fault
			for _, n := range order {
				result.Order = append(result.Order, n.choice)
			}
			return result
		}
		// The next order differs from this one as late as possible.
		for len(order) > 0 {
			last := &order[len(order)-1]
			last.tried |= 1 << last.choice
			if left := last.enabled &^ last.sleep &^ last.tried; left != 0 {
				last.choice = bits.TrailingZeros32(left)
				break
			}
			order = order[:len(order)-1]
		}
		if len(order) == 0 {
			return result
		}
	}
}

// run follows the choices in order and extends it to the end of the run. complete is false when the rest of the order
// would repeat one that has been run.
func run(setup func(*World), dependent func(a, b access) bool, order *[]node) (fault string, complete bool) {
	w := new(World)
	setup(w)
	for _, t := range w.threads {
		t.start()
		defer t.stop()
	}
	actors := len(w.threads) + len(w.cpus)
	steps := make([]access, actors)
	sleep := uint32(0)
	for depth := 0; ; depth++ {
		enabled := uint32(0)
		running := false
		for i := range actors {
			var ok bool
			if steps[i], ok = w.step(i); ok {
				running = true
				if steps[i].enabled() {
					enabled |= 1 << i
				}
			}
		}
		switch {
		case !running:
			return w.check(), true
		case enabled == 0:
			return "the threads wait for each other", true
		}
		if depth == len(*order) {
			ready := enabled &^ sleep
			if ready == 0 {
				return "", false
			}
			*order = append(*order, node{enabled: enabled, sleep: sleep, choice: bits.TrailingZeros32(ready)})
		}
		n := (*order)[depth]
		if n.enabled != enabled {
			return fmt.Sprintf("the model is not deterministic at step %d", depth), true
		}
		sleep = 0
		for asleep := n.sleep | n.tried; asleep != 0; asleep &= asleep - 1 {
			if i := bits.TrailingZeros32(asleep); i != n.choice && !dependent(steps[i], steps[n.choice]) {
				sleep |= 1 << i
			}
		}
		w.advance(n.choice)
	}
}

// step returns what an actor does next. It reports false when there is nothing more.
func (w *World) step(actor int) (access, bool) {
	if actor < len(w.threads) {
		t := w.threads[actor]
		return t.next, !t.done
	}
	c := w.cpus[actor-len(w.threads)]
	if len(c.buffer) == 0 {
		return access{}, false
	}
	return access{kind: write, word: c.buffer[0].word}, true
}

func (w *World) advance(actor int) {
	if actor < len(w.threads) {
		w.threads[actor].advance()
		return
	}
	c := w.cpus[actor-len(w.threads)]
	c.buffer[0].word.value = c.buffer[0].value
	c.buffer = c.buffer[1:]
}
