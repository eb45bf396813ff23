// SPDX-License-Identifier: Apache-2.0

// Package atomicf provides the cells that hold metric values: words that any number of goroutines update without locks.
//
//   - [Float64] is one float64, updated by compare-and-swap.
//   - [Count] is an unsigned integer that only grows, [Sum] a float64 that only grows, [Level] a float64 that goes up and
//     down and can be set. These three spread over CPUs when they get hot.
//
// # Cold and hot
//
// A cold cell is one shared word, updated with atomic read-modify-write instructions: 8 bytes, and as fast as one
// goroutine can be served. When several Ps (the scheduler's processors) fight over it, it turns hot: every P gets a
// private copy in memory that no other P writes ([github.com/quipu-metrics/quipu/internal/percpu]), an update is an
// ordinary add, and a reader sums the copies. On a machine whose atomic instructions cost more than pinning a goroutine
// to its P, a Count under sustained use turns hot as well; that is measured once per process.
//
// A hot cell stays hot. Its copies are recycled when the cell itself is garbage collected, so a stale pointer to a cell
// never writes into another cell's memory.
//
// # What a reader sees
//
// A read holds every update that had finished before it began, none that began after it ended, and any of those that
// overlap it. So a Count or a Sum lies between the first and all of them, and never goes down from one read to the next. A
// Level under Adds from many Ps may read as a value that it had at no instant, such as one past a goroutine's decrement
// and before its increment.
package atomicf
