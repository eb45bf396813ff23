// SPDX-License-Identifier: Apache-2.0

package histogram

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLayoutsThatWork(t *testing.T) {
	for name, layout := range map[string]struct {
		got  func() ([]float64, error)
		want []float64
	}{
		"linear":            {func() ([]float64, error) { return Linear(5, 5, 3) }, []float64{5, 10, 15}},
		"linear below zero": {func() ([]float64, error) { return Linear(-1, 1, 3) }, []float64{-1, 0, 1}},
		"linear, one":       {func() ([]float64, error) { return Linear(7, 1, 1) }, []float64{7}},
		"exponential":       {func() ([]float64, error) { return Exponential(100, 1.2, 3) }, []float64{100, 120, 144}},
		"exponential, one":  {func() ([]float64, error) { return Exponential(7, 2, 1) }, []float64{7}},
		"tidy":              {func() ([]float64, error) { return Linear(0.1, 0.1, 3) }, []float64{0.1, 0.2, 0.3}},
		"tidy, exponential": {func() ([]float64, error) { return Exponential(0.1, 1.1, 3) },
			[]float64{0.1, 0.11, 0.121}},
		"tidy, range": {func() ([]float64, error) { return ExponentialRange(1e-3, 10, 5) },
			[]float64{.001, .01, .1, 1, 10}},
		"big integers": {func() ([]float64, error) { return Linear(1<<53-2, 1, 3) },
			[]float64{1<<53 - 2, 1<<53 - 1, 1 << 53}},
		"range, two": {func() ([]float64, error) { return ExponentialRange(1, 100, 2) }, []float64{1, 100}},
		"range, one": {func() ([]float64, error) { return ExponentialRange(1, 100, 1) }, []float64{1}},
		"range, whole": {
			func() ([]float64, error) { return ExponentialRange(math.SmallestNonzeroFloat64, math.MaxFloat64, 2) },
			[]float64{math.SmallestNonzeroFloat64, math.MaxFloat64}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := layout.got()
			require.NoError(t, err)
			require.Equal(t, layout.want, got)
			_, err = NewBounds(got)
			require.NoError(t, err)
		})
	}
	wide, err := ExponentialRange(1e-300, 1e300, MaxBounds)
	require.NoError(t, err)
	require.Len(t, wide, MaxBounds)
	require.Equal(t, 1e300, wide[MaxBounds-1])
}

func TestLayoutsThatCannotWorkAreErrors(t *testing.T) {
	for name, layout := range map[string]func() ([]float64, error){
		"linear count 0":          func() ([]float64, error) { return Linear(1, 1, 0) },
		"linear count huge":       func() ([]float64, error) { return Linear(1, 1, MaxBounds+1) },
		"linear width 0":          func() ([]float64, error) { return Linear(1, 0, 3) },
		"linear width below 0":    func() ([]float64, error) { return Linear(1, -1, 3) },
		"linear NaN":              func() ([]float64, error) { return Linear(nan, 1, 3) },
		"linear NaN width":        func() ([]float64, error) { return Linear(1, nan, 3) },
		"linear infinite":         func() ([]float64, error) { return Linear(1, inf, 3) },
		"linear overflow":         func() ([]float64, error) { return Linear(1, math.MaxFloat64, 3) },
		"linear too close":        func() ([]float64, error) { return Linear(1e20, 1, 3) },
		"exponential count":       func() ([]float64, error) { return Exponential(1, 2, -1) },
		"exponential start 0":     func() ([]float64, error) { return Exponential(0, 2, 3) },
		"exponential start < 0":   func() ([]float64, error) { return Exponential(-1, 2, 3) },
		"exponential factor 1":    func() ([]float64, error) { return Exponential(1, 1, 3) },
		"exponential NaN":         func() ([]float64, error) { return Exponential(1, nan, 3) },
		"exponential infinite":    func() ([]float64, error) { return Exponential(inf, 2, 3) },
		"exponential overflow":    func() ([]float64, error) { return Exponential(1, 1e200, 3) },
		"exponential too close":   func() ([]float64, error) { return Exponential(5e-324, 1.1, 3) },
		"range count":             func() ([]float64, error) { return ExponentialRange(1, 2, 0) },
		"range min 0":             func() ([]float64, error) { return ExponentialRange(0, 2, 3) },
		"range max below min":     func() ([]float64, error) { return ExponentialRange(2, 1, 3) },
		"range max is min":        func() ([]float64, error) { return ExponentialRange(2, 2, 1) },
		"range infinite":          func() ([]float64, error) { return ExponentialRange(1, inf, 3) },
		"range NaN":               func() ([]float64, error) { return ExponentialRange(nan, 1, 3) },
		"range with no room left": func() ([]float64, error) { return ExponentialRange(1, math.Nextafter(1, 2), 3) },
	} {
		t.Run(name, func(t *testing.T) {
			bounds, err := layout()
			require.ErrorIs(t, err, ErrLayout)
			require.Nil(t, bounds)
			require.Panics(t, func() { Must(layout()) })
		})
	}
}

func TestDefaultReturnsANewCopy(t *testing.T) {
	require.NotSame(t, &Default()[0], &Default()[0])
}
