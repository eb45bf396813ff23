// SPDX-License-Identifier: Apache-2.0

package histogram

import (
	"math"
	"sort"
)

// Bounds is a checked bucket layout with what finds the bucket of a value. It never changes, so all series of a family
// share one, and any number of goroutines may use it.
type Bounds struct {
	upper []float64

	// The index into upper by the leading bits of a value; see find.
	lowest uint64   // order of the smallest bound
	shift  uint     // how many low bits of the difference to drop
	cells  []uint16 // first bound that can hold a value of the cell; nil: search by halving
}

const (
	maxCells = 256
	// maxScan is how many bounds may share a cell before halving is faster than walking them.
	maxScan = 8
)

// NewBounds checks bounds as [Check] does and builds their index.
func NewBounds(bounds []float64) (*Bounds, error) {
	upper, err := Check(bounds)
	if err != nil {
		return nil, err
	}
	b := &Bounds{upper: upper}
	b.index()
	return b, nil
}

// Upper returns the finite upper bounds in increasing order. The caller must not change them.
func (b *Bounds) Upper() []float64 { return b.upper }

// Buckets returns the number of buckets, the one up to +Inf included.
func (b *Bounds) Buckets() int { return len(b.upper) + 1 }

// order maps floats to integers that sort the same way, except that -0 comes just before +0. NaNs land beyond the
// infinities.
func order(v float64) uint64 {
	bits := math.Float64bits(v)
	return bits ^ (uint64(int64(bits)>>63) | 1<<63)
}

// index cuts the range from the smallest to the largest bound, measured in order's integers, into at most maxCells
// equal cells. The integers grow with the logarithm of the value and linearly within one power of two, so linear and
// exponential layouts alike spread well over the cells. A layout that does not (many bounds close together, and one far
// away) is left without an index.
func (b *Bounds) index() {
	n := len(b.upper)
	if n == 0 {
		return
	}
	b.lowest = order(b.upper[0])
	span := order(b.upper[n-1]) - b.lowest
	for span>>b.shift >= maxCells {
		b.shift++
	}
	cells := make([]uint16, span>>b.shift+1)
	next := 0
	for c := range cells {
		first := next
		cells[c] = uint16(first)
		for next < n && (order(b.upper[next])-b.lowest)>>b.shift <= uint64(c) {
			next++
		}
		if next-first > maxScan {
			return
		}
	}
	b.cells = cells
}

// find returns the bucket of v: the index of the first bound that is not below v, or len(upper), the +Inf bucket, when
// there is none or v is NaN.
//
// Walking all bounds costs a comparison each and, with values in no order, a branch the processor cannot foresee;
// halving costs several of those. The index costs one load that depends on no branch and leaves one bound to compare,
// seldom two: BenchmarkFind.
func (b *Bounds) find(v float64) int {
	if b.cells == nil {
		return b.halve(v)
	}
	// Below the smallest bound the difference wraps around to a huge one, as it is huge above the largest bound.
	cell := (order(v) - b.lowest) >> b.shift
	if cell >= uint64(len(b.cells)) {
		if v <= b.upper[0] {
			return 0
		}
		return len(b.upper)
	}
	i := int(b.cells[cell])
	for i < len(b.upper) && !(v <= b.upper[i]) {
		i++
	}
	return i
}

// walk is find by comparing one bound after the other.
func (b *Bounds) walk(v float64) int {
	for i, upper := range b.upper {
		if v <= upper {
			return i
		}
	}
	return len(b.upper)
}

// halve is find by binary search.
func (b *Bounds) halve(v float64) int {
	return sort.Search(len(b.upper), func(i int) bool { return v <= b.upper[i] })
}
