// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"math"
	"slices"
	"testing"

	client "github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestSummariesEstimateWithinTheirErrors compares counts and sums, and looks up the rank of every
// estimate among the observations.
func TestSummariesEstimateWithinTheirErrors(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		objectives := rapid.MapOfN(rapid.SampledFrom([]float64{0, 0.1, 0.5, 0.9, 0.99, 1}),
			rapid.SampledFrom([]float64{0, 0.001, 0.01, 0.05}), 0, 4).Draw(t, "objectives")
		observed := rapid.SliceOfN(rapid.Float64Range(-100, 100), 0, 1500).Draw(t, "observations")
		var written [2]*dto.Summary
		for i, a := range []api{ours, theirs} {
			s := a.newSummary(client.SummaryOpts{Name: "s", Objectives: objectives})
			for _, v := range observed {
				s.Observe(v)
			}
			var m dto.Metric
			require.NoError(t, s.Write(&m))
			written[i] = m.Summary
		}
		got, want := written[0], written[1]
		require.Equal(t, want.GetSampleCount(), got.GetSampleCount())
		require.InDelta(t, want.GetSampleSum(), got.GetSampleSum(), 1e-6)
		require.Len(t, got.Quantile, len(want.Quantile))
		slices.Sort(observed)
		for i, q := range got.Quantile {
			require.Equal(t, want.Quantile[i].GetQuantile(), q.GetQuantile())
			requireRank(t, observed, q, objectives[q.GetQuantile()])
		}
	})
}

// requireRank requires that the estimate is an observation whose rank is within the error, or next
// to it.
func requireRank(t *rapid.T, observed []float64, q *dto.Quantile, allowed float64) {
	if len(observed) == 0 {
		require.True(t, math.IsNaN(q.GetValue()))
		return
	}
	n := float64(len(observed))
	first, found := slices.BinarySearch(observed, q.GetValue())
	require.True(t, found, "%v was observed", q.GetValue())
	last := first
	for last < len(observed) && observed[last] == q.GetValue() {
		last++
	}
	require.LessOrEqual(t, float64(first), (q.GetQuantile()+allowed)*n+1)
	require.GreaterOrEqual(t, float64(last), (q.GetQuantile()-allowed)*n-1)
}
