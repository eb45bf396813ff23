// SPDX-License-Identifier: Apache-2.0

package otlp

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
)

// told is a counter and what a receiver has been told about it.
type told struct {
	key     key
	created int64
	value   float64
	away    int  // walks that do not come to it
	walked  bool // a walk has come to it since it was away

	sum  float64 // of the differences that have arrived
	want float64 // of the values at the last requests that arrived, one for each time it began
	base float64 // the part of want from times before this one
	seen int64   // created, at the last request that arrived
	end  int64   // of the last interval that arrived
}

// Whatever happens to series and requests, the differences that have arrived add up to the values
// at the requests that have arrived, none is negative, and no two intervals overlap.
func TestDifferencesAddUpToTheValues(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	for range 200 {
		d := newDeltas(1000)
		now := int64(1000)
		all := make([]*told, 1+random.IntN(20))
		for i := range all {
			all[i] = &told{key: key{uint64(i)}, created: 1000, seen: 1000}
			if random.IntN(3) == 0 {
				all[i].created, all[i].seen = 0, 0 // as functions have it
			}
		}
		for range 50 {
			now += 1 + random.Int64N(1000)
			for _, s := range all {
				s.step(random, now)
			}
			reached := len(all)
			if random.IntN(5) == 0 {
				reached = random.IntN(len(all)) // the send ends early
			}
			for from := 0; from < reached; from += 5 {
				sendSome(t, d, all[from:min(from+5, reached)], now, random.IntN(3) > 0)
			}
			if reached == len(all) {
				d.endWalk()
			}
			d.before = now
			require.LessOrEqual(t, len(d.numbers), len(all))
		}
	}
}

// step changes a series between two walks.
func (s *told) step(random *rand.Rand, now int64) {
	s.value += float64(random.IntN(100)) / 4
	if s.away--; s.walked && random.IntN(10) == 0 {
		s.away, s.walked = random.IntN(patience), false // its function fails, or a mount goes and comes back
	}
	if random.IntN(10) == 0 { // it begins again
		if s.created != 0 {
			s.created = now - 1
		}
		s.value = min(float64(random.IntN(100))/4, max(s.value-1, 0))
		if s.created == 0 && s.value >= s.want-s.base {
			s.value = max(s.want-s.base-0.25, 0) // otherwise nobody could notice
		}
	}
}

// sendSome makes one request.
func sendSome(t *testing.T, d *deltas, some []*told, now int64, arrives bool) {
	for _, s := range some {
		if s.away > 0 {
			continue
		}
		s.walked = true
		grown, start, ok := d.number(s.key, now, s.created, s.value)
		require.True(t, ok)
		require.GreaterOrEqual(t, grown, 0.0)
		require.GreaterOrEqual(t, start, s.end)
		require.Less(t, start, now)
		if !arrives {
			continue
		}
		if s.created != s.seen || s.value < s.want-s.base {
			s.base, s.seen = s.want, s.created
		}
		s.want = s.base + s.value
		s.sum += grown
		s.end = now
		require.Equal(t, s.want, s.sum)
	}
	if arrives {
		d.commit()
	}
	d.drop()
}

func TestNothingIsSentOfACounterThatIsNoNumber(t *testing.T) {
	d := newDeltas(1)
	send := func(value float64) (float64, bool) {
		grown, _, ok := d.number(key{1}, 2, 0, value)
		d.commit()
		d.endWalk()
		return grown, ok
	}
	for _, c := range []struct {
		value, grown float64
		ok           bool
	}{{math.NaN(), 0, false}, {5, 5, true}, {math.NaN(), 0, false}, {7, 2, true}, {math.Inf(1), math.Inf(1), true},
		{math.Inf(1), 0, true}} {
		grown, ok := send(c.value)
		require.Equal(t, c.ok, ok)
		require.Equal(t, c.grown, grown)
	}
	for range 3 * patience {
		send(math.NaN())
	}
	require.Len(t, d.numbers, 1, "it has not gone")
}

func TestWhatIsKeptIsBoundedByTheSeriesThatLive(t *testing.T) {
	d := newDeltas(1)
	next := 0
	walk := func(size int) {
		for range size {
			next++
			d.number(key{uint64(next)}, int64(next), 1, 1)
			d.histogram(key{uint64(next), 1}, int64(next), 1, &engine.HistogramSnapshot{Counts: []uint64{1}, Count: 1})
		}
		d.commit()
		d.endWalk()
	}
	walk(1)
	for range patience {
		require.Len(t, d.numbers, 1, "it may come back")
		require.Len(t, d.histograms, 1)
		walk(0)
	}
	walk(0)
	require.Empty(t, d.numbers)
	require.Empty(t, d.histograms)

	for range 20 { // all series are new ones each time
		walk(10_000)
		require.LessOrEqual(t, len(d.numbers), 2*10_000+maxMissing)
	}
	walk(1)
	walk(0)
	require.LessOrEqual(t, len(d.numbers)+len(d.histograms), 2)
	require.LessOrEqual(t, len(d.spare), 2*10_000)
}

// A registry in delta form is told as it is in cumulative form.
func TestDifferencesOfARegistryAddUp(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 10))
	reg := engine.NewRegistry()
	c := engine.Must(reg.NewCounterVec("a_total", "", []string{"x"}))
	h := engine.Must(reg.NewHistogramVec("b", "", []string{"x"}, engine.WithBuckets(1, 2, 4)))
	options := histogram.NativeDefaults()
	options.MaxBuckets = 32
	n := engine.Must(reg.NewHistogramVec("c", "", []string{"x"}, engine.WithNative(options)))
	s := engine.Must(reg.NewSummary("d", ""))
	g := &gatherer{deltas: newDeltas(1), flush: func() bool { t.Fatal("too many series"); return false }}
	g.message.delta = true
	sums := map[string]*pointRead{}
	for step := range 60 {
		for range random.IntN(30) {
			x := fmt.Sprint(random.IntN(3))
			v := math.Exp(random.NormFloat64() * float64(step) / 5)
			c.With(x).Add(float64(random.IntN(9)))
			h.With(x).Observe(float64(random.IntN(6)))
			n.With(x).Observe(v)
			n.With(x).Observe(-v)
			s.Observe(v)
		}
		g.now = int64(step + 2)
		g.message.reset()
		g.walk(t, reg)
		r := readRequest(t, g.message.finish())
		arrives := random.IntN(3) > 0 || step == 59
		if arrives {
			g.deltas.commit()
		}
		g.deltas.drop()
		g.deltas.endWalk()
		for _, m := range r.metrics {
			if m.form != uint64(summaryForm) {
				require.Equal(t, uint64(deltaTemporality), m.temporality)
			}
			for i := range m.points {
				if p := &m.points[i]; arrives {
					addUp(sums, m.name+p.labels, p)
				}
			}
		}
	}
	want := gathered(t, reg, 99)
	for _, m := range want.metrics {
		for i := range m.points {
			p := &m.points[i]
			got := sums[m.name+p.labels]
			require.Equal(t, p.value, got.value)
			require.Equal(t, p.count, got.count)
			require.Equal(t, p.counts, got.counts)
			require.Equal(t, p.zero, got.zero)
			require.InEpsilon(t, p.sum+1e9, got.sum+1e9, 1e-9)
			require.Equal(t, total(p.positive.counts), total(got.positive.counts))
			require.Equal(t, total(p.negative.counts), total(got.negative.counts))
		}
	}
}

// addUp adds a point to the sum of those before, as a receiver does.
func addUp(sums map[string]*pointRead, name string, p *pointRead) {
	sum := sums[name]
	if sum == nil || p.quantiles != nil || name == "d" {
		sums[name] = p
		return
	}
	sum.value += p.value
	sum.sum += p.sum
	sum.count += p.count
	sum.zero += p.zero
	for i := range p.counts {
		sum.counts[i] += p.counts[i]
	}
	sum.positive.counts = append(sum.positive.counts, p.positive.counts...)
	sum.negative.counts = append(sum.negative.counts, p.negative.counts...)
}

func TestASeriesWhoseBeginningIsToldInSomeWalksOnlyIsCountedOnce(t *testing.T) {
	d := newDeltas(1)
	now := int64(10)
	send := func(created int64, value float64) float64 {
		now += 10
		grown, _, ok := d.number(key{1}, now, created, value)
		require.True(t, ok)
		d.commit()
		d.endWalk()
		return grown
	}
	require.Equal(t, 5.0, send(0, 5))
	require.Equal(t, 2.0, send(3, 7))
	require.Equal(t, 1.0, send(0, 8))
	require.Equal(t, 1.0, send(3, 9))
	require.Equal(t, 9.0, send(now+5, 9), "it began after the last send")
	require.Equal(t, 0.0, send(0, 9))
	require.Equal(t, 10.0, send(now+5, 10))
}
