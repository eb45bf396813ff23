// SPDX-License-Identifier: Apache-2.0

package histogram

import (
	"encoding/binary"
	"math"
	"slices"
	"sort"
	"testing"

	"github.com/stretchr/testify/require"
)

// requireFind compares Bucket with the standard library's search at v and its neighbours.
func requireFind(t *testing.T, b *Bounds, v float64) {
	t.Helper()
	for _, v := range []float64{v, -v, math.Nextafter(v, inf), math.Nextafter(v, -inf)} {
		want := sort.SearchFloat64s(b.upper, v)
		if math.IsNaN(v) {
			want = len(b.upper)
		}
		require.Equal(t, want, b.Bucket(v), "%v in %v", v, b.upper)
		require.Equal(t, want, b.halve(v), "%v in %v", v, b.upper)
		require.Equal(t, want, walk(b, v), "%v in %v", v, b.upper)
	}
}

// walk returns the result of Bucket by comparing one bound after the other.
func walk(b *Bounds, v float64) int {
	for i, upper := range b.upper {
		if v <= upper {
			return i
		}
	}
	return len(b.upper)
}

func TestFindAgreesWithBinarySearch(t *testing.T) {
	crowded := append(Must(Linear(1, 0x1p-40, 100)), 1e300)
	for name, bounds := range map[string][]float64{
		"default":     Default(),
		"none":        {},
		"zero":        {0},
		"minus zero":  {-1, math.Copysign(0, -1), 1},
		"one":         {3},
		"both signs":  Must(Linear(-10, 0.7, 40)),
		"negative":    {-3, -2, -1},
		"everything":  {-math.MaxFloat64, -5e-324, 0, 5e-324, math.MaxFloat64},
		"denormals":   Must(Linear(5e-324, 5e-324, 30)),
		"exponential": Must(ExponentialRange(1e-300, 1e300, MaxBounds)),
		"crowded":     crowded,
	} {
		t.Run(name, func(t *testing.T) {
			b, err := NewBounds(bounds)
			require.NoError(t, err)
			require.Equal(t, len(bounds)+1, b.Buckets())
			for _, v := range slices.Concat(b.upper, []float64{0, 1, 5e-324, 2.2e-308, math.MaxFloat64, inf, nan}) {
				requireFind(t, b, v)
			}
		})
	}
	b, err := NewBounds(crowded)
	require.NoError(t, err)
	require.Nil(t, b.cells, "a layout that crowds one cell is searched by halving")
	b, err = NewBounds(Default())
	require.NoError(t, err)
	require.NotNil(t, b.cells)
}

func FuzzFindAgreesWithBinarySearch(f *testing.F) {
	seed := func(v float64, bounds ...float64) {
		var raw []byte
		for _, b := range bounds {
			raw = binary.LittleEndian.AppendUint64(raw, math.Float64bits(b))
		}
		f.Add(v, raw)
	}
	seed(0.3, Default()...)
	seed(nan, 1, 2)
	seed(math.Copysign(0, -1), -1, 0, 1)
	seed(0, -1, math.Copysign(0, -1), 1)
	seed(1, 1, math.Nextafter(1, 2), 1e300)
	f.Fuzz(func(t *testing.T, v float64, raw []byte) {
		var bounds []float64
		for ; len(raw) >= 8; raw = raw[8:] {
			bounds = append(bounds, math.Float64frombits(binary.LittleEndian.Uint64(raw)))
		}
		slices.Sort(bounds)
		b, err := NewBounds(bounds)
		if err != nil {
			require.ErrorIs(t, err, ErrBounds)
			return
		}
		requireFind(t, b, v)
		for _, upper := range b.upper {
			requireFind(t, b, upper)
		}
	})
}

func TestBoundsOutOfOrderAreRefused(t *testing.T) {
	for _, bounds := range [][]float64{
		{1, 1}, {2, 1}, {nan}, {1, nan}, {nan, 1}, {-inf, 1}, {1, inf, inf}, {inf, 1}, {math.Copysign(0, -1), 0},
		make([]float64, MaxBounds+1),
	} {
		_, err := NewBounds(bounds)
		require.ErrorIs(t, err, ErrBounds, "%v", bounds)
	}
}

func TestBoundsAreACopyWithoutInf(t *testing.T) {
	given := []float64{-1, math.Copysign(0, -1), 1, inf}
	b, err := NewBounds(given)
	require.NoError(t, err)
	got := b.Upper()
	require.Equal(t, []float64{-1, 0, 1}, got)
	require.False(t, math.Signbit(got[1]), "a bound of -0 would be shown as such")
	got[0] = 5
	require.Equal(t, -1.0, given[0])

	for _, none := range [][]float64{nil, {}, {inf}} {
		b, err := NewBounds(none)
		require.NoError(t, err)
		require.Empty(t, b.Upper())
	}
}

func TestLimitsAreThoseThatTheDocsName(t *testing.T) {
	require.Equal(t, 508, MaxBounds)
	require.Equal(t, []int{32, 500, 272}, []int{leastMaxBuckets, mostMaxBuckets, widestMaxBuckets})
}
