// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

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
	n, _ := f.InsertSet(map[string]string{"a": "1", "b": "2"}, 0)
	require.Equal(t, `a="1",b="2"`, n.Labels)
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
	require.Nil(t, f.taker(), "full, but the overflow series does not exist yet")
	require.Equal(t, 3, f.Size())
	over := f.with("3")
	require.Equal(t, `a="overflow"`, over.Labels)
	require.Equal(t, 4, f.Size())
	require.Equal(t, 3, f.Len())
	require.Same(t, over, f.with("4"))
	require.Same(t, over, f.taker())
	require.Same(t, over, f.find([]string{"overflow"}))
	require.Equal(t, uint64(2), f.rejections.Load())
	require.Same(t, f.find([]string{"0"}), f.with("0"), "those that exist are found")
	require.Equal(t, uint64(2), f.rejections.Load())
	require.Len(t, f.walk(t), 4)

	require.True(t, f.delete("1"))
	require.Nil(t, f.taker(), "there is room again")
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

// Nobody outside the process can make both hashes collide. This test does so from inside, and the
// new series has no place of its own.
func TestALabelSetWithBothHashesTakenGoesToTheOverflowSeries(t *testing.T) {
	values := collidingValues(t, 2)
	f := newFamily(100, "a")
	f.with(values[0])
	stranger := f.with("stranger")
	keyed := keyedHash(f.names[0].Seed, values[1])
	f.index.store(keyed, stranger)
	require.Equal(t, `a="overflow"`, f.with(values[1]).Labels)
	require.Nil(t, f.find(values[1:]))
	require.Equal(t, uint64(1), f.rejections.Load())

	t.Run("and so does the overflow series itself", func(t *testing.T) {
		f := newFamily(1, "a")
		first := f.with("first")
		f.index.store(labelHash(f.names[0].Seed, "overflow"), first)
		keyed := keyedHash(f.names[0].Seed, "overflow")
		f.displaced.Add(1)
		f.index.store(keyed, first)
		require.Equal(t, `a="overflow"`, f.with("second").Labels)
		require.Equal(t, 2, f.Size())
		require.Len(t, f.walk(t), 2, "it is exposed all the same")
	})
}

// Between a lookup that finds nothing and the Insert that follows it, another goroutine can create
// the series, and fill the map with it. Insert must return that series, and not the overflow
// series.
func TestASeriesThatAnotherGoroutineCreatedLastIsFoundInAFullMap(t *testing.T) {
	f := newFamily(2, "a")
	_, key := f.Find([]string{"2"})
	_, setKey := f.FindSet(map[string]string{"a": "2"})
	first, last := f.with("1"), f.with("2")
	f.with("3") // the map is full and has its overflow series
	rejected := f.rejections.Load()
	n, limit := f.Insert([]string{"2"}, key)
	require.Same(t, last, n)
	require.Equal(t, NoLimit, limit)
	n, limit = f.InsertSet(map[string]string{"a": "2"}, setKey)
	require.Same(t, last, n)
	require.Equal(t, NoLimit, limit)
	require.Same(t, first, f.with("1"))
	require.Equal(t, rejected, f.rejections.Load())
}

func TestALimitForValuesTakesThePlaceOf1024Bytes(t *testing.T) {
	for _, names := range [][]string{{"a"}, nil} {
		f := newFamily(10, names...)
		f.config.MaxValue = 2000
		f.Map = New(f.config)
		for _, length := range []int{1, 1025, 2000} {
			set := map[string]string{"a": strings.Repeat("x", length)}
			require.Same(t, f.withSet(set), f.findSet(set))
		}
		require.Nil(t, f.findSet(map[string]string{"a": strings.Repeat("x", 2001)}))
		require.Equal(t, 3, f.Size())
	}
}

func TestSeriesThatResetRemovesAreGone(t *testing.T) {
	f := newFamily(2, "a")
	all := []*Node{f.with("1"), f.with("2"), f.with("3")} // the last one is the overflow series
	for _, n := range all {
		require.False(t, n.Gone())
	}
	f.Reset()
	for _, n := range all {
		require.True(t, n.Gone(), n.Labels)
	}
	require.False(t, f.with("1").Gone())
}
