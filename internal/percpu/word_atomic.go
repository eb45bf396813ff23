// SPDX-License-Identifier: Apache-2.0

//go:build !amd64 || race || purego

package percpu

import "sync/atomic"

// In these builds the accesses of the owner are atomic, because ordinary stores may be reordered or
// torn, or because the race detector watches. A word still has one writer, so Add needs no
// read-modify-write instruction.

// Load reads a word that only the pinned P writes.
func Load(p *uint64) uint64 { return atomic.LoadUint64(p) }

// Store writes a word that only the pinned P writes. Stores become visible in program order.
func Store(p *uint64, v uint64) { atomic.StoreUint64(p, v) }

// Add adds to a word that only the pinned P writes.
func Add(p *uint64, n uint64) { atomic.StoreUint64(p, atomic.LoadUint64(p)+n) }
