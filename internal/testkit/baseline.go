// SPDX-License-Identifier: Apache-2.0

package testkit

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// Baseline checks at the end of the test that there are no more goroutines and open descriptors
// than now. It must be called before anything that registers a cleanup, and not in tests that run
// in parallel with others.
func Baseline(t testing.TB) {
	t.Helper()
	baseline(t, 5*time.Second)
}

// baseline is Baseline with a time in which goroutines and descriptors that are about to end may do
// so.
func baseline(t testing.TB, patience time.Duration) {
	t.Helper()
	startPoller()
	idle()
	goroutines, descriptors := runtime.NumGoroutine(), openDescriptors()
	t.Cleanup(func() {
		if t.Failed() {
			return // it stopped halfway, so it leaves things behind, and it has failed already
		}
		Poll(t, patience, func() error {
			idle()
			if n := runtime.NumGoroutine(); n > goroutines {
				stacks := make([]byte, 1<<20)
				stacks = stacks[:runtime.Stack(stacks, true)]
				return fmt.Errorf("%d goroutines, %d at the start of the test:\n%s", n, goroutines, stacks)
			}
			if open := openDescriptors(); len(open) > len(descriptors) {
				return fmt.Errorf("%d descriptors, %d at the start of the test:\n%s",
					len(open), len(descriptors), strings.Join(open, "\n"))
			}
			return nil
		})
	})
}

// startPoller makes the runtime open the descriptors of its network poller, which it does at the
// first socket of the process, and keeps.
func startPoller() {
	if l, err := net.Listen("tcp", "127.0.0.1:0"); err == nil {
		l.Close()
	}
}

// idle closes the connections that http.Get and similar functions keep for the next request.
func idle() { http.DefaultClient.CloseIdleConnections() }

// openDescriptors describes each open descriptor. It returns nil on systems that do not list them.
func openDescriptors() []string {
	const dir = "/proc/self/fd"
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var open []string
	for _, e := range entries {
		// The descriptor that lists the directory is closed by now and has no target.
		if target, err := os.Readlink(dir + "/" + e.Name()); err == nil {
			open = append(open, e.Name()+" "+target)
		}
	}
	return open
}
