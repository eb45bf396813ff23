// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// Random label sets, drawn from few names and from values that are easily confused, find what a
// map by their rendered text holds: those whose names are a shape and those whose names are not.
func TestLabelSetsAreFoundWhateverShapesTheMapHasLearned(t *testing.T) {
	names := []string{"a", "aa", "b", "ba", "c"}
	values := []string{"", "x", "y", "xx", `x",b="y`, `"`, "x,b=y", "=",
		"a value of more than 16 bytes", "a value of more than 32 bytes, which is hashed otherwise"}
	rnd := rand.New(rand.NewPCG(1, 2))
	for round := range 30 {
		f := newFamily(1 << 20)
		if round%2 == 0 {
			f.withConsts(map[string]string{"zone": "a"})
		}
		model := map[string]*Node{}
		for range 500 {
			set := map[string]string{}
			for range rnd.IntN(4) {
				set[names[rnd.IntN(2+round%4)]] = values[rnd.IntN(len(values))]
			}
			text := setText(set)
			require.Same(t, model[text], f.findSet(set), "%q", set)
			if rnd.IntN(2) == 0 {
				model[text] = f.withSet(set)
			}
		}
		list := f.shapes.Load()
		require.LessOrEqual(t, len(*list), maxShapes)
		require.Len(t, shapeNames(*list), len(*list), "a shape is learned once")
	}
}

// setText identifies a set: labels without a value are absent.
func setText(set map[string]string) string {
	set = maps.Clone(set)
	maps.DeleteFunc(set, func(_, value string) bool { return value == "" })
	return fmt.Sprintf("%q", set) // fmt sorts the names
}

func shapeNames(list []shape) map[string]bool {
	distinct := map[string]bool{}
	for _, s := range list {
		text := ""
		for _, name := range s.names {
			text += name.Text + " "
		}
		distinct[text] = true
	}
	return distinct
}

// A series is found by its shape also where another label set has the same hash.
func TestAShapeTellsLabelSetsOfOneHashApart(t *testing.T) {
	colliding := collidingValues(t, 2)
	f := newFamily(100)
	first := f.withSet(map[string]string{"a": colliding[0], "b": "x"})
	require.Same(t, first, f.findSet(map[string]string{"a": colliding[0], "b": "x"}))
	require.Nil(t, f.findSet(map[string]string{"a": colliding[1], "b": "x"}))
	second := f.withSet(map[string]string{"a": colliding[1], "b": "x"})
	require.NotSame(t, first, second)
	require.Same(t, second, f.findSet(map[string]string{"a": colliding[1], "b": "x"}))
}

// Names that need quotes, and labels with escapes, are learned by nobody, and found.
func TestSeriesWhoseTextHasEscapesAreFoundByTheShapeOfOthers(t *testing.T) {
	f := newFamily(100)
	escaped := f.withSet(map[string]string{"a": "x\n", "b": "y"})
	require.Nil(t, f.shapes.Load())
	plain := f.withSet(map[string]string{"a": "x", "b": "y"})
	require.Len(t, *f.shapes.Load(), 1)
	require.Same(t, escaped, f.findSet(map[string]string{"a": "x\n", "b": "y"}))
	require.Same(t, plain, f.findSet(map[string]string{"a": "x", "b": "y"}))
	require.Nil(t, f.findSet(map[string]string{"a": "x\n", "b": "z"}))
	quoted := f.withSet(map[string]string{"a.b": "x", "b": "y"})
	require.Len(t, *f.shapes.Load(), 1)
	require.Same(t, quoted, f.findSet(map[string]string{"a.b": "x", "b": "y"}))
}

// A value that is too long is found by no lookup, as without shapes.
func TestAShapeFindsNoValueThatIsTooLong(t *testing.T) {
	f := newFamily(100)
	f.config.MaxValue = 4
	f.Map = New(f.config)
	require.NotNil(t, f.withSet(map[string]string{"a": "1234"}))
	n, key := f.FindSet(map[string]string{"a": "12345"})
	require.Nil(t, n)
	require.Zero(t, key)
}

// A map whose series have many sets of names looks them up as if it had never learned any.
func TestAMapWithManySetsOfNamesForgetsItsShapes(t *testing.T) {
	f := newFamily(100)
	series := map[string]*Node{}
	for i := range 2 * maxShapes {
		name := fmt.Sprint("l", i)
		series[name] = f.withSet(map[string]string{name: "x"})
		want := i + 1
		if want > maxShapes {
			want = 0
		}
		require.Len(t, *f.shapes.Load(), want)
	}
	for name, n := range series {
		require.Same(t, n, f.findSet(map[string]string{name: "x"}))
	}
}
