// SPDX-License-Identifier: Apache-2.0

package quantile

import "math"

// cursor walks the tuples of one stream.
type cursor struct {
	s     *stream
	i     int           // index of the next tuple
	next  tuple[uint64] // that tuple
	below uint64        // a value between tuples i-1 and i exceeds at least so many of the stream's observations
	above uint64        // and at most so many
}

// load fetches the tuple at i and reports whether there is one.
func (c *cursor) load() bool {
	if c.i == c.s.len() {
		c.above = c.below // the value exceeds all observations
		return false
	}
	c.next = c.s.at(c.i)
	c.above = c.below + c.next.g + c.next.delta - 1
	return true
}

// candidate is a value with bounds of the ranks that it occupies among all observations of the
// window. The first of these ranks is at most rmax, and the last one is at least rmin. A value that
// occurs once has rmin <= rmax.
type candidate struct{ v, rmin, rmax float64 }

// distance returns the most by which rank t can lie outside the candidate's ranks. It is negative
// when t lies well inside.
func (c candidate) distance(t float64) float64 { return max(t-c.rmin, c.rmax-t) }

// answer appends an estimate for each objective to dst. The objectives are in ascending order of
// quantile. The target rank t of an objective is its quantile times the number of observations, and
// at least 1. The estimate is the candidate at the least distance from t, and the later one of two
// candidates at the same distance.
//
// answer walks all streams together in order of value. The rank of a tuple among all observations
// is its rank in its own stream, plus the numbers of observations that its value exceeds in the
// other streams. Both bounds of the rank ascend along the walk, so the distance to t falls and then
// rises, and the place where it is least moves right as t grows. So one walk answers all
// objectives.
func (w *Window) answer(dst []float64, objectives []Objective) []float64 {
	var (
		cursors      [numSlices]cursor
		live         = cursors[:0]
		n            uint64
		below, above uint64 // sums over all cursors
	)
	for _, s := range w.streams {
		if s != nil && s.n > 0 {
			live = append(live, cursor{s: s})
			c := &live[len(live)-1]
			c.load()
			n += s.n
			above += c.above
		}
	}
	best := candidate{v: math.NaN(), rmin: math.Inf(-1)}
	for k := 0; k < len(objectives); {
		t := max(objectives[k].Quantile*float64(n), 1)
		least := 0
		for i := 1; i < len(live); i++ {
			if live[i].next.v < live[least].next.v {
				least = i
			}
		}
		if len(live) == 0 {
			dst = append(dst, best.v)
			k++
			continue
		}
		c := &live[least]
		x := candidate{
			v:    c.next.v,
			rmin: float64(below + c.next.g),
			rmax: float64(above - c.above + c.below + c.next.g + c.next.delta),
		}
		if x.v == best.v {
			x.rmax = best.rmax // the upper bound of the first tuple with this value
		}
		if x.distance(t) > best.distance(t) {
			dst = append(dst, best.v)
			k++
			continue // x may be nearer to the next objective
		}
		best = x
		below += c.next.g
		above -= c.above
		c.below += c.next.g
		c.i++
		more := c.load()
		above += c.above
		if !more {
			// The observations of this stream stay in below and above.
			live[least] = live[len(live)-1]
			live = live[:len(live)-1]
		}
	}
	return dst
}
