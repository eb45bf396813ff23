// SPDX-License-Identifier: Apache-2.0

package quantile

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Of 102 observations one stream has 0 and a run of 100 that ends with 100, the other has 50: up to 99 of the run may be
// less than 50, so its rank lies between 2 and 101. The 40th observation is nearer to the first and the 60th to the last, whose ranks are known.
func TestAStreamsRunMayHideObservationsBelowAValueOfAnother(t *testing.T) {
	var w Window
	w.streams[0] = &stream{n: 101, narrow: []tuple[uint32]{{v: 0, g: 1}, {v: 100, g: 100}}}
	w.streams[1] = &stream{n: 1, narrow: []tuple[uint32]{{v: 50, g: 1}}}
	for rank, want := range map[float64]float64{1: 0, 40: 0, 60: 100, 102: 100} {
		require.Equal(t, []float64{want}, w.answer(nil, []Objective{{Quantile: rank / 102}}), "rank %v", rank)
	}
}
