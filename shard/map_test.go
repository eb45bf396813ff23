// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/labeltext"
)

// tricky values are those that could confuse a comparison with rendered text.
var tricky = []string{
	"", "a", "ab", "GET", "200", `"`, `\`, "\n", `\\`, `\"`, `\n`, `n`, "\\\n", `","`, `",b="`, `x",b="y`, `x",b=`,
	`a="x"`, `="`, `=`, `,`, `"}`, `} 1`, "é", "日本語", "\x00", strings.Repeat("x", 16), strings.Repeat("x", 17), strings.Repeat(`\`, 20),
}

// constantLabels are those of the families in the tests below, and their text.
var constantLabels = []struct {
	labels map[string]string
	text   string
}{
	{nil, ""},
	{map[string]string{"zone": "eu"}, `zone="eu"`},
	{map[string]string{"q": `a"b`}, `q="a\"b"`},
}

func joined(variable, consts string) string {
	if variable == "" || consts == "" {
		return variable + consts
	}
	return variable + "," + consts
}

func TestFindReturnsTheSeriesThatWasCreatedWithEqualValues(t *testing.T) {
	for _, consts := range constantLabels {
		for _, names := range [][]string{{"a"}, {"a", "b"}, {"method", "b"}, {"b", "method"}} {
			t.Run(fmt.Sprint(names, consts.text), func(t *testing.T) {
				f := newFamily(1<<20, names...).withConsts(consts.labels)
				var tuples [][]string
				for _, a := range tricky {
					if len(names) == 1 {
						tuples = append(tuples, []string{a})
						continue
					}
					for _, b := range tricky {
						tuples = append(tuples, []string{a, b})
					}
				}
				created := make([]*Node, len(tuples))
				for i, values := range tuples {
					require.Nil(t, f.find(values), "%q is there before it was created", values)
					created[i] = f.with(values...)
					require.Equal(t, joined(render(names, values), consts.text), created[i].Labels)
				}
				require.Equal(t, len(tuples), f.Len())
				for i, values := range tuples {
					require.Same(t, created[i], f.find(values), "%q", values)
					set := make(map[string]string)
					for k, name := range names {
						set[name] = values[k]
					}
					require.Same(t, created[i], f.findSet(set), "the map form of %q", values)
				}
				require.Len(t, f.walk(t), len(tuples))
			})
		}
	}
}

func TestFindWantsTheDeclaredLabels(t *testing.T) {
	f := newFamily(100, "a", "b")
	n := f.with("1", "2")
	require.Nil(t, f.find(nil))
	require.Nil(t, f.find([]string{"1"}))
	require.Nil(t, f.find([]string{"1", "2", ""}))
	require.Nil(t, f.find([]string{"2", "1"}))
	require.Nil(t, f.findSet(nil))
	require.Nil(t, f.findSet(map[string]string{"a": "1"}))
	require.Nil(t, f.findSet(map[string]string{"a": "1", "c": "2"}))
	require.Nil(t, f.findSet(map[string]string{"a": "1", "b": "2", "c": ""}))
	require.Same(t, n, f.findSet(map[string]string{"b": "2", "a": "1"}))

	long := strings.Repeat("x", labeltext.MaxValue+1)
	require.Nil(t, f.find([]string{long, ""}))
	require.Nil(t, f.findSet(map[string]string{"a": long, "b": ""}))
	require.Same(t, f.with(long[1:], ""), f.find([]string{long[1:], ""}), "%d bytes are found", labeltext.MaxValue)
}

func TestAFamilyWithoutLabelsHasOneSeries(t *testing.T) {
	for _, consts := range constantLabels {
		f := newFamily(10, []string{}...)
		f.config.Names = []string{} // declared, none
		f.withConsts(consts.labels)
		n := f.with()
		require.Equal(t, consts.text, n.Labels)
		require.Same(t, n, f.find(nil))
		require.Same(t, n, f.findSet(nil))
		require.Same(t, n, f.with())
		require.Equal(t, 1, f.Len())
		require.True(t, f.Delete(n))
		require.Nil(t, f.find(nil))
	}
}

func TestOpenMapsTakeAnyLabelsAndNoEmptyOnes(t *testing.T) {
	for _, consts := range constantLabels {
		f := newFamily(1 << 20).withConsts(consts.labels)
		sets := []map[string]string{{}}
		for _, a := range tricky[1:] {
			sets = append(sets, map[string]string{"a": a}, map[string]string{"b": a})
			for _, b := range tricky[1:] {
				sets = append(sets, map[string]string{"a": a, "b": b}, map[string]string{"a": a, "bb": b})
			}
		}
		for i, set := range sets {
			require.Nil(t, f.findSet(set), "%q is there before it was created", set)
			n := f.withSet(set)
			require.Equal(t, i+1, f.Len())
			require.Same(t, n, f.findSet(set))
			set["empty"] = ""
			require.Same(t, n, f.findSet(set), "an empty label is an absent one")
			require.Same(t, n, f.withSet(set))
		}
		require.Nil(t, f.findSet(map[string]string{"a": strings.Repeat("x", labeltext.MaxValue+1)}))
		require.Len(t, f.walk(t), len(sets))
	}
}

func TestInsertReturnsTheSeriesThatIsThere(t *testing.T) {
	f := newFamily(10, "a")
	first := f.insert("1")
	require.Same(t, first, f.insert("1"))
	require.Equal(t, 1, f.Size())

	var wg sync.WaitGroup
	got := make([]*Node, 8)
	for g := range got {
		wg.Go(func() { got[g] = f.with("2") })
	}
	wg.Wait()
	for _, n := range got {
		require.Same(t, got[0], n)
	}
	require.Equal(t, 2, f.Size())
}

func TestInsertRefusesLabelsThatAreNotThoseOfTheMap(t *testing.T) {
	const message = `shard: a new series needs the labels ["a" "b"], got 1`
	f := newFamily(2, "a", "b")
	require.PanicsWithValue(t, message, func() { f.Insert([]string{"1"}, 0) })
	require.Panics(t, func() { f.Insert([]string{"1", "2", "3"}, 0) })
	require.PanicsWithValue(t, message, func() { f.InsertSet(map[string]string{"a": "1"}, 0) })
	require.Panics(t, func() { f.InsertSet(map[string]string{"a": "1", "c": "2"}, 0) })
	require.Panics(t, func() { f.InsertSet(map[string]string{"a": "1", "b": "2", "c": "3"}, 0) })
	require.Zero(t, f.Size())
	require.Panics(t, func() { newFamily(2).Insert([]string{"1"}, 0) }, "an open map has no names for values")
	require.Equal(t, `a="1",b="2"`, f.InsertSet(map[string]string{"a": "1", "b": "2"}, 0).Labels)
}

func TestDeletedSeriesCanBeCreatedAgain(t *testing.T) {
	f := newFamily(10, "a")
	n := f.with(`q"uote`)
	require.False(t, n.Gone())
	require.True(t, f.Delete(n))
	require.True(t, n.Gone())
	require.False(t, f.Delete(n), "it is gone already")
	require.Nil(t, f.find([]string{`q"uote`}))
	require.Empty(t, f.walk(t))

	again := f.with(`q"uote`)
	require.NotSame(t, n, again)
	require.False(t, f.Delete(n), "the one that bears its labels now is another")
	require.Same(t, again, f.find([]string{`q"uote`}))
	require.False(t, again.Gone())
	require.Equal(t, 1, f.Len())
}

func TestAFullMapSendsTheRestToTheOverflowSeries(t *testing.T) {
	f := newFamily(3, "a")
	for i := range 3 {
		f.with(fmt.Sprint(i))
	}
	require.Nil(t, f.full(), "full, but the overflow series does not exist yet")
	require.Equal(t, 3, f.Size())
	over := f.with("3")
	require.Equal(t, `a="overflow"`, over.Labels)
	require.Equal(t, 4, f.Size())
	require.Equal(t, 3, f.Len())
	require.Same(t, over, f.with("4"))
	require.Same(t, over, f.full())
	require.Same(t, over, f.find([]string{"overflow"}))
	require.Equal(t, uint64(2), f.rejections.Load())
	require.Same(t, f.find([]string{"0"}), f.with("0"), "those that exist are found")
	require.Equal(t, uint64(2), f.rejections.Load())
	require.Len(t, f.walk(t), 4)

	require.True(t, f.delete("1"))
	require.Nil(t, f.full(), "there is room again")
	require.Equal(t, `a="5"`, f.with("5").Labels)
	require.Same(t, over, f.with("6"))

	require.True(t, f.Delete(over), "the overflow series goes like any other")
	require.Equal(t, 3, f.Size())
	require.Equal(t, 3, f.Len())
	require.NotSame(t, over, f.with("7"))
	require.Equal(t, 4, f.Size())

	f.Reset()
	require.Zero(t, f.Size())
	require.Empty(t, f.walk(t))
	require.Equal(t, `a="7"`, f.with("7").Labels)
}

func TestASeriesWithTheLabelsOfTheOverflowSeriesBecomesIt(t *testing.T) {
	f := newFamily(2, "a")
	mine := f.with("overflow")
	f.with("0")
	require.Same(t, mine, f.with("1"))
	require.Equal(t, 2, f.Size(), "it does not count against the limit any more")
	require.Equal(t, 1, f.Len())
	require.Equal(t, `a="2"`, f.with("2").Labels)
	require.Same(t, mine, f.with("3"))
	require.Equal(t, 3, f.Size())
	require.Len(t, f.walk(t), 3)
}

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
	require.True(t, f.Delete(nodes[0])) // the one with the slot
	check(1, 2, 3, 4)
	require.True(t, f.Delete(nodes[2])) // a displaced one
	check(1, 3, 4)
	require.Equal(t, int64(3), f.displaced.Load())
	nodes[0] = f.with(values[0], "b") // takes the slot again
	check(0, 1, 3, 4)
	nodes[2] = f.with(values[2], "b")
	check(0, 1, 2, 3, 4)
	require.True(t, f.Delete(nodes[0]))
	require.True(t, f.Delete(nodes[1]))
	nodes[1] = f.with(values[1], "b") // displaced before, takes the slot now
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

// Two collisions at once cannot be made from outside. Forced from inside, the newcomer has no place of its own.
func TestALabelSetWithBothHashesTakenGoesToTheOverflowSeries(t *testing.T) {
	values := collidingValues(t, 2)
	f := newFamily(100, "a")
	f.with(values[0])
	stranger := f.with("stranger")
	keyed := keyedHash(f.names[0].Seed, values[1])
	f.shard(keyed).Store(keyed, stranger)
	require.Equal(t, `a="overflow"`, f.with(values[1]).Labels)
	require.Nil(t, f.find(values[1:]))
	require.Equal(t, uint64(1), f.rejections.Load())

	t.Run("and so does the overflow series itself", func(t *testing.T) {
		f := newFamily(1, "a")
		first := f.with("first")
		f.shards[0].Store(labelHash(f.names[0].Seed, "overflow"), first)
		keyed := keyedHash(f.names[0].Seed, "overflow")
		f.displaced.Add(1)
		f.shards[0].Store(keyed, first)
		require.Equal(t, `a="overflow"`, f.with("second").Labels)
		require.Equal(t, 2, f.Size())
		require.Len(t, f.walk(t), 2, "it is exposed all the same")
	})
}

func TestLimitsSpreadOverShards(t *testing.T) {
	for _, c := range []struct{ max, shards int }{
		{0, 1}, {1, 1}, {10_000, 1}, {seriesPerShard, 2}, {1 << 20, 128}, {math.MaxInt32, 256},
	} {
		m := New(Config{Names: []string{"a"}, MaxSeries: c.max})
		require.Len(t, m.shards, c.shards, "%d series", c.max)
	}
	f := newFamily(1<<20, "a")
	for i := range 20_000 {
		f.with(fmt.Sprint(i))
	}
	require.Equal(t, 20_000, f.Len())
	for i, s := range f.shards {
		require.InDelta(t, 20_000/len(f.shards), s.Size(), 100, "shard %d", i)
	}
}
