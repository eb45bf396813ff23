// SPDX-License-Identifier: Apache-2.0

package testkit

import (
	"testing"
	"time"
)

// Poll calls check until it returns nil. It fails the test with the last error if that takes longer
// than timeout.
func Poll(t testing.TB, timeout time.Duration, check func() error) {
	t.Helper()
	for deadline := time.Now().Add(timeout); ; time.Sleep(20 * time.Millisecond) {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %v", timeout, err)
		}
	}
}
