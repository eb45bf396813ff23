// SPDX-License-Identifier: Apache-2.0

package quantile

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSortOrdersKeysAsValues(t *testing.T) {
	s := new(sorter)
	for _, shape := range shapes {
		for _, n := range []int{0, 1, 2, 39, 40, 41, 64, 65, 100, 512, 513, 1000, 1023, 1024} {
			r := rand.New(rand.NewPCG(uint64(n), 1))
			values := make([]float64, n)
			keys := make([]uint64, n)
			for i := range values {
				values[i] = shape.draw(r, i)
				keys[i] = keyOf(values[i])
			}
			slices.Sort(values)
			for i, k := range s.sort(keys) {
				require.Equal(t, values[i], valueOf(k), "%s, %d of %d", shape.name, i, n)
			}
		}
	}
}

func TestSortIsNotQuadraticForKeysThatDifferInTheirLowBits(t *testing.T) {
	keys := make([]uint64, chunkLen)
	for i := range keys {
		keys[i] = 1<<63 | uint64(chunkLen-i) // all in one bucket, in the worst order for insertion
	}
	keys[0] |= 1 << 62
	require.False(t, insertion(slices.Clone(keys), 8*len(keys)))
	sorted := new(sorter).sort(keys)
	require.True(t, slices.IsSorted(sorted))
}

// TestCompressMatchesItsDefinition compares the walk that joins whole runs with the plain one, tuple by tuple.
func TestCompressMatchesItsDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, set := range objectiveSets {
		odd := make(map[float64]float64)
		for q, eps := range set {
			odd[q] = eps * math.Pi / 3 // no gap meets its limit exactly, where rounding would decide
		}
		env := mustObjectives(t, odd).life
		for _, shape := range shapes {
			var fast, plain []tuple[uint64]
			n := 0
			for range 200 {
				keys := make([]uint64, 1+r.IntN(100))
				for i := range keys {
					keys[i] = keyOf(shape.draw(r, i))
				}
				n += len(keys)
				g := guardsOf(keys)
				slices.Sort(keys)
				room := make([]tuple[uint64], len(fast)+len(keys))
				fast = slices.Clone(compress(fast, keys, g, uint64(n), env, 1, room))
				plain = plainCompress(plain, keys, g, n, env)
				require.Equal(t, plain, fast, shape.name)
			}
		}
	}
}

func plainCompress(old []tuple[uint64], keys []uint64, g guards, n int, env envelope) []tuple[uint64] {
	type item struct {
		tuple[uint64]
		guard bool
	}
	var all []item
	for _, tu := range old {
		for len(keys) > 0 && valueOf(keys[0]) <= tu.v {
			all = append(all, item{tuple: tuple[uint64]{v: valueOf(keys[0]), g: 1, delta: tu.g + tu.delta - 1}})
			keys = keys[1:]
		}
		all = append(all, item{tuple: tu})
		all[len(all)-1].guard = true // marks an old tuple until the loop below
	}
	for _, k := range keys {
		all = append(all, item{tuple: tuple[uint64]{v: valueOf(k), g: 1}})
	}
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].guard {
			all[i].guard = false
		} else if k := keyOf(all[i].v); k == g[0] {
			all[i].guard = true
			g[0], g[1] = g[1], 0
		}
	}
	for i := len(all) - 1; i > 1; i-- {
		rank := uint64(0)
		for _, it := range all[:i-1] {
			rank += it.g
		}
		left, right := all[i-1], &all[i]
		lim := newLimit(env, float64(n), 1)
		equal := left.v == right.v && all[i-2].v == left.v
		if !left.guard && !right.guard && (equal || float64(left.g+right.g+right.delta) <= lim.at(float64(rank))) {
			right.g += left.g
			all = slices.Delete(all, i-1, i)
		}
	}
	out := make([]tuple[uint64], len(all))
	for i, it := range all {
		out[i] = it.tuple
	}
	return out
}

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
	// As if every observation but the least had been made many times over.
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
	o := mustObjectives(t, map[float64]float64{0.5: 1e-7}) // every observation is its own tuple for 5 million of them
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

// FuzzRankError lets the fuzzer choose the order, the values, the batches and where slices end, and compares with the sorted
// observations.
func FuzzRankError(f *testing.F) {
	f.Add([]byte{}, byte(0))
	f.Add([]byte("\x00\x00\x00\x01\x80\x00\xff\xff\x7f\xff\xfe\x00"), byte(1))
	f.Add([]byte("the quick brown fox jumps over the lazy dog and does so again and again until the window has turned"), byte(5))
	ramp := make([]byte, 4000)
	for i := range len(ramp) / 2 {
		binary.BigEndian.PutUint16(ramp[2*i:], uint16(i*(1-2*(i%2))))
	}
	f.Add(ramp, byte(3))
	f.Fuzz(func(t *testing.T, data []byte, how byte) {
		age := time.Duration(how&1) * time.Minute
		fd := newFeeder(mustObjectives(t, objectiveSets[int(how>>1)%len(objectiveSets)]), age)
		data = data[:min(len(data), 8000)]
		checks := 0
		var batch []float64
		for ; len(data) >= 2; data = data[2:] {
			u := binary.BigEndian.Uint16(data)
			switch u {
			case 0xffff:
				if age > 0 {
					fd.nextSlice()
				}
				continue
			case 0xfffe, 0x7ff0:
				batch = append(batch, math.Inf(int(u)-0x8000))
			default:
				batch = append(batch, float64(int16(u)))
			}
			if u%16 == 3 || len(batch) == chunkLen {
				fd.feed(batch)
				batch = batch[:0]
				if checks++; checks%max(1, checks/8) == 0 { // ever rarer: each check sorts everything
					fd.check(t)
				}
			}
		}
		if len(batch) > 0 {
			fd.feed(batch)
		}
		fd.check(t)
	})
}

// Its envelope was 0, or had been widened to infinity times 0, when a stream at its cap waited for it to leave room.
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
