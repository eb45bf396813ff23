// SPDX-License-Identifier: Apache-2.0

package interleave

// access is the next step of an actor. An actor is a thread or a store buffer.
type access struct {
	kind kind
	word any // address of the word, or nil
	id   int // number of the word in this run, from 1 on, which is faster to compare
	cpu  *cpu
}

type kind uint8

const (
	start  kind = iota // the thread starts: it touches nothing
	read               // a load
	write              // an atomic store or read-modify-write: the store buffer of its CPU must be empty
	lock               // like write, and the mutex must be free
	unlock             // like write
	push               // an ordinary store, or the mark of an operation's end, goes into the buffer of the CPU
	flush              // a buffered store reaches memory
	end                // a mark leaves the buffer: all stores of its operation have reached memory
	pin                // the CPU must have no pinned thread
	unpin              //
	begin              // an operation begins (for histories)
	move               // the thread continues on another CPU: the buffer of the old one must be empty
)

// drained reports whether the step waits until all stores in the buffer of its CPU have reached
// memory.
func (a access) drained() bool {
	return a.kind == write || a.kind == lock || a.kind == unlock || a.kind == move
}

// waits reports whether another actor can disable the step.
func (a access) waits() bool { return a.drained() || a.kind == pin }

// buffered reports whether a store buffer takes the step.
func (a access) buffered() bool { return a.kind == flush || a.kind == end }

// dependent reports whether the order of two steps of different actors can matter. It also matters
// when one of the steps enables the other one.
func (a access) dependent(b access) bool {
	if a.kind == push || b.kind == push {
		return a.cpu == b.cpu && (a.kind == b.kind || a.drained() || b.drained() ||
			a.id == b.id && (a.kind == read || b.kind == read))
	}
	if a.id != 0 && a.id == b.id {
		if a.kind == read && b.kind == read {
			return false
		}
		// A CPU sees its own stores whether or not they have left its buffer.
		own := a.cpu == b.cpu && (a.kind == read && b.kind == flush || a.kind == flush && b.kind == read)
		if !own {
			return true
		}
	}
	switch {
	case a.kind == begin && b.kind == end, a.kind == end && b.kind == begin:
		return true
	case a.cpu != b.cpu:
		return false
	case a.kind == pin || a.kind == unpin:
		return b.kind == pin || b.kind == unpin
	}
	return a.drained() && b.buffered() || a.buffered() && b.drained()
}

// coEnabled reports whether there can be a state in which each of two dependent steps is enabled.
func (a access) coEnabled(b access) bool {
	switch {
	case a.kind == unpin && (b.kind == pin || b.kind == unpin), a.kind == pin && b.kind == unpin:
		return a.cpu != b.cpu
	case a.kind == unlock && (b.kind == lock || b.kind == unlock), a.kind == lock && b.kind == unlock:
		return a.id != b.id
	case a.drained() && b.buffered(), a.buffered() && b.drained():
		return a.cpu != b.cpu
	}
	return true
}

// enabled reports whether the step can be taken now.
func (a access) enabled(w *World) bool {
	switch {
	case a.kind == pin:
		return !a.cpu.pinned
	case a.kind == lock && w.locked[a.word]:
		return false
	}
	return !a.drained() || len(a.cpu.buffer) == 0
}
