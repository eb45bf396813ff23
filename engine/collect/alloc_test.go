// SPDX-License-Identifier: Apache-2.0

//go:build !race

package collect

import (
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

// pathsOpened is what a scrape allocates for [Process]: the names of the files it looks at, terminated for the kernel.
const pathsOpened = 4

// aCall is what a page allocates to call one collector and to wait for it, whatever the collector does. The engine's own
// tests pin it.
const aCall = 6

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

func BenchmarkScrape(b *testing.B) {
	for name, register := range map[string]func(*engine.Registry) error{
		"none": func(*engine.Registry) error { return nil }, "go": Go, "process": Process, "build": Build,
	} {
		b.Run(name, func(b *testing.B) {
			reg := engine.NewRegistry()
			require.NoError(b, register(reg))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := reg.Expose(io.Discard, engine.Exposition{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
