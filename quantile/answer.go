// SPDX-License-Identifier: Apache-2.0

package quantile

import "math"

// cursor walks the tuples of one stream.
type cursor struct {
	s     *stream
	i     int           // the next tuple
	next  tuple[uint64] // what it is
	below uint64        // of the stream's observations, how many a value between the tuples i-1 and i exceeds at least
	above uint64        // and at most
}

// load fetches the tuple at i and reports whether there is one.
func (c *cursor) load() bool {
	if c.i == c.s.len() {
		c.above = c.below // all of them
		return false
	}
	c.next = c.s.at(c.i)
	c.above = c.below + c.next.g + c.next.delta - 1
	return true
}

// candidate is a value with bounds of the ranks that it occupies among all observations of the window: the first of them is at
// most rmax, the last one at least rmin. A value that occurs once has rmin <= rmax.
type candidate struct{ v, rmin, rmax float64 }

// distance is the most by which t can lie outside the candidate's ranks. It is negative well inside.
func (c candidate) distance(t float64) float64 { return max(t-c.rmin, c.rmax-t) }

// answer appends an estimate for each objective (in ascending order of quantile) to dst: for the target rank t, the
// quantile times the number of observations and at least 1, the candidate at the least distance, the later one among equals.
//
// All streams are walked together in order of value. The rank of a stream's tuple among all observations is its rank in
// that stream plus the numbers of observations that its value exceeds in the others. Both bounds of the rank ascend
// along the walk, so the distance to t falls and then rises, and the place where it is least moves right as t grows: one
// walk answers all objectives.
func (w *Window) answer(dst []float64, objectives []Objective) []float64 {
	var (
		cursors      [numSlices]cursor
		live         = cursors[:0]
		n            uint64
		below, above uint64 // the cursors' added up
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
			x.rmax = best.rmax // of the first tuple with this value
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
			// Its observations stay in below and above.
			live[least] = live[len(live)-1]
			live = live[:len(live)-1]
		}
	}
	return dst
}
