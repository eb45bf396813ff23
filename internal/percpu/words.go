// SPDX-License-Identifier: Apache-2.0

package percpu

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Every P has a slab: a directory of groups, each of which is a page of words. A row is a run of
// words at one index, and is present at that index in the slab of every P. So a row of n words
// costs 8n bytes per P, and copies that belong to different Ps never share a cache line.
//
//	index:  | group (high bits) | offset (groupBits) |
//	word:   procs[pid].groups[group][offset]
//
// The slabs belong to the process, as the Ps do: this is an allocator, like the runtime's. It holds
// nothing that identifies a metric. A row becomes free again when the cell that held it has been
// collected.
const (
	// IndexBits is the number of bits of an index. A cell keeps the index in its word, beside other
	// bits: see Index.
	IndexBits = 20

	// MaxWords is the number of words that can be hot at once in one process. Cells beyond it stay
	// cold.
	MaxWords = 1 << IndexBits

	groupBits  = 9
	groupWords = 1 << groupBits // 4 KiB: one size class, so a group is aligned to its own page
	groupMask  = groupWords - 1
	maxGroups  = MaxWords / groupWords

	// MaxRow is the length of the longest row that Alloc hands out.
	MaxRow = groupWords

	// maxProcs is the number of directories. It is far above any GOMAXPROCS that a process
	// survives, because a P costs about 10 KiB. Untouched pages of procs cost nothing.
	maxProcs = 1 << 16
)

// Index returns the index in the low bits of a word that has other bits above it.
func Index(word uint64) uint32 { return uint32(word) & (MaxWords - 1) }

type group [groupWords]uint64

// proc is the directory of one P. Grow sets each entry once, and nothing changes it later.
type proc struct {
	groups [maxGroups]atomic.Pointer[group]
}

var procs [maxProcs]atomic.Pointer[proc]

// slab records the rows that are handed out.
var slab struct {
	sync.Mutex
	groups [maxGroups]groupMap
}

// Alloc reserves a row of n words, which are zero on every P, and makes sure that every current P
// has memory for it. It reports false when the slab is full, when n is more than MaxRow, or when
// another goroutine holds the lock of the slab: the caller keeps its shared copy, and asks again
// later. So Alloc never waits. It allocates, so the caller must not be pinned (BenchmarkAllocFree).
func Alloc(n int) (index uint32, ok bool) {
	index, ok, _ = TryAlloc(n)
	return index, ok
}

// TryAlloc is Alloc for callers that do not ask again when the slab is full. It reports full when
// there is no room for a row of n words. If neither ok nor full is set, another goroutine holds the
// lock of the slab.
func TryAlloc(n int) (index uint32, ok, full bool) {
	if !Private || n < 1 || n > MaxRow {
		return 0, false, true
	}
	if !slab.TryLock() {
		return 0, false, false
	}
	defer slab.Unlock()
	g := 0
	for !slab.groups[g].mayHold(n) {
		if g++; g == maxGroups {
			return 0, false, true
		}
	}
	index = uint32(g<<groupBits + slab.groups[g].take(n))
	for pid := range min(runtime.GOMAXPROCS(0), maxProcs) {
		Grow(pid, index)
	}
	return index, true, false
}

// Free gives a row back. The caller guarantees that no goroutine can write to the row any more: the
// cell or histogram that held the index has been collected. Free zeroes the row on all Ps before
// Alloc can find it. While a goroutine is stopped in Free, nobody can get the row.
func Free(index uint32, n int) {
	for pid := range maxProcs {
		p := procs[pid].Load()
		if p == nil {
			break
		}
		if g := p.groups[index>>groupBits].Load(); g != nil {
			for i := range n {
				atomic.StoreUint64(&g[int(index&groupMask)+i], 0)
			}
		}
	}
	slab.Lock()
	defer slab.Unlock()
	slab.groups[index>>groupBits].give(int(index&groupMask), n)
}

// Row returns the words from index to the end of their group, in the slab of P pid. It returns nil
// when that P has appeared after the row was reserved, and has no memory for it yet: the caller
// unpins, calls Grow and starts again.
func Row(pid int, index uint32) []uint64 {
	if uint(pid) < maxProcs {
		if p := procs[pid].Load(); p != nil {
			if g := p.groups[(index>>groupBits)%maxGroups].Load(); g != nil {
				return g[index&groupMask:]
			}
		}
	}
	return nil
}

// Word returns the word at index in the slab of P pid, or nil as Row does.
func Word(pid int, index uint32) *uint64 {
	if uint(pid) < maxProcs {
		if p := procs[pid].Load(); p != nil {
			if g := p.groups[(index>>groupBits)%maxGroups].Load(); g != nil {
				return &g[index&groupMask]
			}
		}
	}
	return nil
}

// Grow gives P pid memory for index, if it has none yet. A caller needs it once per P and group,
// when GOMAXPROCS has grown since the row was reserved. Grow allocates and must not be called while
// pinned. When pid is past the last directory, Grow yields and reports false: the caller starts
// again and lands on another P.
func Grow(pid int, index uint32) bool {
	if pid >= maxProcs {
		runtime.Gosched()
		return false
	}
	// The directories exist from pid 0 up, so that Procs can stop at the first that is missing.
	for i := range pid + 1 {
		if procs[i].Load() == nil {
			procs[i].CompareAndSwap(nil, new(proc))
		}
	}
	slot := &procs[pid].Load().groups[(index>>groupBits)%maxGroups]
	if slot.Load() == nil {
		slot.CompareAndSwap(nil, new(group))
	}
	return true
}

// Procs returns the number of Ps that have slabs. A reader adds up the copies of Ps 0 to Procs()-1,
// which include those of idle Ps and of Ps that are gone.
func Procs() int {
	n := 0
	for n < maxProcs && procs[n].Load() != nil {
		n++
	}
	return n
}

// Sum adds up the copies of one word. Each copy only grows (or wraps), so the sums that one reader
// gets only grow too.
func Sum(index uint32) uint64 {
	var sum uint64
	for pid := range maxProcs {
		p := procs[pid].Load()
		if p == nil {
			break
		}
		if g := p.groups[(index>>groupBits)%maxGroups].Load(); g != nil {
			sum += atomic.LoadUint64(&g[index&groupMask])
		}
	}
	return sum
}
