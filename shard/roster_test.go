// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/testkit"
)

func TestWalksAreInOrderOfCreation(t *testing.T) {
	f := newFamily(1<<20, "a")
	var want []string
	for i := range 3000 { // these take several blocks
		want = append(want, f.with(strconv.Itoa(i)).Labels)
		if i < 40 || i%511 < 2 {
			require.Equal(t, want, f.walk(t), "%d series", i+1)
		}
	}
	// Every third series stays, and the roster is compacted more than once meanwhile.
	var left []string
	for i := range 3000 {
		if i%3 == 0 {
			left = append(left, want[i])
			continue
		}
		f.delete(strconv.Itoa(i))
	}
	require.Equal(t, left, f.walk(t))
	require.LessOrEqual(t, f.roster.Load().capacity(), 3*len(left))
	f.with("1")
	require.Equal(t, append(left, `a="1"`), f.walk(t))
}

func TestASeriesCreatedAgainDuringAWalkIsMetOnce(t *testing.T) {
	for _, others := range []int{0, 5, 8, 600} { // with room in the last block, and without
		f := newFamily(1<<20, "a")
		for i := range 1 + others {
			f.with(strconv.Itoa(i))
		}
		met := 0
		for n := range f.All() {
			met++
			labels := n.Labels
			value := strings.Trim(strings.TrimPrefix(labels, "a="), `"`)
			require.True(t, f.Delete(n))
			require.Equal(t, labels, f.with(value).Labels)
		}
		require.Equal(t, 1+others, met)
		require.Len(t, f.walk(t), 1+others)
	}
}

func TestAWalkGoesOnInTheOldRosterWhenItIsCompacted(t *testing.T) {
	f := newFamily(1<<20, "a")
	const n = 1000
	for i := range n {
		f.with(strconv.Itoa(i))
	}
	before := f.roster.Load()
	met := make(map[string]bool)
	for node := range f.All() {
		require.False(t, met[node.Labels], "%s comes twice", node.Labels)
		met[node.Labels] = true
		if len(met) == 1 {
			for i := n / 4; i < n; i++ {
				f.delete(strconv.Itoa(i))
			}
			require.NotSame(t, before, f.roster.Load())
		}
	}
	for i := range n / 4 {
		require.True(t, met[fmt.Sprintf("a=%q", strconv.Itoa(i))], "series %d was there all the time", i)
	}
	require.Len(t, f.walk(t), n/4)
}

// A reader that sees the length of a roster sees all series below it.
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
					current.Store(new(roster).with(new(Node))) // small rosters grow most often
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
