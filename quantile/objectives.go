// SPDX-License-Identifier: Apache-2.0

package quantile

import (
	"fmt"
	"math"
	"slices"
)

// Objective asks for one quantile. The rank of the answer differs from Quantile times the number of
// observations by at most Epsilon times that number.
type Objective struct {
	Quantile float64 // in [0, 1]
	Epsilon  float64 // in (0, 1)
}

// Objectives is an immutable set of objectives, with values that merging needs computed in advance.
// All series of a family share one. It may be used concurrently.
type Objectives struct {
	list   []Objective
	life   envelope // for the stated epsilons: one stream answers alone
	sliced envelope // for the smaller epsilons at which several streams answer together
}

// NewObjectives returns the objectives of a map from quantile to epsilon, or an error that names
// the wrong value. Quantiles lie in [0, 1]. Quantiles 0 and 1 are answered exactly, with the least
// and the greatest observation. Epsilons lie between 0 and 1, both ends excluded. An empty map is
// legal: it asks for a count and a sum only.
func NewObjectives(m map[float64]float64) (*Objectives, error) {
	o := &Objectives{list: make([]Objective, 0, len(m))}
	for q, eps := range m {
		// The conditions are written so that NaN fails.
		if !(q >= 0 && q <= 1) {
			return nil, fmt.Errorf("quantile %v is not in [0, 1]; write 0.99 for the 99th percentile", q)
		}
		if !(eps > 0 && eps < 1) {
			return nil, fmt.Errorf("the error %v of quantile %v is not between 0 and 1 (exclusive); "+
				"it is a fraction of the observations, such as 0.01", eps, q)
		}
		o.list = append(o.list, Objective{Quantile: q + 0, Epsilon: eps}) // + 0 turns -0 into 0
	}
	slices.SortFunc(o.list, func(a, b Objective) int {
		if a.Quantile < b.Quantile {
			return -1
		}
		return 1
	})
	o.life = newEnvelope(o.list, func(o Objective) float64 { return o.Epsilon })
	o.sliced = newEnvelope(o.list, slicedEpsilon)
	return o, nil
}

// Len returns the number of objectives.
func (o *Objectives) Len() int { return len(o.list) }

// List returns the objectives in ascending order of quantile. The caller must not change the slice,
// which is shared.
func (o *Objectives) List() []Objective { return o.list }

// slicedEpsilon returns the error s for which the streams of a sliding window are built, so that
// any number of them, read together, answer within the objective's epsilon e. With d = 1 - quantile
// it solves e*d = 2*s*d + s*s (docs/quantiles.md derives this). The solution lies between e/2, for
// e much smaller than d, and e/2.42, for e = d. Where e > d the greatest observation is within the
// error already. The value for e = d keeps the answer from being that blunt.
func slicedEpsilon(o Objective) float64 {
	e, d := o.Epsilon, 1-o.Quantile
	if e >= d {
		return e * (math.Sqrt2 - 1)
	}
	return e / (math.Sqrt(1+e/d) + 1) // d*(sqrt(1+e/d)-1), exact for small e too
}

// leastEpsilon takes the place of smaller errors in an envelope. It allows no join below 2^39
// observations, so it changes no answer there. It also keeps the envelope from being 0, which no
// slack could widen for a stream that is at its limit.
const leastEpsilon = 0x1p-40

// envelope is the most that g + delta of a tuple may be, as a function of the rank x before the
// tuple, both as fractions of the number n of observations. It is the minimum over all objectives
// of
//
//	max(2*eps*x/p, 2*eps*(1-x)/(1-p)), p = quantile - eps
//
// An objective with p <= 0 does not take part, because the least observation, which is always kept,
// satisfies it. The minimum of such V-shaped functions is piecewise linear. So a walk over tuples
// in the order of their ranks takes one multiplication and one addition for each tuple, however
// many objectives there are.
type envelope []segment

// segment is the part of an envelope from x = from to the next segment: rise*n + slope*rank.
type segment struct{ from, rise, slope float64 }

func newEnvelope(list []Objective, epsilon func(Objective) float64) envelope {
	var lines []segment // in pairs: the falling and the rising line of each V
	cuts := []float64{0}
	for _, o := range list {
		eps := max(epsilon(o), leastEpsilon)
		p := o.Quantile - eps
		if p <= 0 {
			continue
		}
		lines = append(lines,
			segment{from: p, rise: 2 * eps / (1 - p), slope: -2 * eps / (1 - p)},
			segment{from: p, rise: 0, slope: 2 * eps / p})
		cuts = append(cuts, p)
	}
	if len(lines) == 0 {
		return envelope{{from: 0, rise: math.Inf(1), slope: 0}}
	}
	for i, a := range lines {
		for _, b := range lines[:i] {
			if x := (b.rise - a.rise) / (a.slope - b.slope); x > 0 && x < 1 {
				cuts = append(cuts, x)
			}
		}
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	var env envelope
	for i, from := range cuts {
		to := 1.0
		if i+1 < len(cuts) {
			to = cuts[i+1]
		}
		mid := from + (to-from)/2
		best, least := segment{}, math.Inf(1)
		for j := 0; j < len(lines); j += 2 {
			line := lines[j]
			if mid >= line.from {
				line = lines[j+1]
			}
			if y := line.rise + line.slope*mid; y < least {
				best, least = line, y
			}
		}
		best.from = from
		if k := len(env); k == 0 || env[k-1].rise != best.rise || env[k-1].slope != best.slope {
			env = append(env, best)
		}
	}
	return env
}
