// SPDX-License-Identifier: Apache-2.0

package histogram

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestQuantileInterpolatesAsPrometheusDoes(t *testing.T) {
	bounds := []float64{1, 2, 4}
	for _, test := range []struct {
		name   string
		q      float64
		bounds []float64
		counts []uint64
		want   float64
	}{
		{"first bucket begins at 0", 0.5, bounds, []uint64{10, 0, 0, 0}, 0.5},
		{"inside", 0.75, bounds, []uint64{4, 4, 0, 0}, 1.5},
		{"wider bucket", 0.9, bounds, []uint64{0, 0, 10, 0}, 3.8},
		{"on the border", 0.5, bounds, []uint64{5, 5, 0, 0}, 1},
		{"highest", 1, bounds, []uint64{5, 5, 0, 0}, 2},
		{"beyond the bounds", 0.99, bounds, []uint64{1, 0, 0, 9}, 4},
		{"lowest", 0, bounds, []uint64{0, 3, 0, 0}, 1},
		{"a first bound below 0", 0.1, []float64{-2, 1}, []uint64{5, 5, 0}, -2},
		{"a first bound of 0", 0.1, []float64{0, 1}, []uint64{5, 5, 0}, 0},
		{"from below 0", 0.75, []float64{-2, 2}, []uint64{5, 5, 0}, 0},
		{"no observations", 0.5, bounds, []uint64{0, 0, 0, 0}, nan},
		{"no bounds", 0.5, nil, []uint64{3}, nan},
		{"of another layout", 0.5, bounds, []uint64{3}, nan},
		{"no q", nan, bounds, []uint64{1, 1, 1, 1}, nan},
		{"q below 0", -0.1, bounds, []uint64{1, 1, 1, 1}, -inf},
		{"q above 1", 1.1, bounds, []uint64{1, 1, 1, 1}, inf},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := Quantile(test.q, test.bounds, test.counts)
			if math.IsNaN(test.want) {
				require.True(t, math.IsNaN(got), "%v", got)
				return
			}
			if math.IsInf(test.want, 0) {
				require.Equal(t, test.want, got)
				return
			}
			require.InDelta(t, test.want, got, 1e-12)
		})
	}
}
