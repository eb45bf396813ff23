// SPDX-License-Identifier: Apache-2.0

package metrictest

import (
	"fmt"
	"math"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

// sample returns a registry with one metric of each type.
func sample(t *testing.T) *engine.Registry {
	t.Helper()
	reg := engine.NewRegistry(engine.WithStrict(), engine.WithConstLabels(engine.Labels{"app": "x"}))
	requests, err := reg.NewCounterVec("requests_total", "Requests \\ of\nall kinds.", []string{"path", "code"})
	require.NoError(t, err)
	requests.With("/", "200").Add(3)
	requests.With("/a\"\\\n", "404").Inc()
	level, err := reg.NewGauge("level_celsius", "")
	require.NoError(t, err)
	level.Set(math.NaN())
	seconds, err := reg.NewHistogram("work_seconds", "Work.", engine.WithBuckets(1, 2.5, 10))
	require.NoError(t, err)
	for _, v := range []float64{0.5, 1, 2, 100} {
		seconds.Observe(v)
	}
	size, err := reg.NewSummary("size_bytes", "Size.", engine.WithObjectives(map[float64]float64{0.5: 0.1, 0.9: 0.1}))
	require.NoError(t, err)
	size.Observe(7)
	_, err = reg.NewGaugeVec("empty", "Has no series.", []string{"a"})
	require.NoError(t, err)
	return reg
}

// fakeTB is a testing.TB that records failures.
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

// try calls f with a fakeTB, which it returns.
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
