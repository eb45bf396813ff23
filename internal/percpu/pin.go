// SPDX-License-Identifier: Apache-2.0

//go:build !purego

package percpu

import _ "unsafe" // for go:linkname

// Private reports whether Pin really pins. It is a constant, so the compiler drops the paths that
// cannot be taken.
const Private = true

// Pin stops preemption and returns the number of the current P, in [0, GOMAXPROCS) (BenchmarkPin).
// The runtime keeps this linkname: see the comment at procPin in runtime/proc.go and
// go.dev/issue/67401.
//
//go:linkname Pin runtime.procPin
func Pin() int

// Unpin undoes one Pin.
//
//go:linkname Unpin runtime.procUnpin
func Unpin()
