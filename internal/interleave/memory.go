// SPDX-License-Identifier: Apache-2.0

package interleave

import "time"

// The functions of this file take the place of memory accesses and of the runtime. Outside of the
// threads of a run, as in the setup and the check of a scenario, they take effect at once.

// self returns the running thread, or nil where accesses are not steps.
func self() *thread {
	if w := running; w != nil && !w.dying {
		return w.current
	}
	return nil
}

// Read is a step that loads from the word at an address. The caller loads the word afterwards.
func Read(address any) { step(read, address) }

// Write is a step that writes the word at an address atomically. The caller writes the word
// afterwards.
func Write(address any) { step(write, address) }

func step(k kind, address any) {
	if t := self(); t != nil {
		t.step(access{kind: k, word: address, cpu: t.cpu})
	} else if w := running; w != nil && w.written != nil && k == write {
		w.written = append(w.written, address)
	}
}

// ordinary stands for all memory whose ordinary loads and stores are not steps by themselves.
var ordinary = new(byte)

// Point is a step before a statement that accesses such memory.
func Point() { step(write, ordinary) }

// Load reads a word: the newest store to it in the buffer of the thread's CPU, or memory if there
// is none.
func Load(p *uint64) uint64 {
	t := self()
	if t == nil {
		return *p
	}
	t.step(access{kind: read, word: p, cpu: t.cpu})
	for i := len(t.cpu.buffer) - 1; i >= 0; i-- {
		if s := &t.cpu.buffer[i]; s.word == p {
			return s.value
		}
	}
	return *p
}

// Store writes a word by an ordinary store, which goes into the buffer of the CPU.
func Store(p *uint64, v uint64) {
	t := self()
	if t == nil {
		*p = v
		return
	}
	t.step(access{kind: push, word: p, cpu: t.cpu})
	t.cpu.buffer = append(t.cpu.buffer, store{word: p, id: t.world.id(p), value: v, clock: t.clock})
}

// Lock is a step that takes a mutex. It waits until the mutex is free.
func Lock(mutex any) {
	t := self()
	if t == nil {
		return
	}
	t.step(access{kind: lock, word: mutex, cpu: t.cpu})
	t.world.locked[mutex] = true
}

// TryLock is a step that takes a mutex if it is free.
func TryLock(mutex any) bool {
	t := self()
	if t == nil {
		return true
	}
	t.step(access{kind: write, word: mutex, cpu: t.cpu})
	if t.world.locked[mutex] {
		return false
	}
	t.world.locked[mutex] = true
	return true
}

// Unlock is a step that releases a mutex.
func Unlock(mutex any) {
	t := self()
	if t == nil {
		return
	}
	t.step(access{kind: unlock, word: mutex, cpu: t.cpu})
	if !t.world.locked[mutex] {
		panic("unlock of an unlocked mutex")
	}
	delete(t.world.locked, mutex)
}

// Pin waits until no other thread is pinned to the thread's CPU, and returns the number of the CPU.
func Pin() int {
	t := self()
	if t == nil {
		return 0
	}
	if t.pins++; t.pins == 1 {
		t.step(access{kind: pin, cpu: t.cpu})
		t.cpu.pinned = true
	}
	return t.cpu.number
}

// Unpin undoes one Pin.
func Unpin() {
	t := self()
	if t == nil {
		return
	}
	if t.pins == 0 {
		panic("Unpin without Pin")
	}
	if t.pins == 1 {
		t.step(access{kind: unpin, cpu: t.cpu})
		t.cpu.pinned = false
	}
	t.pins--
}

// Migrate moves the thread to another CPU, as the scheduler of goroutines does. All stores of the
// thread are visible by then.
func Migrate(proc int) {
	if t := self(); t != nil {
		if t.pins != 0 {
			panic("a pinned thread migrates")
		}
		t.step(access{kind: move, cpu: t.cpu})
		t.cpu = t.world.cpus[proc]
	}
}

// Go starts a thread on the CPU of the running one. Outside of a run it does nothing.
func Go(body func()) {
	if t := self(); t != nil {
		t.world.Go(t.cpu.number, body)
	}
}

// Procs returns the value of GOMAXPROCS(0) in the run.
func Procs() int {
	if running == nil {
		return 2
	}
	return running.Procs
}

// Elapsed returns the time since the start of the run, by the clock of the code under test. Only
// Sleep advances it.
func Elapsed() time.Duration {
	if running == nil {
		return 0
	}
	return running.elapsed
}

// Sleep advances the clock at once. Other threads may run before and after it, as they may at every
// step.
func Sleep(d time.Duration) {
	if running != nil {
		running.elapsed += d
	}
}
