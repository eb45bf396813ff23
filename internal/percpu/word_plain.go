// SPDX-License-Identifier: Apache-2.0

//go:build amd64 && !race && !purego

package percpu

// A word with one writer needs no more than amd64 gives it (TSO): an aligned MOV of eight bytes is
// single-copy atomic, and stores become visible in program order. So the atomic load of a reader
// returns a value that was written, and never an older one after a newer one. atomic.Store would be
// an XCHG, which costs as much as a LOCK ADD. These functions are inlined to a plain MOV and ADD.
// The calls of Pin and Unpin around them are opaque to the compiler, so it does not move a store
// out of the pinned section.

// Load reads a word that only the pinned P writes.
func Load(p *uint64) uint64 { return *p }

// Store writes a word that only the pinned P writes. Stores become visible in program order.
func Store(p *uint64, v uint64) { *p = v }

// Add adds to a word that only the pinned P writes.
func Add(p *uint64, n uint64) { *p += n }
