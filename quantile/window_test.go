// SPDX-License-Identifier: Apache-2.0

package quantile

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// hand is a clock that tests set.
type hand struct{ now time.Time }

func (h *hand) clock() time.Time { return h.now }

func windowAt(t *testing.T, maxAge time.Duration) (*hand, *Log, *Window) {
	h := &hand{now: time.Unix(1_700_000_000, 0)}
	l := NewLog(h.clock)
	w := new(Window)
	w.Init(l, mustObjectives(t, defaults), maxAge)
	return h, l, w
}

func TestAWindowForgetsWhatIsOlderThanItsAge(t *testing.T) {
	h, l, w := windowAt(t, 10*time.Minute)
	median := func() float64 { l.Drain(); return w.Quantile(0.5) }
	l.Observe(w, 1)
	require.Equal(t, 1.0, median())
	h.now = h.now.Add(8*time.Minute - time.Second)
	require.Equal(t, 1.0, median(), "four fifths of the age are always covered")
	h.now = h.now.Add(2 * time.Minute)
	require.Equal(t, 1.0, median(), "observed at the start of a slice: covered for nearly the whole age")
	h.now = h.now.Add(time.Second)
	require.True(t, math.IsNaN(median()), "nothing is covered for longer than the age")
	_, count, sum := w.Snapshot(nil)
	require.EqualValues(t, 1, count, "count and sum are for life")
	require.Equal(t, 1.0, sum)
}

func TestAnObservationAtTheEndOfASliceIsCoveredForFourFifthsOfTheAge(t *testing.T) {
	h, l, w := windowAt(t, 10*time.Minute)
	h.now = h.now.Add(2*time.Minute - 1)
	l.Observe(w, 1)
	l.Drain()
	h.now = h.now.Add(8 * time.Minute)
	require.Equal(t, 1.0, w.Quantile(0.5))
	h.now = h.now.Add(1)
	require.True(t, math.IsNaN(w.Quantile(0.5)))
}

func TestEachSliceLeavesInItsTurn(t *testing.T) {
	h, l, w := windowAt(t, 5*time.Second)
	for i := range 20 {
		l.Observe(w, float64(i))
		l.Drain()
		require.Equal(t, float64(i), w.Quantile(1))
		require.Equal(t, float64(max(0, i-4)), w.Quantile(0))
		h.now = h.now.Add(time.Second)
	}
}

func TestObservationsCountTowardsTheSliceInWhichTheyAreMerged(t *testing.T) {
	h, l, w := windowAt(t, 5*time.Second)
	l.Observe(w, 1)
	l.Drain() // it is pending in the window now, with its date
	l.Observe(w, 2)
	h.now = h.now.Add(4 * time.Second)
	l.Drain()
	require.Equal(t, 1.0, w.Quantile(0))
	h.now = h.now.Add(time.Second)
	require.Equal(t, 2.0, w.Quantile(0))
}

func TestAClockThatJumpsDoesNotBreakAWindow(t *testing.T) {
	h, l, w := windowAt(t, 10*time.Minute)
	observe := func(v float64) { l.Observe(w, v); l.Drain() }
	observe(1)
	h.now = h.now.Add(-time.Hour)
	observe(2)
	require.Equal(t, 1.0, w.Quantile(0), "set back: nothing is lost")
	h.now = h.now.Add(10 * time.Minute)
	require.True(t, math.IsNaN(w.Quantile(0)), "and slices still turn from there")
	observe(3)
	h.now = h.now.AddDate(10, 0, 0)
	require.True(t, math.IsNaN(w.Quantile(0)), "ten years ahead: everything is too old")
	observe(4)
	require.Equal(t, 4.0, w.Quantile(0))
	h.now = time.Time{} // further back than a Duration can express
	observe(5)
	h.now = h.now.AddDate(5000, 0, 0)
	observe(6)
	require.Equal(t, 6.0, w.Quantile(0))
	h.now = h.now.Add(9 * time.Minute)
	require.Equal(t, 6.0, w.Quantile(0))
	_, count, sum := w.Snapshot(nil)
	require.EqualValues(t, 6, count)
	require.Equal(t, 21.0, sum)
}

func TestAnAgeOfZeroIsTheWholeLife(t *testing.T) {
	h, l, w := windowAt(t, 0)
	l.Observe(w, 1)
	l.Drain()
	h.now = h.now.AddDate(100, 0, 0)
	require.Equal(t, 1.0, w.Quantile(0.5))
}

func TestAnIdleWindowGivesItsMemoryBack(t *testing.T) {
	h, l, w := windowAt(t, time.Minute)
	for _, v := range latencies() {
		l.Observe(w, v)
	}
	l.Drain()
	h.now = h.now.Add(time.Hour)
	w.Quantile(0.5)
	require.Equal(t, [numSlices]*stream{}, w.streams)
	require.Nil(t, w.pending)
}

func TestCountIsThatOfTheLifeWithoutWhatIsInTheLog(t *testing.T) {
	h, l, w := windowAt(t, time.Minute)
	for range 3 {
		l.Observe(w, 1)
		l.Observe(w, math.NaN())
	}
	require.Zero(t, w.Count())
	l.Drain()
	require.EqualValues(t, 6, w.Count())
	h.now = h.now.Add(time.Hour)
	l.Observe(w, 1)
	l.Drain()
	require.EqualValues(t, 7, w.Count())
}

func TestIntegerSumsAreExactFarPast2To53(t *testing.T) {
	l := NewLog(nil)
	var w Window
	w.Init(l, mustObjectives(t, nil), 0)
	w.sum = 1 << 60
	for range 100_000 {
		l.Observe(&w, 1)
	}
	_, sum := totals(l, &w)
	require.Equal(t, float64(1<<60+100_000), sum, "the nearest float64, nothing lost on the way")
	require.Equal(t, 100_000.0, (w.sum-1<<60)+w.rest)
}
