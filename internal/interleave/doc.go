// SPDX-License-Identifier: Apache-2.0

// Package interleave runs small concurrent programs under every order in which their memory accesses can happen. Tests use
// it, because the race detector does not see an algorithm that is wrong with atomic operations.
//
// A [Scenario] is a handful of threads that use the real code of a package, whose files are compiled with the packages
// below shim in place of sync/atomic, sync, time and runtime: see package realcode. Each access is a point at which another
// thread may be chosen to go on, so a thread that stops anywhere for any length of time is among what is explored.
//
// # Memory
//
// Accesses are sequentially consistent but for [Store], the ordinary store of an amd64 CPU. It goes into the store buffer
// of the CPU (the P) that the thread is on, from where it reaches memory in order at any later time, also long after the
// operation that made it. That CPU sees its own buffer; an atomic write empties it. This is the model of Owens, Sarkar and
// Sewell ("A better x86 memory model: x86-TSO"). The weaker order of other machines is not modelled: there quipu stores
// atomically, which is the case of a buffer that is emptied at once.
//
// # Orders that need not be run
//
// Two orders that differ only in accesses which do not touch the same word, or only read it, have the same outcome.
// [explore] runs one of each such class, with dynamic partial-order reduction and sleep sets. A scenario with too many
// classes can be bounded instead: then orders are left out that leave a thread which could go on for another one more often
// than so many times.
package interleave
