// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/testkit"
)

// Between a lookup that finds nothing and the creation that follows it, another goroutine can create the series and fill
// the map with it. The creation finds that series then, and not the overflow series.
func TestASeriesThatAnotherGoroutineCreatedLastIsFoundInAFullMap(t *testing.T) {
	f := newFamily(2, "a")
	_, key := f.Find([]string{"2"})
	_, setKey := f.FindSet(map[string]string{"a": "2"})
	first, last := f.with("1"), f.with("2")
	f.with("3") // the map is full and has its overflow series
	rejected := f.rejections.Load()
	require.Same(t, last, f.Insert([]string{"2"}, key))
	require.Same(t, last, f.InsertSet(map[string]string{"a": "2"}, setKey))
	require.Same(t, first, f.with("1"))
	require.Equal(t, rejected, f.rejections.Load())
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

// Whoever sees the length of a roster sees the series below it.
func TestARosterIsNeverLongerThanItsSeries(t *testing.T) {
	const rounds = 200_000
	var current atomic.Pointer[roster]
	current.Store(new(roster).with(new(Node)))
	var done atomic.Bool
	testkit.Together(1,
		func(int) {
			defer done.Store(true)
			for i := range rounds {
				if i%rosterBlock == 0 {
					current.Store(new(roster).with(new(Node))) // small ones are grown most often
				}
				current.Store(current.Load().with(new(Node)))
			}
		},
		func(int) {
			for !done.Load() {
				r := current.Load()
				if r.at(r.length.Load()-1).Load() == nil {
					t.Error("the last series is not there")
					return
				}
			}
		})
}
