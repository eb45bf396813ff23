// SPDX-License-Identifier: Apache-2.0

// Package runtime has the API of the standard library's runtime, as far as it is needed: see package interleave.
package runtime

import "github.com/quipu-metrics/quipu/internal/interleave"

// GOMAXPROCS returns the number of processors of the run, which does not change.
func GOMAXPROCS(int) int { return interleave.Procs() }

// Gosched does nothing: another thread can run at any step.
func Gosched() {}

// KeepAlive notes that an object is reachable up to here.
func KeepAlive(x any) { interleave.KeepAlive(x) }

// Cleanup is runtime.Cleanup.
type Cleanup struct{}

// AddCleanup registers a function for when the object has been collected, which a scenario decides: see
// interleave.Collect.
func AddCleanup[T, S any](p *T, cleanup func(S), arg S) Cleanup {
	interleave.AddCleanup(p, func() { cleanup(arg) })
	return Cleanup{}
}
