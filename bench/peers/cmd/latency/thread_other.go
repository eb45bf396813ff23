// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package main

// switchesOfThread is not known here: calls that took long are not explained.
func switchesOfThread() int64 { return 0 }
