// SPDX-License-Identifier: Apache-2.0

package atomicf

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFloat64IsOneFloat(t *testing.T) {
	var f Float64
	require.Zero(t, f.Load())
	require.Equal(t, 0.5, f.Add(0.5))
	require.Equal(t, -1.0, f.Add(-1.5))
	f.Store(math.Inf(1))
	require.Equal(t, math.Inf(1), f.Add(1))
	require.True(t, math.IsNaN(f.Add(math.Inf(-1))))
	require.True(t, math.IsNaN(f.Add(1)), "an Add to NaN ends")
	f.Store(math.Copysign(0, -1))
	require.Equal(t, math.Float64bits(math.Copysign(0, -1)), math.Float64bits(f.Load()))
}
