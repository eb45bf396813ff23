// SPDX-License-Identifier: Apache-2.0

package interleave

import (
	"fmt"
	"math"
)

// History records the operations on one value in a run: additions, assignments and reads. The value
// shows which of them it holds. Addition n adds Addend(n), so an addition that counts twice shows
// as a digit above 1. Assignment n sets n*setUnit.
type History struct {
	adds  map[int]*span
	sets  map[int]*span
	reads map[int][]readOf // for each reader, in order
	next  map[*thread]int
}

// setUnit is the value of assignment 1. Additions 0 to 4 fit below it.
const setUnit = 1 << 10

// Addend returns the value that addition n adds.
func Addend(n int) uint64 { return 1 << (2 * n) }

// span is the time from an operation's begin to its end. Other threads see the end of an operation
// when its stores have left the buffer of its CPU. A thread knows the order of its own operations.
type span struct {
	begin, end int
	thread     *thread
	number     int // of the operation, among those of the thread
}

func (s *span) before(o *span) bool {
	return s.end < o.begin || s.thread != nil && s.thread == o.thread && s.number < o.number
}

type readOf struct {
	*span
	value uint64
}

// NewHistory returns an empty history of a value that is 0 at the start.
func NewHistory() *History {
	return &History{
		adds: map[int]*span{}, sets: map[int]*span{0: {begin: -1, end: -1}}, reads: map[int][]readOf{},
		next: map[*thread]int{},
	}
}

// Before records that addition n was made before the run.
func (h *History) Before(n int) { h.adds[n] = &span{begin: -1, end: -1} }

// Add runs op as addition n. op adds the value that it is given.
func (h *History) Add(n int, op func(v uint64)) {
	s := h.span()
	h.adds[n] = s
	op(Addend(n))
	s.ends()
}

// Set runs op as assignment n. op sets the value that it is given.
func (h *History) Set(n int, op func(v uint64)) {
	s := h.span()
	h.sets[n] = s
	op(uint64(n) * setUnit)
	s.ends()
}

// Read runs load as a read of one reader.
func (h *History) Read(reader int, load func() uint64) {
	s := h.span()
	v := load()
	s.ends()
	h.reads[reader] = append(h.reads[reader], readOf{s, v})
}

// span begins an operation of the running thread.
func (h *History) span() *span {
	t := self()
	if t == nil {
		return &span{begin: -1, end: -1}
	}
	t.step(access{kind: begin, cpu: t.cpu})
	h.next[t]++
	return &span{begin: t.world.time, end: math.MaxInt, thread: t, number: h.next[t]}
}

// ends marks the end of an operation of the running thread. The mark goes through the buffer,
// behind the operation's stores.
func (s *span) ends() {
	if t := self(); t != nil {
		t.step(access{kind: push, cpu: t.cpu})
		t.cpu.buffer = append(t.cpu.buffer, store{ended: func(time int) { s.end = time }, clock: t.clock})
	}
}

// Judge returns the first fault of a read or of the final value, or "" if there is none. For each
// value these rules hold:
//
//   - It holds one assignment that began before the read ended. No other assignment lies between
//     that assignment and the read.
//   - It holds all additions that lie between the end of that assignment and the begin of the read.
//     It holds no addition that ended before that assignment began, and none that began after the
//     read ended.
//   - A value that one reader has seen does not lose an addition or an assignment later, except to
//     a new assignment.
func (h *History) Judge(final uint64) string {
	last := &span{begin: math.MaxInt, end: math.MaxInt}
	if wrong := h.judgeRead(readOf{last, final}); wrong != "" {
		return fmt.Sprintf("%s (at the end: %#x)", wrong, final)
	}
	for reader, reads := range h.reads {
		if wrong := h.judgeReads(reads); wrong != "" {
			return fmt.Sprintf("reader %d: %s", reader, wrong)
		}
	}
	return ""
}

func (h *History) judgeReads(reads []readOf) string {
	var last uint64
	for i, r := range reads {
		if wrong := h.judgeRead(r); wrong != "" {
			return fmt.Sprintf("%s (read %d: %#x)", wrong, i, r.value)
		}
		if i > 0 {
			set, lastSet := int(r.value/setUnit), int(last/setUnit)
			switch {
			case set != lastSet && h.sets[set].before(h.sets[lastSet]):
				return "an older Set came back"
			case set == lastSet && last&^r.value != 0:
				return "an Add that was seen is gone"
			}
		}
		last = r.value
	}
	return ""
}

func (h *History) judgeRead(r readOf) string {
	if r.value/setUnit > math.MaxInt32 {
		return "the value is made of nothing that was added"
	}
	set, ok := h.sets[int(r.value/setUnit)]
	if !ok || r.before(set) {
		return "no such Set"
	}
	for _, other := range h.sets {
		if set.before(other) && other.before(r.span) {
			return "a Set is lost"
		}
	}
	rest := r.value % setUnit
	for n, add := range h.adds {
		digit := rest / Addend(n) % 4
		rest -= digit * Addend(n)
		switch {
		case digit > 1:
			return fmt.Sprintf("Add %d counts %d times", n, digit)
		case digit == 1 && (r.before(add) || add.before(set)):
			return fmt.Sprintf("Add %d should not count", n)
		case digit == 0 && set.before(add) && add.before(r.span):
			return fmt.Sprintf("Add %d is lost", n)
		}
	}
	if rest != 0 {
		return "the value is made of nothing that was added"
	}
	return ""
}
