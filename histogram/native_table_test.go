// SPDX-License-Identifier: Apache-2.0

package histogram

import (
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
)

// exactBound returns 2^(index·2^-schema) to 200 bits, for a positive schema and an index from 0 to
// 2^schema.
func exactBound(index, schema int) *big.Float {
	bound, root := new(big.Float).SetPrec(200).SetInt64(1), new(big.Float).SetPrec(200).SetInt64(2)
	for bit := schema; bit >= 0; bit-- {
		if index>>bit&1 == 1 {
			bound.Mul(bound, rootOfTwo(root, schema-bit))
		}
	}
	return bound
}

// rootOfTwo returns 2^(2^-n).
func rootOfTwo(two *big.Float, n int) *big.Float {
	root := new(big.Float).SetPrec(200).Set(two)
	for range n {
		root.Sqrt(root)
	}
	return root
}

func TestFractionsAreCorrectlyRounded(t *testing.T) {
	for j, fraction := range fractions {
		want, _ := exactBound(j, maxSchema).Float64()
		require.Equal(t, want/2, fraction, "%d", j)
	}
}
