// SPDX-License-Identifier: Apache-2.0

package quantile

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAStreamGoesOnPast2To32Observations(t *testing.T) {
	o := mustObjectives(t, defaults)
	s, room := new(stream), new(room)
	r := rand.New(rand.NewPCG(5, 6))
	batch := func() []uint64 {
		keys := make([]uint64, chunkLen)
		for i := range keys {
			keys[i] = keyOf(r.Float64())
		}
		slices.Sort(keys)
		return keys
	}
	for range 50 {
		s.merge(batch(), guards{}, o.life, room)
	}
	// The stream is now as if every observation but the least had been made many times.
	const times = 80_000
	for i := range s.narrow[1:] {
		s.narrow[1+i].g *= times
		s.narrow[1+i].delta *= times
	}
	s.n = (s.n-1)*times + 1
	require.Less(t, s.n, uint64(math.MaxUint32))
	for s.wide == nil {
		s.n += 10_000_000
		s.narrow[len(s.narrow)-1].g += 10_000_000
		s.merge(batch(), guards{}, o.life, room)
	}
	require.Greater(t, s.n, uint64(math.MaxUint32))
	require.Empty(t, s.narrow)
	var n uint64
	for i := range s.len() {
		n += s.at(i).g
	}
	require.Equal(t, s.n, n)
	for range 10 {
		s.merge(batch(), guards{}, o.life, room)
	}
	var w Window
	w.Init(NewLog(nil), o, 0)
	w.streams[0] = s
	require.InDelta(t, 0.5, w.Quantile(0.5), 0.06)
}

func TestAStreamAtItsCapGetsCoarserAndSaysSo(t *testing.T) {
	o := mustObjectives(t, map[float64]float64{0.5: 1e-7}) // up to 5 million observations, each is a tuple of its own
	l := NewLog(nil)
	var w Window
	w.Init(l, o, 0)
	r := rand.New(rand.NewPCG(1, 1))
	for range 100_000 {
		l.Observe(&w, r.Float64())
	}
	l.Drain()
	require.Positive(t, l.Capped())
	require.LessOrEqual(t, w.streams[0].len(), maxTuples)
	require.LessOrEqual(t, cap(w.streams[0].narrow), maxTuples)
	require.InDelta(t, 0.5, w.Quantile(0.5), 0.01)
}

// The envelope of such a stream was once 0, or was widened to infinity times 0, and a stream at its
// limit of tuples waited forever for room.
func TestAnErrorTooSmallForFloat64DoesNotHangAStreamAtItsCap(t *testing.T) {
	for _, epsilon := range []float64{1e-16, 1e-17, math.SmallestNonzeroFloat64} {
		for _, q := range []float64{1e-300, 0.5, 1} {
			for _, age := range []time.Duration{0, time.Minute} {
				l := NewLog(nil)
				var w Window
				w.Init(l, mustObjectives(t, map[float64]float64{q: epsilon}), age)
				done := make(chan float64)
				go func() {
					for i := range 2 * maxTuples {
						l.Observe(&w, float64(i))
					}
					l.Drain()
					done <- w.Quantile(q)
				}()
				select {
				case got := <-done:
					require.InDelta(t, q, got/(2*maxTuples), 0.01)
				case <-time.After(20 * time.Second):
					t.Fatalf("quantile %v, error %v: still merging", q, epsilon)
				}
			}
		}
	}
}
