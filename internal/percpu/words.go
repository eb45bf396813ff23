// SPDX-License-Identifier: Apache-2.0

package percpu

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// The slab: every P owns a directory of groups, each group a page of words. A row is a run of words at one index,
// present at that same index in the slab of every P, so a row of n words costs 8n bytes per P and copies that belong to
// different Ps never share a cache line.
//
//	index:  | group (high bits) | offset (groupBits) |
//	word:   procs[pid].groups[group][offset]
//
// This is process-wide state, as the Ps themselves are: an allocator, like the runtime's. Nothing of a metric's
// identity lives here, and a row goes back to the free list when its handle is collected.
const (
	// IndexBits is the number of bits of an index. A cell keeps the index in its word, beside other bits: see Index.
	IndexBits = 20

	// MaxWords is the most words that can be hot at once in one process. Rows past it stay on their shared copy.
	MaxWords = 1 << IndexBits

	groupBits  = 9
	groupWords = 1 << groupBits // 4 KiB: one size class, so a group is aligned to its own page
	groupMask  = groupWords - 1
	maxGroups  = MaxWords / groupWords

	// MaxRow is the longest row Alloc hands out.
	MaxRow = groupWords

	// maxProcs bounds the directory: far above any GOMAXPROCS that a process survives (a P costs about 10 KiB), and
	// untouched pages of it cost nothing.
	maxProcs = 1 << 16
)

// Index returns the index in the low bits of a word that has other bits above it.
func Index(word uint64) uint32 { return uint32(word) & (MaxWords - 1) }

type group [groupWords]uint64

// proc is one P's directory. Entries are set once, by grow, and never change.
type proc struct {
	groups [maxGroups]atomic.Pointer[group]
}

var procs [maxProcs]atomic.Pointer[proc]

// slab holds the rows that are handed out.
var slab struct {
	sync.Mutex
	groups [maxGroups]groupMap
}

// Alloc reserves a row of n words, zero on every P, and makes sure that every current P has memory for it. It reports
// false when the slab is full, n is longer than MaxRow, or another goroutine is in here: the caller keeps its shared copy,
// and asks again some time. So it never waits, but it allocates: callers are on a slow path and not pinned.
func Alloc(n int) (index uint32, ok bool) {
	index, ok, _ = TryAlloc(n)
	return index, ok
}

// TryAlloc is Alloc for callers that do not ask again when the slab is full. It reports full when there is no room for a
// row of n words. Neither ok nor full means that another goroutine is in here.
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

// Free gives a row back. The caller guarantees that no goroutine can write to it any more, which in practice means that
// the handle that held the index has been collected.
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

// Row returns the words from index to the end of their group in the slab of P pid, or nil when that P, having appeared
// after the row was allocated, has no memory for it yet: the caller unpins, calls Grow and starts again.
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

// Word returns the word at index in the slab of P pid, or nil like Row.
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

// Grow gives P pid memory for index. It happens once per P and group, when GOMAXPROCS has grown since the row became
// hot. It allocates and must not be called while pinned. It reports false, having yielded, when pid is past the
// directory: the caller starts again and lands on another P.
func Grow(pid int, index uint32) bool {
	if pid >= maxProcs {
		runtime.Gosched()
		return false
	}
	// Directories are filled from pid 0 up, so that Procs can stop at the first hole.
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

// Procs returns how many Ps have slabs: a reader sums the copies of Ps 0 to Procs()-1, idle or gone ones included.
func Procs() int {
	n := 0
	for n < maxProcs && procs[n].Load() != nil {
		n++
	}
	return n
}

// Sum adds up the copies of one word. Each copy only grows (or wraps), so does the sum as one reader sees it.
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
