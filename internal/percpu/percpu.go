// SPDX-License-Identifier: Apache-2.0

// Package percpu gives the engine memory that only the current processor (the scheduler's P) writes.
//
// [Pin] stops preemption and names the P; until [Unpin] no other goroutine runs on that P, so a word that belongs to
// the P has one writer and needs no LOCK-prefixed instruction. Readers on other Ps use atomic loads.
//
// Rules while pinned: never block, never call a user's function, never panic, never allocate more than you must, and
// leave through Unpin on every path.
//
// Under -race and where an ordinary store may be reordered or torn (everything but amd64) the same helpers are atomic
// operations. With the purego tag there is no pinning at all: [Private] is false, nothing ever becomes private to a P,
// and every caller takes its shared, atomic path.
package percpu
