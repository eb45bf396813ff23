// SPDX-License-Identifier: Apache-2.0

package quantile

import (
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var defaults = map[float64]float64{0.5: 0.05, 0.9: 0.01, 0.99: 0.001}

func mustObjectives(tb testing.TB, m map[float64]float64) *Objectives {
	tb.Helper()
	o, err := NewObjectives(m)
	if err != nil {
		tb.Fatal(err)
	}
	return o
}

// latencies returns 4096 different values that are distributed like the times of requests.
func latencies() []float64 {
	r := rand.New(rand.NewPCG(1, 2))
	values := make([]float64, 4096)
	for i := range values {
		values[i] = math.Exp(r.NormFloat64() - 4)
	}
	return values
}

var objectiveSets = []map[float64]float64{
	defaults,
	{0.9: 0.05, 0.99: 0.005},
	{0: 0.01, 0.25: 0.02, 0.5: 0.02, 0.75: 0.02, 0.95: 0.01, 0.999: 0.0005, 1: 0.001},
}

// rankError returns the distance between the ranks that v occupies in sorted and t, which counts as
// 1 if it is less.
func rankError(sorted []float64, v, t float64) float64 {
	lo, found := slices.BinarySearch(sorted, v)
	if !found {
		return math.Inf(1) // an estimate is always an observation
	}
	hi := lo
	if v == math.Inf(1) {
		hi = len(sorted)
	} else {
		hi, _ = slices.BinarySearch(sorted, math.Nextafter(v, math.Inf(1)))
	}
	t = max(t, 1)
	return max(float64(lo+1)-t, t-float64(hi), 0)
}

// checkRanks compares estimates with observations. Each estimate must be within epsilon*n ranks of
// quantile*n, which counts as 1 if it is less. Where epsilon*n is less than half a rank, the
// estimate must be within half a rank: no whole number is guaranteed to come closer. checkRanks
// returns the worst error as a part of the allowed one, where at least one rank is allowed.
func checkRanks(t *testing.T, objectives []Objective, got []float64, observed []float64) float64 {
	t.Helper()
	sorted := slices.Clone(observed)
	slices.Sort(sorted)
	n := float64(len(sorted))
	worst := 0.0
	require.Len(t, got, len(objectives))
	for i, objective := range objectives {
		e := rankError(sorted, got[i], objective.Quantile*n)
		allowed := objective.Epsilon * n
		if e > max(allowed, 0.5)+1e-9*n {
			require.FailNowf(t, "rank error", "quantile %v of %d: got %v, off by %v ranks, %v allowed",
				objective.Quantile, len(sorted), got[i], e, allowed)
		}
		if allowed >= 1 {
			worst = max(worst, e/allowed)
		}
	}
	return worst
}

// checkStream checks the invariants in the comment on stream.
func checkStream(t *testing.T, s *stream, env envelope) {
	t.Helper()
	var rank uint64
	last := math.Inf(-1)
	for i := range s.len() {
		tu := s.at(i)
		require.GreaterOrEqual(t, tu.v, last)
		require.Positive(t, tu.g)
		x := float64(rank) / float64(s.n)
		k := len(env) - 1
		for env[k].from > x {
			k--
		}
		f := env[k].rise*float64(s.n) + env[k].slope*float64(rank)
		if gap := float64(tu.g + tu.delta); tu.v != last && gap > max(1, f)*(1+1e-9) || i == 0 && gap != 1 {
			require.FailNowf(t, "gap", "tuple %d of %d at rank %d of %d: %v > %v", i, s.len(), rank, s.n, gap, f)
		}
		if i == 0 {
			require.Equal(t, tuple[uint64]{v: tu.v, g: 1}, tu, "the first tuple is exact")
		}
		rank += tu.g
		require.LessOrEqual(t, rank+tu.delta, s.n)
		last = tu.v
	}
	require.Equal(t, s.n, rank)
	if s.len() > 0 {
		require.Zero(t, s.at(s.len()-1).delta, "the last tuple is exact")
	}
}

func long() bool { return os.Getenv("QUIPU_LONG") == "1" }

// feeder puts observations into a window in batches of various sizes, as chunks do, and remembers
// the observations that the window covers.
type feeder struct {
	w     Window
	s     *scratch
	now   time.Time
	parts [][]float64 // per slice, oldest first
	all   int
}

func newFeeder(o *Objectives, maxAge time.Duration) *feeder {
	f := &feeder{s: new(scratch), now: time.Unix(1e9, 0), parts: [][]float64{nil}}
	f.w.Init(NewLog(func() time.Time { return f.now }), o, maxAge)
	return f
}

func (f *feeder) feed(values []float64) {
	entries := make([]entry, len(values))
	for i, v := range values {
		entries[i] = entry{&f.w, v}
	}
	f.s.merge(entries, f.now)
	last := len(f.parts) - 1
	f.parts[last] = append(f.parts[last], values...)
	f.all += len(values)
}

// nextSlice lets a fifth of the window's age pass.
func (f *feeder) nextSlice() {
	f.now = f.now.Add(f.w.width)
	f.parts = append(f.parts, nil)
	if f.w.width > 0 && len(f.parts) > numSlices {
		f.parts = f.parts[1:]
	}
}

func (f *feeder) check(t *testing.T) float64 {
	t.Helper()
	observed := slices.Concat(f.parts...)
	got, count, _ := f.w.Snapshot(nil)
	require.EqualValues(t, f.all, count)
	if len(observed) == 0 {
		return 0
	}
	env := f.w.objectives.sliced
	if f.w.width == 0 {
		env = f.w.objectives.life
	}
	for _, s := range f.w.streams {
		if s != nil {
			checkStream(t, s, env)
		}
	}
	return checkRanks(t, f.w.objectives.list, got, observed)
}

// totals returns count and sum after draining.
func totals(l *Log, w *Window) (uint64, float64) {
	l.Drain()
	_, count, sum := w.Snapshot(nil)
	return count, sum
}
