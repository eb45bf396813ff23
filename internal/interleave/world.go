// SPDX-License-Identifier: Apache-2.0

package interleave

import (
	"fmt"
	"iter"
	"runtime/debug"
	"time"
)

// cpu is a processor (a P). One thread at a time can be pinned to it. Ordinary stores wait in its
// buffer.
type cpu struct {
	number int
	pinned bool
	buffer []store
	clock  clock // of the last store that left the buffer
}

// store is a store in a buffer, or the mark of an operation's end.
type store struct {
	word  *uint64
	id    int
	value uint64
	ended func(time int)
	clock clock // of the thread that made it
}

// World is one run of a scenario: its threads, its processors, and the check at the end.
type World struct {
	// Procs is the value of GOMAXPROCS(0), which is 2 unless a scenario changes it.
	Procs int

	threads []*thread
	cpus    [maxCPUs]*cpu
	current *thread // nil during the setup and the check of the scenario
	locked  map[any]bool
	ids     map[any]int
	time    int           // number of steps taken
	elapsed time.Duration // time on the clock of the code under test
	check   func() string
	fault   string
	dying   bool

	cleanups   []cleanup
	finalizers map[any]func() // by object
	written    []any          // words that the cleanups of LastUse have written
}

const (
	maxCPUs    = 4
	maxThreads = 8
	maxActors  = maxCPUs + maxThreads // buffers come first
)

// running is the world of the current run. There is one run at a time.
var running *World

// resets are functions that set the package variables of the code under test to their initial
// values.
var resets []func()

// AtReset registers a function that is called before every run. Each rewritten package registers
// one for its variables.
func AtReset(f func()) { resets = append(resets, f) }

func newWorld() *World {
	w := &World{Procs: 2, locked: make(map[any]bool), ids: make(map[any]int), finalizers: make(map[any]func())}
	for i := range w.cpus {
		w.cpus[i] = &cpu{number: i}
	}
	return w
}

// Go adds a thread that runs body on the given processor. When body reads the same values, it must
// do the same.
func (w *World) Go(proc int, body func()) {
	t := &thread{world: w, cpu: w.cpus[proc], body: body}
	if parent := w.current; parent != nil {
		t.clock = parent.clock
	}
	w.threads = append(w.threads, t)
}

// Check sets the function that judges the run after all threads have ended. It returns a fault, or
// "".
func (w *World) Check(check func() string) { w.check = check }

// thread is a thread of the scenario.
type thread struct {
	world *World
	cpu   *cpu
	body  func()
	pins  int
	clock clock
	last  *lastUse

	next   access // its next step
	done   bool
	resume func() (struct{}, bool)
	stop   func()
	yield  func(struct{}) bool
}

// stopped is the panic value that ends the threads of a run that is given up.
type stopped struct{}

func (t *thread) start() {
	t.next = access{kind: start}
	t.resume, t.stop = iter.Pull(func(yield func(struct{}) bool) {
		t.yield = yield
		if !yield(struct{}{}) {
			return
		}
		defer func() {
			if r := recover(); r != nil && r != (stopped{}) && t.world.fault == "" {
				t.world.fault = fmt.Sprintf("panic: %v\n%s", r, debug.Stack())
			}
		}()
		t.body()
		if t.pins != 0 && t.world.fault == "" {
			t.world.fault = "a thread ends pinned"
		}
	})
	t.resume()
}

// advance lets the thread take its step and run up to its next one.
func (t *thread) advance() {
	t.world.current = t
	if _, more := t.resume(); !more {
		t.done = true
	}
	t.world.current = nil
}

// step waits until the thread is chosen to take the step.
func (t *thread) step(a access) {
	if t.last != nil && a.word != nil {
		t.last.words = append(t.last.words, a.word)
	}
	if a.word != nil {
		a.id = t.world.id(a.word)
	}
	t.next = a
	if !t.yield(struct{}{}) {
		t.world.dying = true
		panic(stopped{})
	}
}

// id returns the number of a word in this run.
func (w *World) id(word any) int {
	id, ok := w.ids[word]
	if !ok {
		id = len(w.ids) + 1
		w.ids[word] = id
	}
	return id
}

// actor describes the next step of a thread or a buffer.
type actor struct {
	access  access
	clock   clock // of all steps that must come before
	exists  bool  // there is a next step
	enabled bool
}

// actors fills in the next steps of all actors, by number. It reports whether there is any.
func (w *World) actors(all *[maxActors]actor) (any bool) {
	for i, c := range w.cpus {
		a := &all[i]
		a.exists = len(c.buffer) > 0
		if a.exists {
			front := &c.buffer[0]
			a.access = access{kind: flush, word: front.word, id: front.id, cpu: c}
			if front.ended != nil {
				a.access = access{kind: end, cpu: c}
			}
			a.clock, a.enabled, any = front.clock, true, true
			a.clock.join(&c.clock) // stores leave a buffer in order
		}
	}
	for i := range maxThreads {
		a := &all[maxCPUs+i]
		a.exists = i < len(w.threads) && !w.threads[i].done
		if a.exists {
			t := w.threads[i]
			if t.resume == nil {
				t.start()
			}
			a.access, a.clock, a.enabled, any = t.next, t.clock, t.next.enabled(w), true
		}
	}
	return any
}

// advance lets an actor take its step.
func (w *World) advance(number int, c clock) {
	w.time++
	if number >= maxCPUs {
		t := w.threads[number-maxCPUs]
		t.clock = c
		t.advance()
		return
	}
	p := w.cpus[number]
	front := p.buffer[0]
	p.buffer, p.clock = p.buffer[1:], c
	if front.ended != nil {
		front.ended(w.time)
	} else {
		*front.word = front.value
	}
}

// stop ends the run and its threads, wherever they are.
func (w *World) stop() {
	w.dying = true
	for _, t := range w.threads {
		if t.stop != nil {
			w.current = t
			t.stop()
		}
	}
	running = nil
}
