// SPDX-License-Identifier: Apache-2.0

package quantile

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var objectiveSets = []map[float64]float64{
	defaults,
	{0.9: 0.05, 0.99: 0.005},
	{0: 0.01, 0.25: 0.02, 0.5: 0.02, 0.75: 0.02, 0.95: 0.01, 0.999: 0.0005, 1: 0.001},
}

// shapes draw n values.
var shapes = []struct {
	name string
	draw func(r *rand.Rand, i int) float64
}{
	{"uniform", func(r *rand.Rand, _ int) float64 { return r.Float64() }},
	{"normal", func(r *rand.Rand, _ int) float64 { return r.NormFloat64() }},
	{"pareto", func(r *rand.Rand, _ int) float64 { return math.Pow(1-r.Float64(), -1/1.1) }},
	{"lognormal", func(r *rand.Rand, _ int) float64 { return math.Exp(2 * r.NormFloat64()) }},
	{"five distinct", func(r *rand.Rand, _ int) float64 { return float64(r.IntN(5)) }},
	{"constant", func(*rand.Rand, int) float64 { return 42 }},
	{"negatives", func(r *rand.Rand, _ int) float64 { return -1000 * r.ExpFloat64() }},
	{"infinities", func(r *rand.Rand, _ int) float64 {
		switch r.IntN(20) {
		case 0:
			return math.Inf(1)
		case 1:
			return math.Inf(-1)
		}
		return r.NormFloat64()
	}},
	{"close together", func(r *rand.Rand, _ int) float64 { return 1.7e9 + float64(r.IntN(1000))/4096 }},
}

// orders rearrange values drawn at random.
var orders = []struct {
	name    string
	arrange func(v []float64)
}{
	{"random", func([]float64) {}},
	{"ascending", slices.Sort[[]float64]},
	{"descending", func(v []float64) { slices.Sort(v); slices.Reverse(v) }},
	{"zoom-in", func(v []float64) {
		slices.Sort(v)
		out := make([]float64, 0, len(v))
		for i, j := 0, len(v)-1; i <= j; i, j = i+1, j-1 {
			out = append(out, v[i])
			if i < j {
				out = append(out, v[j])
			}
		}
		copy(v, out)
	}},
	{"zoom-out", func(v []float64) {
		slices.Sort(v)
		out := make([]float64, 0, len(v))
		for i, j := 0, len(v)-1; i <= j; i, j = i+1, j-1 {
			if i < j {
				out = append(out, v[j])
			}
			out = append(out, v[i])
		}
		slices.Reverse(out)
		copy(v, out)
	}},
	{"sawtooth", func(v []float64) {
		for i := 0; i < len(v); i += 1000 {
			slices.Sort(v[i:min(i+1000, len(v))])
		}
	}},
	{"level shift", func(v []float64) { // the low half first, each half in random order
		low := slices.Clone(v)
		slices.Sort(low)
		median := low[len(low)/2]
		slices.SortStableFunc(v, func(a, b float64) int { return cmp.Compare(step(a, median), step(b, median)) })
	}},
	{"flood below", func(v []float64) { // the top percent first, in order, then everything else from the top down
		slices.Sort(v)
		k := len(v) * 99 / 100
		top := slices.Clone(v[k:])
		rest := slices.Clone(v[:k])
		slices.Reverse(rest)
		copy(v[copy(v, top):], rest)
	}},
}

func step(v, at float64) int {
	if v < at {
		return 0
	}
	return 1
}

// rankError is the distance between t, at least 1, and the ranks that v occupies in sorted.
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

// checkRanks compares estimates with observations: each must be within epsilon*n ranks of quantile*n (taken as 1 if less), or
// within half a rank, which is as near as a whole number can be guaranteed to come, where epsilon*n is less than that.
// It returns the worst error as a part of what is allowed, where at least one rank is.
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

// checkStream checks what stream promises between calls.
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

// feeder puts observations into a window in batches of varied sizes, as chunks do, and remembers what the window covers.
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

// TestSummariesHoldTheirErrorForEveryOrder is the accuracy matrix. QUIPU_LONG=1 runs the rows of a million observations in
// full; without it they run for one shape and one set of objectives.
func TestSummariesHoldTheirErrorForEveryOrder(t *testing.T) {
	for _, order := range orders {
		for _, shape := range shapes {
			t.Run(order.name+"/"+shape.name, func(t *testing.T) {
				t.Parallel()
				for i, objectives := range objectiveSets {
					o := mustObjectives(t, objectives)
					for _, n := range []int{1, 2, 10, 499, 500, 501, 10_000, 1_000_000} {
						if n == 1_000_000 && !long() && (i > 0 || shape.name != "pareto") || n > 1000 && raceEnabled {
							continue
						}
						for _, age := range []time.Duration{0, 10 * time.Minute} {
							worst, tuples := runRow(t, o, order.arrange, shape.draw, n, age)
							if os.Getenv("QUIPU_TABLE") != "" && n >= 10_000 {
								fmt.Printf("| %s | %s | %d | %d | %v | %.3f | %d |\n",
									order.name, shape.name, i, n, age > 0, worst, tuples)
							}
						}
					}
				}
			})
		}
	}
}

func runRow(t *testing.T, o *Objectives, arrange func([]float64), draw func(*rand.Rand, int) float64, n int,
	age time.Duration) (worst float64, tuples int) {
	t.Helper()
	r := rand.New(rand.NewPCG(uint64(n), 7))
	values := make([]float64, n)
	for i := range values {
		values[i] = draw(r, i)
	}
	arrange(values)
	f := newFeeder(o, age)
	checkEvery := max(n/9, 1)
	sliceEvery := n/7 + 1
	due, turn := checkEvery, sliceEvery
	for done := 0; done < n; {
		size := min(1+r.IntN(chunkLen), n-done)
		if r.IntN(3) == 0 {
			size = min(1+r.IntN(40), n-done)
		}
		f.feed(values[done : done+size])
		done += size
		if done >= due || done == n {
			worst = max(worst, f.check(t))
			due = done + checkEvery
		}
		if age > 0 && done >= turn {
			f.nextSlice()
			turn = done + sliceEvery
		}
		held := 0
		for _, s := range f.w.streams {
			if s != nil {
				held = max(held, s.len())
			}
		}
		tuples = max(tuples, held)
	}
	require.Zero(t, f.w.log.Capped())
	return worst, tuples
}
