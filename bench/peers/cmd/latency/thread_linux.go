// SPDX-License-Identifier: Apache-2.0

package main

import "syscall"

// switchesOfThread returns how often the calling thread has lost its CPU so far, by its own doing
// (a parked goroutine) or not.
func switchesOfThread() int64 {
	const rusageThread = 1
	var u syscall.Rusage
	if err := syscall.Getrusage(rusageThread, &u); err != nil {
		return 0
	}
	return int64(u.Nvcsw) + int64(u.Nivcsw)
}
