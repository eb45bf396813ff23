// SPDX-License-Identifier: Apache-2.0

package interleave

import (
	"fmt"
	"math"
)

// History records the operations on one value in a run: additions, assignments and reads. The value tells which of them
// it holds: addition n adds Addend(n), so one that counts twice shows as a digit above 1, and assignment n sets
// n*setUnit.
type History struct {
	adds  map[int]*span
	sets  map[int]*span
	reads map[int][]readOf // per reader, in order
	next  map[*thread]int
}

// setUnit is the value of assignment 1. Additions 0 to 4 fit below it.
const setUnit = 1 << 10

// Addend returns the value that addition n adds.
func Addend(n int) uint64 { return 1 << (2 * n) }

// span is the time between an operation's begin and its end. An operation ends for others when its stores have left the
// buffer of its CPU; the thread itself knows the order of its operations besides.
type span struct {
	begin, end int
	thread     *thread
	number     int // of the thread's operations
}

func (s *span) before(o *span) bool {
	return s.end < o.begin || s.thread != nil && s.thread == o.thread && s.number < o.number
}

type readOf struct {
	*span
	value uint64
}

// NewHistory returns an empty history of a value that begins as 0.
func NewHistory() *History {
	return &History{
		adds: map[int]*span{}, sets: map[int]*span{0: {begin: -1, end: -1}}, reads: map[int][]readOf{},
		next: map[*thread]int{},
	}
}

// Before notes that addition n was made before the run.
func (h *History) Before(n int) { h.adds[n] = &span{begin: -1, end: -1} }

// Add runs op, which makes addition n by adding the value that it is given.
func (h *History) Add(n int, op func(v uint64)) {
	s := h.span()
	h.adds[n] = s
	op(Addend(n))
	s.ends()
}

// Set runs op, which makes assignment n by setting the value that it is given.
func (h *History) Set(n int, op func(v uint64)) {
	s := h.span()
	h.sets[n] = s
	op(uint64(n) * setUnit)
	s.ends()
}

// Read runs load, which reads the value, for one reader.
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

// ends ends an operation of the running thread: when all of its stores have left the buffer.
func (s *span) ends() {
	if t := self(); t != nil {
		t.step(access{kind: push, cpu: t.cpu})
		t.cpu.buffer = append(t.cpu.buffer, store{ended: func(time int) { s.end = time }, clock: t.clock})
	}
}

// Judge returns what is wrong with the reads and with the value when all is done:
//
//   - it holds one assignment that had begun, and none that another assignment came after before the read began;
//   - it holds all additions between the end of that assignment and the begin of the read, no addition that had ended
//     before that assignment began, and none that began after the read;
//   - one reader loses nothing it has seen but to an assignment.
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
