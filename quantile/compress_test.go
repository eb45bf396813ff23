// SPDX-License-Identifier: Apache-2.0

package quantile

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestCompressMatchesItsDefinition compares the walk that joins whole runs with a plain one that
// goes tuple by tuple.
func TestCompressMatchesItsDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, set := range objectiveSets {
		odd := make(map[float64]float64)
		for q, eps := range set {
			odd[q] = eps * math.Pi / 3 // no gap is exactly at its limit, where rounding would decide
		}
		env := mustObjectives(t, odd).life
		for _, shape := range shapes {
			var fast, plain []tuple[uint64]
			n := 0
			for range 200 {
				keys := make([]uint64, 1+r.IntN(100))
				for i := range keys {
					keys[i] = keyOf(shape.draw(r, i))
				}
				n += len(keys)
				g := guardsOf(keys)
				slices.Sort(keys)
				room := make([]tuple[uint64], len(fast)+len(keys))
				fast = slices.Clone(compress(fast, keys, g, uint64(n), env, 1, room))
				plain = plainCompress(plain, keys, g, n, env)
				require.Equal(t, plain, fast, shape.name)
			}
		}
	}
}

func plainCompress(old []tuple[uint64], keys []uint64, g guards, n int, env envelope) []tuple[uint64] {
	type item struct {
		tuple[uint64]
		guard bool
	}
	var all []item
	for _, tu := range old {
		for len(keys) > 0 && valueOf(keys[0]) <= tu.v {
			all = append(all, item{tuple: tuple[uint64]{v: valueOf(keys[0]), g: 1, delta: tu.g + tu.delta - 1}})
			keys = keys[1:]
		}
		all = append(all, item{tuple: tu})
		all[len(all)-1].guard = true // marks an old tuple for the loop below
	}
	for _, k := range keys {
		all = append(all, item{tuple: tuple[uint64]{v: valueOf(k), g: 1}})
	}
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].guard {
			all[i].guard = false
		} else if k := keyOf(all[i].v); k == g[0] {
			all[i].guard = true
			g[0], g[1] = g[1], 0
		}
	}
	for i := len(all) - 1; i > 1; i-- {
		rank := uint64(0)
		for _, it := range all[:i-1] {
			rank += it.g
		}
		left, right := all[i-1], &all[i]
		lim := newLimit(env, float64(n), 1)
		equal := left.v == right.v && all[i-2].v == left.v
		if !left.guard && !right.guard && (equal || float64(left.g+right.g+right.delta) <= lim.at(float64(rank))) {
			right.g += left.g
			all = slices.Delete(all, i-1, i)
		}
	}
	out := make([]tuple[uint64], len(all))
	for i, it := range all {
		out[i] = it.tuple
	}
	return out
}
