// SPDX-License-Identifier: Apache-2.0

// Package percpu gives the engine memory that only the current processor (the scheduler's P)
// writes.
//
// [Pin] stops preemption and returns the number of the P. Until [Unpin] no other goroutine runs on
// that P. So a word that belongs to the P has one writer at a time, and needs no LOCK-prefixed
// instruction. Readers on other Ps use atomic loads.
//
// Code that is pinned never blocks, never calls a function of the user, never panics, allocates as
// little as it can, and calls Unpin on every path.
//
// Under -race, and on all processors but amd64 (where an ordinary store may be reordered or torn),
// the same helpers are atomic operations. With the purego tag there is no pinning: [Private] is
// false, nothing becomes private to a P, and every caller takes its shared, atomic path.
package percpu
