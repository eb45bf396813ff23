// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every lookup in a part finds what a lookup of all labels finds, for every choice of the labels
// that are fixed.
func TestAPartFindsTheSeriesOfItsLabels(t *testing.T) {
	colliding := collidingValues(t, 2)
	values := []string{"", "GET", `q"uo\te`, "a value of more than sixteen bytes", colliding[0], colliding[1]}
	for _, labels := range []int{1, 2, 3, few, few + 1, 8*few + 1} {
		for _, open := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d labels, open: %t", labels, open), func(t *testing.T) {
				var names []string
				for i := range labels {
					names = append(names, fmt.Sprint("l", i))
				}
				f := newFamily(1000, names...)
				if open {
					f = newFamily(1000)
				}
				f = f.withConsts(map[string]string{"const": "1"})
				for i := range values {
					set := make(map[string]string)
					for j, name := range names {
						set[name] = values[(i+j*j)%len(values)]
					}
					n := f.withSet(set)
					for fixed := range min(1<<labels, 64) {
						part, rest := make(map[string]string), make(map[string]string)
						var left []string
						for j, name := range names {
							if fixed>>min(j, 5)&1 == 1 {
								part[name] = set[name]
							} else {
								rest[name] = set[name]
								left = append(left, set[name])
							}
						}
						p := f.Part(part)
						found, _ := p.FindSet(rest)
						require.Same(t, n, found)
						if !open {
							found, _ = p.Find(left)
							require.Same(t, n, found)
						}
						if len(left) == 0 {
							continue
						}
						for name := range rest {
							rest[name] += "other"
						}
						found, key := p.FindSet(rest)
						require.Nil(t, found)
						all := make(map[string]string)
						for _, labels := range []map[string]string{part, rest} {
							for name, value := range labels {
								all[name] = value
							}
						}
						_, want := f.FindSet(all)
						require.Equal(t, want, key)
						for i := range left {
							left[i] += "other"
						}
						if !open {
							found, key = p.Find(left)
							require.Nil(t, found)
							require.Equal(t, want, key)
						}
					}
				}
			})
		}
	}
}

// A label set that only has the hash of a series is not found, with its last label fixed or its
// first.
func TestAPartTellsLabelSetsOfOneHashApart(t *testing.T) {
	colliding := collidingValues(t, 2)
	for _, open := range []bool{false, true} {
		f := newFamily(100, "a", "b")
		if open {
			f = newFamily(100)
		}
		n := f.withSet(map[string]string{"a": colliding[0], "b": "x"})
		p := f.Part(map[string]string{"b": "x"})
		found, _ := p.FindSet(map[string]string{"a": colliding[0]})
		require.Same(t, n, found)
		found, key := p.FindSet(map[string]string{"a": colliding[1]})
		require.Nil(t, found)
		require.NotZero(t, key)
		found, _ = f.Part(map[string]string{"a": colliding[1]}).FindSet(map[string]string{"b": "x"})
		require.Nil(t, found)
		if !open {
			found, _ = p.Find([]string{colliding[1]})
			require.Nil(t, found)
		}
	}
}

func TestLookupsInAPartThatCannotBeFindNothing(t *testing.T) {
	long := strings.Repeat("x", 1025)
	f := newFamily(10, "a", "b", "c")
	f.with("1", "2", "3")
	p := f.Part(map[string]string{"b": "2"})
	for _, values := range [][]string{nil, {"1"}, {"1", "2", "3"}, {"1", long}} {
		n, key := p.Find(values)
		require.Nil(t, n)
		require.Zero(t, key)
	}
	open := newFamily(10)
	open.withSet(map[string]string{"a": "1", "b": "2"})
	n, _ := open.Part(map[string]string{"b": "2"}).Find(nil)
	require.Nil(t, n)
	for _, set := range []map[string]string{{"a": "1", "b": "2"}, {"a": long}, {"a": "1", "c": "3", "d": "4"}} {
		n, _ = p.FindSet(set)
		require.Nil(t, n)
		n, _ = open.Part(map[string]string{"b": "2"}).FindSet(set)
		require.Nil(t, n)
	}
	n, _ = open.Part(map[string]string{"b": "2", "c": ""}).FindSet(map[string]string{"a": "1"})
	require.NotNil(t, n, "an empty label is an absent one")
	n, _ = open.Part(map[string]string{"b": "2", "c": ""}).FindSet(map[string]string{"a": "1", "c": ""})
	require.Nil(t, n, "but its name is taken")
}

func TestLookupsInAPartAllocateNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	names := make([]string, 20)
	values := make([]string, len(names))
	for i := range names {
		names[i], values[i] = fmt.Sprint("l", i), "value"
	}
	for _, labels := range []int{2, 8, 20} {
		f := newFamily(10, names[:labels]...)
		f.with(values[:labels]...)
		p := f.Part(map[string]string{"l1": "value"})
		buffer := []byte("value")
		rest := values[1:labels]
		require.Zero(t, testing.AllocsPerRun(100, func() {
			if n, _ := p.Find(rest); n == nil {
				panic("not found")
			}
		}))
		if labels == 2 {
			require.Zero(t, testing.AllocsPerRun(100, func() {
				if n, _ := p.Find([]string{string(buffer)}); n == nil {
					panic("not found")
				}
			}), "values stay on the stack")
		}
	}
	open := newFamily(10)
	open.withSet(map[string]string{"a": "1", "b": "2"})
	p := open.Part(map[string]string{"a": "1"})
	require.Zero(t, testing.AllocsPerRun(100, func() {
		if n, _ := p.FindSet(map[string]string{"b": "2"}); n == nil {
			panic("not found")
		}
	}))
}

// BenchmarkPart looks up a series by one of its two labels, and by both.
func BenchmarkPart(b *testing.B) {
	f := newFamily(100, "tenant", "user")
	f.with("acme", "ada")
	p := f.Part(map[string]string{"tenant": "acme"})
	b.Run("part", func(b *testing.B) {
		for b.Loop() {
			p.Find([]string{"ada"})
		}
	})
	b.Run("map", func(b *testing.B) {
		for b.Loop() {
			f.Find([]string{"acme", "ada"})
		}
	})
}
