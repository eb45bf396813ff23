// SPDX-License-Identifier: Apache-2.0

package histogram

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func BenchmarkFind(b *testing.B) {
	for _, n := range []int{5, 11, 20, 35, 50, 100, 400} {
		upper := Default()
		if n != 11 {
			upper = Must(ExponentialRange(0.005, 10, n))
		}
		bounds, err := NewBounds(upper)
		require.NoError(b, err)
		random := rand.New(rand.NewPCG(1, 2))
		var values [4096]float64
		for i := range values {
			values[i] = random.ExpFloat64() * 0.5
		}
		sink := 0
		for name, f := range map[string]func(*Bounds, float64) int{
			"index": (*Bounds).find, "walk": (*Bounds).walk, "halve": (*Bounds).halve,
		} {
			b.Run(fmt.Sprintf("bounds=%d/%s", n, name), func(b *testing.B) {
				for i := 0; b.Loop(); i++ {
					sink += f(bounds, values[i&4095])
				}
			})
		}
	}
}
