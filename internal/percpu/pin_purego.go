// SPDX-License-Identifier: Apache-2.0

//go:build purego

package percpu

// Private reports whether Pin really pins.
const Private = false

// Pin returns the same number to everybody. Callers check Private, and synchronise their writes
// themselves.
func Pin() int { return 0 }

// Unpin does nothing.
func Unpin() {}
