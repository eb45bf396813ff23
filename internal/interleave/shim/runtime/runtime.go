// SPDX-License-Identifier: Apache-2.0

// Package runtime has the part of the API of the standard library's runtime that scenarios need:
// see package interleave.
package runtime

import (
	"reflect"

	"github.com/quipu-metrics/quipu/internal/interleave"
)

// GOMAXPROCS returns the number of processors of the run, which does not change during the run.
func GOMAXPROCS(int) int { return interleave.Procs() }

// Gosched does nothing, because another thread can run at any step.
func Gosched() {}

// KeepAlive records that an object is reachable up to here.
func KeepAlive(x any) { interleave.KeepAlive(x) }

// Cleanup is runtime.Cleanup.
type Cleanup struct{}

// AddCleanup registers a function that is called after the object has been collected. A scenario
// decides when: see interleave.LastUse.
func AddCleanup[T, S any](p *T, cleanup func(S), arg S) Cleanup {
	interleave.AddCleanup(p, func() { cleanup(arg) })
	return Cleanup{}
}

// SetFinalizer sets or, with a nil finalizer, takes away the function that interleave.Collect calls
// with an object.
func SetFinalizer(object, finalizer any) {
	if finalizer == nil {
		interleave.SetFinalizer(object, nil)
		return
	}
	interleave.SetFinalizer(object, func() {
		reflect.ValueOf(finalizer).Call([]reflect.Value{reflect.ValueOf(object)})
	})
}
