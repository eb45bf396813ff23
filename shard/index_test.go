// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// mapsOf returns the lock-free maps of an index.
func mapsOf(x *index) []*hashMap {
	if one := x.one.Load(); one != nil {
		return []*hashMap{one}
	}
	var maps []*hashMap
	if many := x.many.Load(); many != nil {
		for i := range many {
			if m := many[i].Load(); len(maps) == 0 || maps[len(maps)-1] != m {
				maps = append(maps, m)
			}
		}
	}
	return maps
}

func sizeOf(x *index) (series int) {
	for _, m := range mapsOf(x) {
		series += m.Size()
	}
	return series
}

// Hashes that spread evenly, such as those of labels, fill the maps evenly: all of them are split
// at about the same time.
func TestAnIndexGrowsWithItsSeries(t *testing.T) {
	var x index
	n := new(Node)
	require.Empty(t, mapsOf(&x))
	require.Nil(t, x.load(1))
	x.delete(1)
	x.grow(1)
	const step = seriesPerMap / 8
	maps := map[int]int{} // by the number of steps
	for i := range uint64(2 * mapsPerSplit * seriesPerMap) {
		hash := mix(i+1, secret[1])
		x.store(hash, n)
		x.grow(hash)
		if (i+1)%step == 0 {
			maps[int(i+1)/step] = len(mapsOf(&x))
		}
	}
	require.Equal(t, 2*mapsPerSplit*seriesPerMap, sizeOf(&x))
	for steps, want := range map[int]int{
		1: 1, 7: 1, 8: mapsPerSplit, 14 * 8: mapsPerSplit, 18 * 8: maxMaps, 32 * 8: maxMaps,
	} {
		require.Equal(t, want, maps[steps], "after %d series", steps*step)
	}
	for i := range uint64(2 * mapsPerSplit * seriesPerMap) {
		require.Same(t, n, x.load(mix(i+1, secret[1])))
	}
	x.clear()
	require.Empty(t, mapsOf(&x))
	require.Nil(t, x.load(mix(1, secret[1])))
}

// All hashes that begin with the same bits are in one map, which is split once at each level.
func TestAnIndexOfHashesThatBeginAlikeIsCorrect(t *testing.T) {
	var x index
	nodes := make([]Node, 3*seriesPerMap)
	for i := range nodes {
		hash := 0xabc<<52 | uint64(i)
		x.store(hash, &nodes[i])
		x.grow(hash)
	}
	require.Len(t, mapsOf(&x), 2*mapsPerSplit-1)
	for i := range nodes {
		require.Same(t, &nodes[i], x.load(0xabc<<52|uint64(i)))
		require.Nil(t, x.load(0xbbc<<52|uint64(i)))
	}
	for i := range nodes {
		x.delete(0xabc<<52 | uint64(i))
	}
	require.Zero(t, sizeOf(&x))
}

func TestALargeFamilyIsWholeAfterSplits(t *testing.T) {
	f := newFamily(1<<20, "a")
	nodes := make([]*Node, 3*seriesPerMap/2)
	for i := range nodes {
		nodes[i] = f.with(strconv.Itoa(i))
	}
	require.Len(t, mapsOf(&f.index), mapsPerSplit)
	require.Equal(t, len(nodes), sizeOf(&f.index))
	for i, n := range nodes {
		require.Same(t, n, f.with(strconv.Itoa(i)))
		require.True(t, i%2 == 0 || f.Delete(n))
	}
	for i, n := range nodes {
		if i%2 == 0 {
			require.Same(t, n, f.find([]string{strconv.Itoa(i)}))
		} else {
			require.Nil(t, f.find([]string{strconv.Itoa(i)}))
		}
	}
	f.Reset()
	require.Empty(t, mapsOf(&f.index))
	require.Empty(t, f.walk(t))
	require.NotSame(t, nodes[0], f.with("0"))
}

// A series that is there before a lookup begins, and that nobody deletes, is found, whatever is
// split meanwhile.
func TestLookupsFindTheirSeriesDuringSplits(t *testing.T) {
	for range 3 {
		f := newFamily(1<<20, "a")
		var created atomic.Int64
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				for i := int64(0); i < seriesPerMap+1000; i++ {
					if last := created.Load() - 1; last >= 0 {
						value := strconv.FormatInt(i%(last+1), 10)
						if f.find([]string{value}) == nil {
							t.Errorf("series %s is not found", value)
							return
						}
					}
				}
			})
		}
		for i := range seriesPerMap + 1000 {
			f.with(strconv.Itoa(i))
			created.Store(int64(i + 1))
		}
		wg.Wait()
		require.Len(t, mapsOf(&f.index), mapsPerSplit)
	}
}

func TestAnEmptyMapIsSmallWhateverItsLimit(t *testing.T) {
	const maps = 1000
	for _, max := range []int{1, usualLimit, 1 << 30} {
		keep := make([]*Map, maps)
		before := heapBytes()
		for i := range keep {
			keep[i] = New(Config{Names: []string{"a", "b"}, MaxSeries: max})
		}
		each := (heapBytes() - before) / maps
		runtime.KeepAlive(keep)
		require.Less(t, each, 512, "limit %d", max)
	}
}

// usualLimit is the limit of a metric of the engine that does not set one.
const usualLimit = 10_000

func heapBytes() int {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// The split of a full map, which the creation that fills it has to wait for.
func BenchmarkSplit(b *testing.B) {
	full := newHashMap(0)
	for i := range uint64(seriesPerMap) {
		full.Store(mix(i+1, secret[1]), new(Node))
	}
	for b.Loop() {
		if parts := split(full, firstShift); parts[0].Size() == 0 {
			b.Fatal(fmt.Sprint("an empty part of ", full.Size()))
		}
	}
}
