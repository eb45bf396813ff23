// SPDX-License-Identifier: Apache-2.0

package interleave

import "iter"

// Word is a word of the modelled memory. The zero value is 0.
type Word struct {
	value uint64
}

// Init sets the value before the threads start.
func (w *Word) Init(v uint64) { w.value = v }

// Value returns what memory holds. It is for checks when all threads are done.
func (w *Word) Value() uint64 { return w.value }

// CPU is a processor that one thread at a time can be pinned to.
type CPU struct {
	pinned bool
	buffer []store
}

type store struct {
	word  *Word
	value uint64
}

// World is one run of a model: its threads, its CPUs, and what to check at the end.
type World struct {
	threads []*Thread
	cpus    []*CPU
	clock   int
	check   func() string
}

// CPU adds a processor.
func (w *World) CPU() *CPU {
	c := new(CPU)
	w.cpus = append(w.cpus, c)
	return c
}

// Go adds a thread. Its body must do the same whenever it reads the same values.
func (w *World) Go(body func(t *Thread)) {
	w.threads = append(w.threads, &Thread{world: w, body: body})
}

// Check sets what judges the run when all threads are done. It returns what is wrong, or nothing.
func (w *World) Check(check func() string) { w.check = check }

// Thread is one thread of control. Its methods may be called by its own body only.
type Thread struct {
	world *World
	body  func(*Thread)
	cpu   *CPU // the one it was pinned to last

	next   access // what it does when it is chosen
	done   bool
	resume func() (struct{}, bool)
	stop   func()
	yield  func(struct{}) bool
}

// access describes the next step of a thread, or of a store buffer.
type access struct {
	kind kind
	word *Word
	cpu  *CPU
}

type kind int

const (
	read kind = iota
	write
	drainedWrite // and every buffered store of cpu must have reached memory
	pin
	unpin
	begin
	end
)

// enabled reports whether the step can be taken now.
func (a access) enabled() bool {
	switch a.kind {
	case pin:
		return !a.cpu.pinned
	case drainedWrite, end:
		return a.cpu == nil || len(a.cpu.buffer) == 0
	}
	return true
}

// dependent reports whether the order of two steps of different threads can matter.
func (a access) dependent(b access) bool {
	if a.word != nil && a.word == b.word {
		return a.kind != read || b.kind != read
	}
	switch a.kind {
	case pin, unpin:
		return (b.kind == pin || b.kind == unpin) && a.cpu == b.cpu
	case begin:
		return b.kind == end
	case end:
		return b.kind == begin
	}
	return false
}

// stopped unwinds a thread whose run is given up.
type stopped struct{}

func (t *Thread) start() {
	t.resume, t.stop = iter.Pull(func(yield func(struct{}) bool) {
		defer func() {
			if r := recover(); r != nil && r != (stopped{}) {
				panic(r)
			}
		}()
		t.yield = yield
		t.body(t)
	})
	t.advance()
}

// advance lets the thread take its step and run up to the next one.
func (t *Thread) advance() {
	if _, more := t.resume(); !more {
		t.done = true
	}
}

// step waits to be chosen.
func (t *Thread) step(a access) {
	t.next = a
	if !t.yield(struct{}{}) {
		panic(stopped{})
	}
	t.world.clock++
}

// Load reads a word: the newest store in the buffer of the thread's own CPU, or else memory.
func (t *Thread) Load(w *Word) uint64 {
	t.step(access{kind: read, word: w})
	return t.peek(w)
}

func (t *Thread) peek(w *Word) uint64 {
	if t.cpu != nil {
		for i := len(t.cpu.buffer) - 1; i >= 0; i-- {
			if t.cpu.buffer[i].word == w {
				return t.cpu.buffer[i].value
			}
		}
	}
	return w.value
}

// Store writes a word atomically.
func (t *Thread) Store(w *Word, v uint64) {
	t.step(access{kind: drainedWrite, word: w, cpu: t.cpu})
	w.value = v
}

// Add adds to a word atomically and returns the new value.
func (t *Thread) Add(w *Word, n uint64) uint64 {
	t.step(access{kind: drainedWrite, word: w, cpu: t.cpu})
	w.value += n
	return w.value
}

// CompareAndSwap replaces old by new atomically and reports whether old was there.
func (t *Thread) CompareAndSwap(w *Word, old, new uint64) bool {
	t.step(access{kind: drainedWrite, word: w, cpu: t.cpu})
	if w.value != old {
		return false
	}
	w.value = new
	return true
}

// Plain writes a word with an ordinary store. The thread must be pinned.
func (t *Thread) Plain(w *Word, v uint64) {
	// Not a step: nobody else can see it before it leaves the buffer, which is one.
	t.cpu.buffer = append(t.cpu.buffer, store{w, v})
}

// Pin waits until no other thread is pinned to the CPU.
func (t *Thread) Pin(c *CPU) {
	t.step(access{kind: pin, cpu: c})
	t.cpu, c.pinned = c, true
}

// Unpin undoes Pin.
func (t *Thread) Unpin() {
	t.step(access{kind: unpin, cpu: t.cpu})
	t.cpu.pinned = false
}

// Begin returns the time at which an operation of the algorithm begins. Of two operations the one that ended at an
// earlier time than the other one began at comes before it; all other orders of them are as good as each other.
func (t *Thread) Begin() (time int) {
	t.step(access{kind: begin})
	return t.world.clock
}

// End returns the time at which an operation ends. Whoever hears of that end from the thread also sees the stores it made
// before, so they have left the buffer.
func (t *Thread) End() (time int) {
	t.step(access{kind: end, cpu: t.cpu})
	return t.world.clock
}
