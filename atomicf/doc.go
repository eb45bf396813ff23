// SPDX-License-Identifier: Apache-2.0

// Package atomicf provides the cells that hold metric values: words that any number of goroutines
// update without locks.
//
//   - [Float64] is one float64 that is updated by compare-and-swap.
//   - [Count] is an unsigned integer that only grows, [Sum] a float64 that only grows, and [Level]
//     a float64 that goes up and down and can be set. These three spread over CPUs when they get
//     hot.
//
// # Cold and hot
//
// A cold cell is one shared word, which atomic read-modify-write instructions update. That is fast
// as long as one goroutine at a time updates the cell. When several Ps (the scheduler's processors)
// fight over it, it turns hot: every P gets a private copy in memory that no other P writes
// ([github.com/quipu-metrics/quipu/internal/percpu]). An update of a hot cell is an ordinary
// addition to the copy of the current P, and a reader adds up the copies. Each copy takes 8 bytes,
// those of a Level 56.
//
// On some machines an atomic instruction costs more than pinning a goroutine to its P. There a
// Count that one P uses all the time turns hot as well. The two costs are measured once per
// process.
//
// A Count or a Sum that is hot stays hot. A Level turns cold at every Set. The copies of a cell are
// used again after the garbage collector has collected the cell, so a stale pointer to a cell never
// writes into the memory of another one.
//
// # Reads
//
// A read includes every update that had finished before the read began, no update that began after
// the read ended, and any of those that overlap it. So a Count or a Sum never goes down from one
// read to the next. A Level that several Ps update may read as a value that it had at no instant,
// because a reader can see a goroutine's decrement and miss its earlier increment on another P.
package atomicf
