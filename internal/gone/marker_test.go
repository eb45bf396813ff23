// SPDX-License-Identifier: Apache-2.0

package gone

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNoValueOfAProgramIsAMarker(t *testing.T) {
	require.NotEqual(t, uint64(Stale), math.Float64bits(Unmarked(math.Float64frombits(Stale))))
	require.True(t, math.IsNaN(Unmarked(math.Float64frombits(Stale))))
	for _, v := range []float64{0, math.Copysign(0, -1), 1.5, math.Inf(1), math.Inf(-1)} {
		require.Equal(t, math.Float64bits(v), math.Float64bits(Unmarked(v)))
	}
}
