// SPDX-License-Identifier: Apache-2.0

// Package bench holds the engine's own benchmarks: every update, lookup, creation and deletion of
// series, scrapes of up to a million series in every format, and the memory of a series.
//
//	go test -run '^$' -bench . ./bench
//
// It exports nothing. bench/peers, a module of its own, races the engine against other libraries;
// BENCHMARKS.md in the root has the results of both.
package bench
