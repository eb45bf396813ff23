// SPDX-License-Identifier: Apache-2.0

package quantile

// compress merges ascending keys into the tuples old, and joins neighbours as far as slack times
// the envelope allows. It walks once, from right to left. n is the number of observations in old
// and keys together. The result fills the end of room, which has space for len(old)+len(keys)
// tuples.
//
// An inserted observation may rank anywhere in the gap of the old tuple to its right. So its delta
// is g + delta - 1 of that tuple. Its delta is 0 beyond the last tuple, and also before the first,
// because that one has g = 1 and delta = 0.
//
// The open tuple is the leftmost of the result so far. It swallows its left neighbour in two cases.
// Either the gap of the union (the g of both and the delta of the open tuple) fits the envelope at
// the rank before the neighbour. Or the neighbour has the same value and is not the first tuple
// that has it: nothing else can ever be inserted between equal values. Ranks are float64, which is
// exact below 2^53.
func compress[C counter](old []tuple[C], keys []uint64, g guards, n uint64, env envelope, slack float64,
	room []tuple[C]) []tuple[C] {
	var (
		line  = newLimit(env, float64(n), slack)
		w     = len(room)  // room[w:] is the result so far
		rank  = float64(n) // number of observations before the tuples walked so far
		i, j  = len(old) - 1, len(keys) - 1
		delta C // of an observation inserted here
		open  tuple[C]
		alone = true // open must not be joined with its left neighbour; true at first because there is no open tuple
	)
	for i >= 0 || j >= 0 {
		if j >= 0 && keys[j] > g[0] && (j > 0 || i >= 0) {
			// This is the run of observations between here and the next old tuple, guard or
			// minimum. Observations go to the left of old tuples with the same value.
			stop := g[0] + 1
			first := 1
			if i >= 0 {
				stop, first = max(stop, keyOf(old[i].v)+1), 0
			}
			run := 0
			for run <= j-first && keys[j-run] >= stop {
				run++
			}
			for run > 0 {
				if !alone {
					if k := line.fits(float64(open.g+open.delta), rank, run); k > 0 {
						open.g += C(k)
						rank -= float64(k)
						run -= k
						j -= k
						continue
					}
					if j > 0 && keys[j-1] == keys[j] && valueOf(keys[j]) == open.v {
						open.g++
						rank--
						run--
						j--
						continue
					}
				}
				if open.g > 0 {
					w--
					room[w] = open
				}
				open, alone = tuple[C]{v: valueOf(keys[j]), g: 1, delta: delta}, false
				rank--
				run--
				j--
			}
		}
		// Now comes the tuple or observation that ended the run. There always is one, at least the
		// minimum.
		var next tuple[C]
		lone := i < 0 && j <= 0 || j < 0 && i == 0 // the first tuple is never joined: it is the exact minimum
		switch {
		case j >= 0 && (i < 0 || keys[j] > keyOf(old[i].v)):
			if keys[j] == g[0] {
				g[0], g[1] = g[1], 0
				lone = true
			}
			next = tuple[C]{v: valueOf(keys[j]), g: 1, delta: delta}
			j--
		default:
			next = old[i]
			delta = next.g + next.delta - 1
			i--
		}
		rank -= float64(next.g)
		if !alone && !lone && (float64(next.g+open.g+open.delta) <= line.at(rank) ||
			next.v == open.v && (i >= 0 && old[i].v == next.v || j >= 0 && valueOf(keys[j]) == next.v)) {
			open.g += next.g
			continue
		}
		if open.g > 0 {
			w--
			room[w] = open
		}
		open, alone = next, lone
	}
	if open.g > 0 {
		w--
		room[w] = open
	}
	return room[w:]
}

// limit evaluates slack times the envelope, at ranks that descend.
type limit struct {
	env               envelope
	size, slack       float64
	seg               int
	from, rise, slope float64 // the current segment, in ranks
}

func newLimit(env envelope, size, slack float64) limit {
	l := limit{env: env, size: size, slack: slack, seg: len(env)}
	l.left()
	return l
}

// left goes to the next segment to the left.
func (l *limit) left() {
	l.seg--
	s := l.env[l.seg]
	l.from, l.rise, l.slope = s.from*l.size, s.rise*l.size*l.slack, s.slope*l.slack
}

// at returns the most that g + delta of a tuple may be when rank observations come before the
// tuple.
func (l *limit) at(rank float64) float64 {
	for rank < l.from {
		l.left()
	}
	return l.rise + l.slope*rank
}

// fits returns how many of a run of single observations a tuple with the given gap can swallow. The
// first observation of the run is the rank-th of all. The result stops at the end of the limit's
// segment, and the caller asks again for the rest of the run. Within a segment the limit is a
// straight line, so one division takes care of the whole run.
func (l *limit) fits(gap, rank float64, run int) int {
	spare := l.at(rank-1) - gap // room after a step of one, when 1 more is needed
	if !(spare >= 1) {
		return 0
	}
	k := min(float64(run), rank-l.from)
	// Each further observation takes 1 of it, and moves the limit by -slope.
	if cost := 1 + l.slope; cost > 0 {
		k = min(k, 1+(spare-1)/cost)
	}
	return max(int(k), 1)
}
