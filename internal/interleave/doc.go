// SPDX-License-Identifier: Apache-2.0

// Package interleave runs small concurrent programs in every order in which their memory accesses
// can happen. Tests use it because the race detector does not find an algorithm that is wrong with
// atomic operations.
//
// A [Scenario] is a handful of threads that use the real code of a package. The package's files are
// compiled with the packages below shim in place of sync/atomic, sync, time and runtime: see
// package realcode. At each access another thread may be chosen to continue. So the orders include
// those in which a thread stops anywhere for any length of time.
//
// # Memory
//
// Accesses are sequentially consistent, except [Store], which is the ordinary store of an amd64
// CPU. A store goes into the store buffer of the CPU (the P) that the thread is on. From there the
// stores reach memory in their order, at any later time, also long after the operation that made
// them. The CPU sees the stores in its own buffer, and an atomic write waits until it is empty.
// This is the model of Owens, Sarkar and Sewell ("A better x86 memory model: x86-TSO"). The weaker
// order of other machines is not modelled. There quipu stores atomically, which is the case of a
// buffer that is emptied at once.
//
// # Orders that are left out
//
// Two orders have the same outcome if they differ only in the order of loads, or of accesses to
// different words. [Run] explores one order of each such class, by dynamic partial-order reduction
// with sleep sets. A scenario with too many classes can be bounded. Then orders are left out that
// switch too often from a thread that could continue to another one.
package interleave
