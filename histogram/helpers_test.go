// SPDX-License-Identifier: Apache-2.0

package histogram

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/percpu"
)

var (
	inf = math.Inf(1)
	nan = math.NaN()
)

func newDefault() *Classic {
	bounds, err := NewBounds(Default())
	if err != nil {
		panic(err)
	}
	c := new(Classic)
	c.Init(bounds)
	return c
}

// mustHeat makes a series hot, in builds that have rows.
func mustHeat(t testing.TB, c *Classic) {
	t.Helper()
	require.Eventually(t, func() bool {
		c.promote() // in vain while the cleanup of another test holds the lock of the slab
		return c.state.Load()&stateHot != 0 || !percpu.Private
	}, 10*time.Second, time.Millisecond)
}

// newHot returns a series that is hot from the start.
func newHot(t testing.TB) *Classic {
	t.Helper()
	c := newDefault()
	mustHeat(t, c)
	return c
}

// newHotSeries returns a series that is hot, over one bound.
func newHotSeries(t *testing.T) *Classic {
	t.Helper()
	bounds, err := NewBounds([]float64{1})
	require.NoError(t, err)
	c := new(Classic)
	c.Init(bounds)
	mustHeat(t, c)
	return c
}

// hotDone returns the number of observations that have been finished in the rows of the Ps.
func hotDone(c *Classic) uint64 { return percpu.Sum(c.state.Load()&stateIndex + wordDone) }

// newColdForever returns a series that is never hot: it looks as if a reader had frozen it.
func newColdForever() *Classic {
	c := newDefault()
	spare := make([]uint64, len(c.shared))
	c.spare.Store(&spare)
	c.state.Store(stateFrozen)
	return c
}

// newRoomless returns a series that has no room in any slab: it has more bounds than NewBounds
// allows.
func newRoomless() *Classic {
	b := &Bounds{}
	for i := range percpu.MaxRow {
		b.upper = append(b.upper, float64(i+1))
	}
	c := new(Classic)
	c.Init(b)
	return c
}

func total(counts []uint64) (n uint64) {
	for _, count := range counts {
		n += count
	}
	return n
}

// benchValues returns 4 096 different values, spread over the default bounds.
func benchValues() *[4096]float64 {
	random := rand.New(rand.NewPCG(1, 2))
	var values [4096]float64
	for i := range values {
		values[i] = random.ExpFloat64() * 0.5
	}
	return &values
}

func newNative(t testing.TB, options NativeOptions) *Native {
	t.Helper()
	n := new(Native)
	require.NoError(t, n.Init(options))
	return n
}

// decode returns the counts of spans and deltas by the indexes of their buckets.
func decode(t *testing.T, b NativeBuckets) map[int]uint64 {
	t.Helper()
	counts := make(map[int]uint64)
	index, at, count := 0, 0, int64(0)
	for i, span := range b.Spans {
		require.True(t, i == 0 || span.Offset > 2, "up to two empty buckets are listed")
		index += int(span.Offset)
		for range span.Length {
			count += b.Deltas[at]
			at++
			if count != 0 {
				counts[index] = uint64(count)
			}
			index++
		}
	}
	require.Len(t, b.Deltas, at)
	return counts
}

// requireNative compares a snapshot with the counts of values, made one by one at the resolution of
// the snapshot.
func requireNative(t *testing.T, n *Native, values []float64) *NativeSnapshot {
	t.Helper()
	var s NativeSnapshot
	n.Snapshot(&s)
	positive, negative := make(map[int]uint64), make(map[int]uint64)
	var zero uint64
	nans := 0
	for _, v := range values {
		switch {
		case math.IsNaN(v):
			nans++
		case math.IsInf(v, 1):
			positive[overflowIndex(s.Schema)]++
		case math.IsInf(v, -1):
			negative[overflowIndex(s.Schema)]++
		case math.Abs(v) <= s.ZeroThreshold:
			zero++
		case v > 0:
			positive[nativeIndex(v, s.Schema)]++
		default:
			negative[nativeIndex(-v, s.Schema)]++
		}
	}
	require.True(t, s.Exact)
	require.Equal(t, positive, decode(t, s.Positive))
	require.Equal(t, negative, decode(t, s.Negative))
	require.Equal(t, zero, s.ZeroCount)
	require.EqualValues(t, len(values)-nans, s.Count)
	return &s
}
