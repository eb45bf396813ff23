// SPDX-License-Identifier: Apache-2.0

package atomicf

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSumAddsLikeFloat64(t *testing.T) {
	inf, tiny := math.Inf(1), math.SmallestNonzeroFloat64
	for name, c := range map[string]struct {
		adds []float64
		want float64
	}{
		"nothing":       {nil, 0},
		"zero":          {[]float64{0, math.Copysign(0, -1)}, 0},
		"denormals":     {[]float64{tiny, tiny, tiny}, 3 * tiny},
		"halves":        {[]float64{0.5, 0.5, 0.25}, 1.25},
		"past 2^53":     {[]float64{1 << 53, 2}, 1<<53 + 2},
		"infinity":      {[]float64{1, inf, 1, inf}, inf},
		"overflow":      {[]float64{math.MaxFloat64, math.MaxFloat64}, inf},
		"largest value": {[]float64{math.MaxFloat64, 1}, math.MaxFloat64},
	} {
		t.Run(name, func(t *testing.T) {
			temperatures(t, (*Sum).promote, func(t *testing.T, s *Sum, middle func()) {
				for i, v := range c.adds {
					if i == len(c.adds)/2 {
						middle()
					}
					s.Add(v)
				}
				require.Equal(t, math.Float64bits(c.want), math.Float64bits(s.Load()))
			})
		})
	}
}

func TestSumRefusesWhatIsNegativeOrNaN(t *testing.T) {
	temperatures(t, (*Sum).promote, func(t *testing.T, s *Sum, middle func()) {
		require.True(t, s.Add(1))
		for _, v := range []float64{
			-1, -math.SmallestNonzeroFloat64, math.Inf(-1), math.NaN(), math.Copysign(math.NaN(), -1),
			math.Float64frombits(hotNaN | 7), // a tag, if it were stored
		} {
			require.False(t, s.Add(v), "%v", v)
			require.Equal(t, 1.0, s.Load(), "%v", v)
		}
		middle()
		require.True(t, s.Add(0))
		require.True(t, s.Add(math.Copysign(0, -1)))
		require.Equal(t, 1.0, s.Load())
		require.True(t, s.Add(math.Inf(1)))
		require.False(t, s.Add(math.Inf(-1)))
		require.Equal(t, math.Inf(1), s.Load())
	})
}
