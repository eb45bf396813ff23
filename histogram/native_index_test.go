// SPDX-License-Identifier: Apache-2.0

package histogram

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// requireNativeIndex checks that v is above the bound below its bucket, and not above the bound of
// its bucket.
func requireNativeIndex(t *testing.T, v float64, schema int) {
	t.Helper()
	index := nativeIndex(v, schema)
	require.LessOrEqual(t, v, nativeBound(index, schema), "%v at schema %d", v, schema)
	require.Greater(t, v, nativeBound(index-1, schema), "%v at schema %d", v, schema)
	for lower := schema; lower >= minSchema; lower-- {
		require.Equal(t, nativeIndex(v, lower), coarser(index, schema-lower),
			"%v from schema %d to %d", v, schema, lower)
	}
}

func TestNativeIndexKnownValues(t *testing.T) {
	for _, test := range []struct {
		v             float64
		schema, index int
	}{
		{1, 0, 0}, {1, 3, 0}, {1, 8, 0}, {1, -4, 0}, {2, 0, 1}, {2, 1, 2}, {2, 8, 256}, {1.5, 0, 1}, {0.5, 0, -1},
		{3, 0, 2}, {4, -1, 1}, {4.1, -1, 2}, {0.25, -1, -1}, {0.3, -1, 0}, {math.MaxFloat64, 0, 1024},
		{math.MaxFloat64, -4, 64}, {math.Sqrt2, 1, 1}, {1.1, 3, 2}, {0x1p-1022, 0, -1022}, {0x1p-1022, -4, -63},
	} {
		require.Equal(t, test.index, nativeIndex(test.v, test.schema), "%v at schema %d", test.v, test.schema)
	}
}

func FuzzNativeIndex(f *testing.F) {
	for _, v := range []float64{1, 2, 0.1, math.Sqrt2, math.MaxFloat64, 0x1p-1022, 0x1.00001p-1000} {
		for schema := minSchema; schema <= maxSchema; schema++ {
			f.Add(v, schema)
		}
	}
	f.Fuzz(func(t *testing.T, v float64, schema int) {
		v = math.Abs(v)
		if schema < minSchema || schema > maxSchema || !(v >= 0x1p-1021 && v <= math.MaxFloat64/2) {
			return
		}
		for _, v := range []float64{v, nativeBound(nativeIndex(v, schema), schema)} {
			requireNativeIndex(t, v, schema)
			requireNativeIndex(t, min(math.Nextafter(v, inf), math.MaxFloat64), schema)
			requireNativeIndex(t, math.Nextafter(v, 0), schema)
		}
	})
}
