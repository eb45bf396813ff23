// SPDX-License-Identifier: Apache-2.0

package testkit

import (
	"net"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// settle waits until the goroutines of earlier tests have ended. A goroutine that ends during a
// test would hide one that the test leaves.
func settle() {
	idle()
	for n, calm := runtime.NumGoroutine(), 0; calm < 20; calm++ {
		time.Sleep(10 * time.Millisecond)
		if now := runtime.NumGoroutine(); now != n {
			n, calm = now, 0
		}
	}
}

func TestBaselineFindsAGoroutineAndADescriptorThatAreLeft(t *testing.T) {
	settle()
	Baseline(t)
	stop := make(chan struct{})
	r := record(t, func(r *recorder) {
		baseline(r, 100*time.Millisecond)
		go func() { <-stop }()
		r.cleanups[0]()
	})
	close(stop)
	require.Contains(t, r.failed, "TestBaselineFindsAGoroutine")

	if openDescriptors() == nil {
		return // this system does not list descriptors
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close()) // the descriptors of the network poller stay
	var file *os.File
	r = record(t, func(r *recorder) {
		baseline(r, 100*time.Millisecond)
		file, err = os.Open("doc.go")
		r.cleanups[0]()
	})
	require.NoError(t, err)
	require.NoError(t, file.Close())
	require.Contains(t, r.failed, "testkit/doc.go")
}
