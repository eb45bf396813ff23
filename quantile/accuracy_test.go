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

// shapes are functions that draw values at random.
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

// orders are functions that rearrange values.
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

// TestSummariesHoldTheirErrorForEveryOrder is the accuracy matrix. With QUIPU_LONG=1 all rows of a
// million observations run. Without it they run for one shape and one set of objectives.
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
