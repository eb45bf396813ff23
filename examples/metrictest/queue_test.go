// SPDX-License-Identifier: Apache-2.0

package queue

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/engine/metrictest"
)

func TestPutCountsAcceptedAndRejectedJobs(t *testing.T) {
	reg := engine.NewRegistry(engine.WithStrict()) // a registry for each test; misuse panics
	q, err := New(reg, 2)
	require.NoError(t, err)
	require.NoError(t, q.Put("a"))
	require.NoError(t, q.Put("b"))
	require.ErrorIs(t, q.Put("c"), ErrFull)

	// Value reads one value.
	require.Equal(t, 1.0, metrictest.Value(t, reg, "queue_puts_total", engine.Labels{"accepted": "false"}))

	// Compare reads whole families: a series too few or too many is a failure.
	metrictest.Compare(t, reg, `
		# TYPE queue_puts_total counter
		queue_puts_total{accepted="true"} 2
		queue_puts_total{accepted="false"} 1
		queue_jobs 2
	`)
}

func TestTakeEmptiesTheQueue(t *testing.T) {
	reg := engine.NewRegistry(engine.WithStrict())
	q, err := New(reg, 2)
	require.NoError(t, err)
	require.NoError(t, q.Put("a"))

	// Take runs on another goroutine, so the test waits for its update.
	go q.Take()
	metrictest.WaitFor(t, reg, "queue_jobs", nil, 0, 10*time.Second)
}

func TestNamesFollowTheConventions(t *testing.T) {
	reg := engine.NewRegistry(engine.WithStrict())
	_, err := New(reg, 2)
	require.NoError(t, err)
	metrictest.Lint(t, reg)
}

func TestNewReturnsTheErrorOfANameThatIsTaken(t *testing.T) {
	reg := engine.NewRegistry(engine.WithStrict())
	_, err := reg.NewGauge("queue_puts_total", "Something else.")
	require.NoError(t, err)
	_, err = New(reg, 2)
	require.ErrorIs(t, err, engine.ErrTaken)
}
