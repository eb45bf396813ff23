// SPDX-License-Identifier: Apache-2.0

package gone

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// batch is a batch of markers. fails says which requests do not arrive: those after which others
// may, and those after which the send is over.
type batch struct {
	fails   func() (lost, over bool)
	marks   []string // in the batch
	arrived []string
	over    bool
}

func (b *batch) Full() bool { return len(b.marks) >= 3 }
func (b *batch) Mark(sh *Shape[int], labels []byte) {
	b.marks = append(b.marks, sh.Name+string(labels))
}
func (b *batch) Over() bool { return b.over }

func (b *batch) Flush() bool {
	if b.over || len(b.marks) == 0 {
		return !b.over
	}
	lost := false
	if b.fails != nil {
		lost, b.over = b.fails()
	}
	if !lost {
		b.arrived = append(b.arrived, b.marks...)
	}
	b.marks = b.marks[:0]
	return !lost
}

// send makes a send with these series, and returns the markers that arrive.
func send(t *Tracker[int], millis int64, fails func() (lost, over bool), series ...string) []string {
	for _, s := range series {
		t.Add(&Shape[int]{Name: "m"}, labelsOf("s", s))
	}
	b := &batch{fails: fails}
	t.End(b, millis)
	var names []string
	for _, text := range b.arrived {
		_, value, _ := NextLabel([]byte(text[1:]))
		names = append(names, string(value))
	}
	return names
}

func TestASeriesThatGoesIsMarkedOnce(t *testing.T) {
	var k Tracker[int]
	require.Empty(t, send(&k, 1, nil, "a", "b", "c"))
	require.Equal(t, []string{"a"}, send(&k, 2, nil, "b", "c"))
	require.Empty(t, send(&k, 3, nil, "b", "c"))
	require.Empty(t, send(&k, 4, nil, "b", "a", "c"), "it comes back")
	require.Equal(t, []string{"b", "a", "c"}, send(&k, 5, nil), "all end")
	require.Empty(t, send(&k, 6, nil))
}

func TestASeriesWithOtherNumbersHasNotGone(t *testing.T) {
	var k Tracker[int]
	b := new(batch)
	k.Add(&Shape[int]{Name: "h", Kind: 1, Numbers: []float64{1}}, labelsOf("a", "1"))
	k.End(b, 1)
	k.Add(&Shape[int]{Name: "h", Kind: 2, Numbers: []float64{1, 2}}, labelsOf("a", "1"))
	k.End(b, 2)
	require.Empty(t, b.arrived)
}

// Each series that goes is marked until a marker arrives, for five minutes at least, and never
// after it has come back.
func TestMarkersThatDoNotArriveAreSentAgain(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		var k Tracker[int]
		alive, shown := map[string]bool{}, map[string]bool{} // shown by the receiver
		for i := range int64(40) {
			for range random.IntN(6) {
				if name := fmt.Sprint(random.IntN(30)); alive[name] {
					delete(alive, name)
				} else {
					alive[name] = true
				}
			}
			fails := func() (lost, over bool) { n := random.IntN(4); return n < 2, n == 0 }
			if i == 39 {
				fails = nil
			}
			arrived := send(&k, i*5000, fails, slices.Sorted(maps.Keys(alive))...)
			for _, name := range arrived {
				require.True(t, shown[name] && !alive[name], "%s is marked once, when it has gone", name)
				delete(shown, name)
			}
			maps.Copy(shown, alive)
		}
		require.Equal(t, alive, shown)
	}
}

func TestMarkersAreKeptForFiveMinutes(t *testing.T) {
	var k Tracker[int]
	never := func() (lost, over bool) { return true, false }
	kept := 0
	for i := range int64(100) {
		send(&k, i*time.Minute.Milliseconds(), never, fmt.Sprint(i))
		kept = 0
		for range k.before.all() {
			kept++
		}
		require.LessOrEqual(t, kept, keepMinutes+3)
	}
	require.Greater(t, kept, keepMinutes)
	require.LessOrEqual(t, len(k.before.shapes), keepMinutes+3)
}

func TestMemoryOfManySeriesIsGivenBackWhenTheyHaveGone(t *testing.T) {
	var k Tracker[int]
	many := make([]string, 50_000)
	for i := range many {
		many[i] = fmt.Sprint(i * 7919 % 50_000)
	}
	for range 3 {
		send(&k, 1, nil, many...)
	}
	require.Greater(t, len(k.before.chunks), 3)
	for range 3 {
		send(&k, 2, nil, "1")
	}
	for _, l := range []list[int]{k.now, k.before, k.ending} {
		require.LessOrEqual(t, len(l.chunks)+len(l.spare), 3)
	}
	require.LessOrEqual(t, len(k.seen.places), 64)
}
