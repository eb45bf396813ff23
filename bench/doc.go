// SPDX-License-Identifier: Apache-2.0

// Package bench holds the engine's own benchmarks: updates, lookups, creation and deletion of
// series, scrapes of up to a million series in every format, and the memory of a series.
//
//	go test -run '^$' -bench . ./bench
//
// It exports nothing. The module bench/peers compares the engine with other libraries.
// BENCHMARKS.md, in the root of the project, has the results of both.
package bench
