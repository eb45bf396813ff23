// SPDX-License-Identifier: Apache-2.0

package collect

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

func TestLatencyLayoutLosesNoBucket(t *testing.T) {
	inf := math.Inf(1)
	l := newLatencyLayout([]float64{-inf, 0, 5e-7, 1e-6, 2e-6, 4e-6, 1, 2, inf})
	require.Equal(t, []float64{1e-6, 4e-6, 1}, l.bounds)
	require.Equal(t, []int{0, 0, 0, 1, 1, 2, 3, 3}, l.into)
	require.InDeltaSlice(t, []float64{0, 2.5e-7, 7.5e-7, 1.5e-6, 3e-6, 0.500002, 1.5, 2}, l.middle, 1e-9)

	counts := make([]uint64, 4)
	for range 2 { // the second round must not add to the first
		sum := l.merge(counts, []uint64{1, 2, 4, 8, 16, 32, 64, 128})
		require.Equal(t, []uint64{1 + 2 + 4, 8 + 16, 32, 64 + 128}, counts)
		require.InDelta(t, 32*0.500002+64*1.5+128*2, sum, 0.001)
	}
}

func TestSchedulingLatenciesAreObserved(t *testing.T) {
	reg := engine.NewRegistry()
	require.NoError(t, Go(reg))
	before := pageOf(t, reg)
	done := make(chan struct{})
	for range 1000 {
		go func() { done <- struct{}{} }()
	}
	for range 1000 {
		<-done
	}
	after := pageOf(t, reg)
	const name = "go_sched_latencies_seconds"
	// The runtime samples one event in eight.
	require.Greater(t, after.Value(t, name+"_count"), before.Value(t, name+"_count"))
	require.Greater(t, after.Value(t, name+"_sum"), before.Value(t, name+"_sum"))
	bounds := 0
	for series := range after.Samples {
		if strings.HasPrefix(series, name+"_bucket{") {
			bounds++
		}
	}
	require.GreaterOrEqual(t, bounds, 8)
	require.LessOrEqual(t, bounds, 14)
}
