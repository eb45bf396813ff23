// SPDX-License-Identifier: Apache-2.0

// Package interleave runs small models of lock-free algorithms under every order in which their memory accesses can
// happen. Tests use it, because the race detector does not see an algorithm that is wrong with atomic operations.
//
// A model is a handful of threads, written as ordinary functions over [Word]s. Each access is a point at which another
// thread may be chosen to go on, so a thread that stops anywhere for any length of time is among what is explored.
//
// # Memory
//
// Accesses are sequentially consistent but for [Thread.Plain], the ordinary store of an amd64 CPU. It goes into the
// store buffer of the [CPU] that the thread is pinned to, from where it reaches memory in order at any later time. That
// CPU sees its own buffer; an atomic write empties it. This is the model of Owens, Sarkar and Sewell ("A better x86
// memory model: x86-TSO"). On other machines quipu stores atomically, which is the case of a buffer that is emptied at
// once.
//
// # Orders that need not be run
//
// Two orders that differ only in accesses which do not touch the same word, or only read it, have the same outcome.
// [Explore] runs one of each such class, with sleep sets (Godefroid, "Partial-Order Methods for the Verification of
// Concurrent Systems"): when one order of two neighbours has been followed to its end, the thread that would bring the
// other one is not chosen until something that depends on it has happened.
package interleave
