// SPDX-License-Identifier: Apache-2.0

// Package peers races quipu against the libraries that people use: one adapter per library
// (quipu.go, clientgolang.go, victoriametrics.go, otel.go), one set of scenarios for all of them.
//
// # Rules of the race
//
//   - Every library does the work the way its own documentation tells users to do it on a hot path:
//     handles are kept where a library has handles, attribute sets are made beforehand where it has
//     those, and a name is pasted together where that is how its labels work.
//   - The loop over operations is inside the adapter, so no call through an interface or a closure
//     is measured.
//   - Everybody gets the same values and label strings, in the same order.
//   - A library that cannot do a thing says so ([Work].Missing); nothing is emulated for it.
//   - Work that a library puts off (to a background goroutine, to the scrape) is counted where a
//     scenario says so: see SummaryObserve.
//
// The benchmarks are in the test files. cmd/race runs them in turns and writes the tables,
// cmd/memory and cmd/latency measure memory and single calls, which a benchmark cannot.
package peers
