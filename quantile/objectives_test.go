// SPDX-License-Identifier: Apache-2.0

package quantile

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestObjectivesAreChecked(t *testing.T) {
	for _, bad := range []map[float64]float64{
		{-0.1: 0.1}, {1.1: 0.1}, {math.NaN(): 0.1}, {99: 0.1}, {math.Inf(1): 0.1},
		{0.5: 0}, {0.5: -0.1}, {0.5: 1}, {0.5: math.NaN()}, {0.5: math.Inf(1)},
	} {
		_, err := NewObjectives(bad)
		for q := range bad {
			require.ErrorContains(t, err, fmt.Sprint(q), "the error names the quantile")
		}
	}
	o, err := NewObjectives(map[float64]float64{0.99: 0.001, 0: 0.5, 1: 0.1, 0.5: 0.05})
	require.NoError(t, err)
	require.Equal(t, []Objective{{0, 0.5}, {0.5, 0.05}, {0.99, 0.001}, {1, 0.1}}, o.List())
	require.Equal(t, 4, o.Len())
}

// TestEnvelopeIsTheMinimumOfItsObjectives compares the precomputed segments with the definition.
func TestEnvelopeIsTheMinimumOfItsObjectives(t *testing.T) {
	for _, set := range append(objectiveSets,
		map[float64]float64{0.1: 0.2}, map[float64]float64{0.3: 0.2, 0.4: 0.01, 0.6: 0.2}) {
		o := mustObjectives(t, set)
		for i := 0; i <= 1000; i++ {
			x := float64(i) / 1000
			want := math.Inf(1)
			for _, objective := range o.List() {
				if p := objective.Quantile - objective.Epsilon; p > 0 {
					want = min(want, 2*objective.Epsilon*max(x/p, (1-x)/(1-p)))
				}
			}
			lim := newLimit(o.life, 1, 1)
			if got := lim.at(x); math.IsInf(want, 1) {
				require.Equal(t, want, got)
			} else {
				require.InDelta(t, want, got, 1e-12, "at %v of %v", x, set)
			}
		}
	}
}
