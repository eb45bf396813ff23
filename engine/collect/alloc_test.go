// SPDX-License-Identifier: Apache-2.0

//go:build !race

package collect

import (
	"io"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

// pathsOpened is the number of file names that a scrape allocates for [Process], to terminate them
// for the kernel.
const pathsOpened = 4

// aCall is the number of objects that a page allocates to call one collector and to wait for it. A
// test of package engine pins it.
const aCall = 6

// allocations returns how many objects a page allocates.
func allocations(t *testing.T, register func(*engine.Registry) error) float64 {
	t.Helper()
	reg := engine.NewRegistry()
	require.NoError(t, register(reg))
	return testing.AllocsPerRun(100, func() {
		if _, err := reg.Expose(io.Discard, engine.Exposition{}); err != nil {
			t.Error(err)
		}
	})
}

func TestCollectingTheRuntimeAllocatesNothingButItsCall(t *testing.T) {
	require.LessOrEqual(t, allocations(t, Go), float64(aCall))
	require.Zero(t, allocations(t, Build))
}

func TestCollectingTheProcessAllocatesNamesAndItsCallOnly(t *testing.T) {
	require.LessOrEqual(t, allocations(t, Process), float64(pathsOpened+aCall))
}

func TestCollectingStatisticsAllocatesNothingButItsCall(t *testing.T) {
	db := openDB(t, 3)
	require.LessOrEqual(t, allocations(t, func(reg *engine.Registry) error { return DB(reg, "orders", db) }),
		float64(aCall))
}

func TestCountingARecordAllocatesNothing(t *testing.T) {
	reg := engine.NewRegistry()
	h, err := Logs(reg, failing{}) // whose errors are counted too
	require.NoError(t, err)
	logger := slog.New(h).With("a", 1).WithGroup("g")
	require.Zero(t, testing.AllocsPerRun(100, func() { logger.Info("text", "b", true) }))
	require.EqualValues(t, 101, byLevel(t, reg)["info"])
}
