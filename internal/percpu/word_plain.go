// SPDX-License-Identifier: Apache-2.0

//go:build amd64 && !race && !purego

package percpu

// On amd64 an aligned eight-byte MOV is single-copy atomic and stores become visible in program order (TSO), which is
// all a word with one writer needs: a reader's atomic load sees some value that was really written, and never an older
// one after a newer one. atomic.Store would be an XCHG, as dear as a LOCK ADD. The functions inline to plain MOV and
// ADD; the opaque calls of Pin and Unpin around them keep the compiler from moving a store out of the pinned section.

// Load reads a word that only the pinned P writes.
func Load(p *uint64) uint64 { return *p }

// Store writes a word that only the pinned P writes. Stores become visible in program order.
func Store(p *uint64, v uint64) { *p = v }

// Add adds to a word that only the pinned P writes.
func Add(p *uint64, n uint64) { *p += n }
