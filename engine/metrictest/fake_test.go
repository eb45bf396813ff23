// SPDX-License-Identifier: Apache-2.0

package metrictest

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// fakeTB records what a test would have been told.
type fakeTB struct {
	testing.TB // nil: a method that is not expected panics
	errors     []string
	fatal      string
	helped     bool
}

func (f *fakeTB) Helper() { f.helped = true }

func (f *fakeTB) Errorf(format string, args ...any) {
	f.errors = append(f.errors, fmt.Sprintf(format, args...))
}

func (f *fakeTB) Fatalf(format string, args ...any) {
	f.fatal = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// try runs what a test would do and returns what it would have been told.
func try(t *testing.T, f func(tb testing.TB)) *fakeTB {
	t.Helper()
	fake := new(fakeTB)
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(fake)
	}()
	<-done
	require.True(t, fake.helped, "the failure is to show the test's line")
	return fake
}
