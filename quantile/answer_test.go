// SPDX-License-Identifier: Apache-2.0

package quantile

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// One stream has 101 observations: 0, and a run of 100 that ends with 100. The other stream has the
// observation 50. Up to 99 of the run may be less than 50, so the rank of 50 lies between 2 and
// 101. The ranks of 0 and 100 are known, and rank 40 is nearer to the first of them, rank 60 to the
// last.
func TestAStreamsRunMayHideObservationsBelowAValueOfAnother(t *testing.T) {
	var w Window
	w.streams[0] = &stream{n: 101, narrow: []tuple[uint32]{{v: 0, g: 1}, {v: 100, g: 100}}}
	w.streams[1] = &stream{n: 1, narrow: []tuple[uint32]{{v: 50, g: 1}}}
	for rank, want := range map[float64]float64{1: 0, 40: 0, 60: 100, 102: 100} {
		require.Equal(t, []float64{want}, w.answer(nil, []Objective{{Quantile: rank / 102}}), "rank %v", rank)
	}
}
