// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/labeltext"
)

func TestShortValuesThatCollideUnderEverySecretAreSeriesOfTheirOwn(t *testing.T) {
	a, b := "xabbbbbbb", "xabbbbbbbb" // 'a'^9 is 'b'^10, and so on
	require.Equal(t, labelHash(1, a), labelHash(1, b))
	f := newFamily(100, "a")
	first, second := f.with(a), f.with(b)
	require.NotSame(t, first, second)
	require.Same(t, first, f.find([]string{a}))
	require.Same(t, second, f.find([]string{b}))
}

func TestValuesWithEqualXXHashAreSeriesOfTheirOwn(t *testing.T) {
	values := collidingValues(t, 5)
	f := newFamily(100, "a", "b")
	nodes := make([]*Node, len(values))
	for i, v := range values {
		nodes[i] = f.with(v, "b")
	}
	check := func(alive ...int) {
		t.Helper()
		for i, v := range values {
			var want *Node
			for _, k := range alive {
				if k == i {
					want = nodes[i]
				}
			}
			require.Same(t, want, f.find([]string{v, "b"}), "%d", i)
			require.Same(t, want, f.findSet(map[string]string{"b": "b", "a": v}), "%d", i)
			if want != nil {
				require.Same(t, want, f.insert(v, "b"), "created twice")
			}
		}
		require.Equal(t, len(alive), f.Len())
		require.Len(t, f.walk(t), len(alive))
	}
	require.Equal(t, int64(4), f.displaced.Load(), "the values do collide")
	check(0, 1, 2, 3, 4)
	require.True(t, f.Delete(nodes[0])) // this one has the slot
	check(1, 2, 3, 4)
	require.True(t, f.Delete(nodes[2])) // this one is displaced
	check(1, 3, 4)
	require.Equal(t, int64(3), f.displaced.Load())
	nodes[0] = f.with(values[0], "b") // it takes the slot again
	check(0, 1, 3, 4)
	nodes[2] = f.with(values[2], "b")
	check(0, 1, 2, 3, 4)
	require.True(t, f.Delete(nodes[0]))
	require.True(t, f.Delete(nodes[1]))
	nodes[1] = f.with(values[1], "b") // it was displaced before, and takes the slot now
	check(1, 2, 3, 4)
	require.Equal(t, int64(3), f.displaced.Load())
	for _, i := range []int{1, 2, 3, 4} {
		require.True(t, f.Delete(nodes[i]))
	}
	check()
	require.Zero(t, f.displaced.Load())

	for i, v := range values {
		nodes[i] = f.with(v, "b")
	}
	f.Reset()
	check()
	require.Zero(t, f.displaced.Load())
}

func TestOpenMapsKeepCollidingValuesApart(t *testing.T) {
	f := newFamily(100)
	for i, v := range collidingValues(t, 4) {
		n := f.withSet(map[string]string{"k": v})
		require.Equal(t, i+1, f.Len())
		require.Same(t, n, f.findSet(map[string]string{"k": v}))
	}
	require.Equal(t, int64(3), f.displaced.Load())
}

// Values that people use, and values that differ in few bits, neither collide nor crowd the buckets
// of the map. Most secrets spread them as evenly as chance would, with at most 9 or so in a bucket.
// But a multiplication by a number that has a pattern in its bits leaves one in the products: one
// secret in 1000 has 30 values in a bucket, and one in 10 000 has 60. The limits leave room for
// these.
func TestOrdinaryValuesSpreadEvenly(t *testing.T) {
	const n = 10_000
	for name, value := range map[string]func(i int) string{
		"decimal":           func(i int) string { return strconv.Itoa(i) },
		"padded":            func(i int) string { return fmt.Sprintf("%08d", i) },
		"with a prefix":     func(i int) string { return fmt.Sprintf("user-%d", i) },
		"with a suffix":     func(i int) string { return fmt.Sprintf("%d.example", i) },
		"hexadecimal":       func(i int) string { return fmt.Sprintf("%016x", i) },
		"longer than 16":    func(i int) string { return fmt.Sprintf("/api/v1/objects/%d", i) },
		"two bytes":         func(i int) string { return string([]byte{byte(i), byte(i >> 8)}) },
		"high bits":         func(i int) string { return string([]byte{1, 2, 3, 4, 5, 6, byte(i), byte(i >> 8)}) },
		"low bits of eight": func(i int) string { return string([]byte{byte(i), byte(i >> 8), 3, 4, 5, 6, 7, 8}) },
		"middle of sixteen": func(i int) string {
			return "0123456" + string([]byte{byte(i), byte(i >> 8)}) + "9abcdef"
		},
		"powers of a letter": func(i int) string { return string(make([]byte, i%1000)) + strconv.Itoa(i/1000) },
	} {
		t.Run(name, func(t *testing.T) {
			one, two := newFamily(1<<14-1, "a"), newFamily(1<<14-1, "a", "b")
			for i := range n {
				one.with(value(i))
				two.with(value(i%100), value(i/100))
			}
			for _, f := range []*family{one, two} {
				require.Equal(t, n, f.Len())
				require.Zero(t, f.displaced.Load())
				stats := f.index.one.Load().Stats()
				require.Less(t, stats.TotalBuckets, 2*stats.RootBuckets, "%s", stats.ToString())
				require.Less(t, stats.MaxEntries, 200, "%s", stats.ToString())
			}
		})
	}
}

func TestTheHashOfValuesIsTheSumOfTheHashesOfLabels(t *testing.T) {
	names := labeltext.NewNames([]string{"a", "b"})
	names[0].Seed, names[1].Seed = nameSeed("a"), nameSeed("b")
	for n := range 80 {
		value := strings.Repeat("0123456789abcdef", 5)[:n]
		hash, short := valuesHash(names, []string{value, "x"}, labeltext.MaxValue)
		require.True(t, short)
		require.Equal(t, labelHash(names[0].Seed, value)+labelHash(names[1].Seed, "x"), hash, "%d bytes", n)
	}
	_, short := valuesHash(names, []string{"x", strings.Repeat("x", 13)}, 12)
	require.False(t, short)
}

// Every byte of a value counts, and so does its length.
func TestEveryByteChangesTheHash(t *testing.T) {
	seed := nameSeed("a")
	seen := map[uint64]string{}
	add := func(value string) {
		hash := labelHash(seed, value)
		require.NotContains(t, seen, hash, "%q and %q", value, seen[hash])
		seen[hash] = value
	}
	for n := range 60 {
		value := strings.Repeat("0123456789abcdef", 4)[:n]
		add(value)
		for i := range n {
			add(value[:i] + "#" + value[i+1:])
		}
	}
}
