// SPDX-License-Identifier: Apache-2.0

package histogram

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"

	"github.com/quipu-metrics/quipu/internal/percpu"
)

// MaxBounds is the largest number of finite upper bounds of a histogram, 508. A row with so many
// buckets, the +Inf bucket and the words around them is as long as a row of the per-CPU memory can
// be.
const MaxBounds = percpu.MaxRow - hotBuckets - 1

// ErrBounds is wrapped by the errors of [NewBounds].
var ErrBounds = errors.New("histogram: invalid bucket bounds")

// Bounds is a checked bucket layout with an index that finds the bucket of a value. It never
// changes, so all series of a family share one, and any number of goroutines may use it.
type Bounds struct {
	upper []float64

	// The index into upper by the leading bits of a value; see Bucket.
	lowest uint64   // bits of the smallest bound in the index
	shift  uint     // number of low bits of the difference to drop
	cells  []uint16 // the first bound that can hold a value of the cell; nil to search by halving
}

const (
	maxCells = 256
	// maxScan is the largest number of bounds in a cell: with more, halving is faster than walking
	// them.
	maxScan = 8
	// maxShift makes a cell 2^52 wide, which is one power of two.
	maxShift = 52
)

// NewBounds returns a layout with a copy of bounds, which must be finite and strictly increasing.
// One trailing +Inf is dropped, because every histogram has that bucket anyway. An empty layout is
// allowed: its histogram has the +Inf bucket only, so it only counts and sums.
//
// It fails with [ErrBounds] on NaN, on any other infinity, on bounds that are equal or out of
// order, and on more than [MaxBounds].
func NewBounds(bounds []float64) (*Bounds, error) {
	upper, err := check(bounds)
	if err != nil {
		return nil, err
	}
	b := &Bounds{upper: upper}
	b.index(0)
	return b, nil
}

// check returns a copy of bounds, without a trailing +Inf.
func check(bounds []float64) ([]float64, error) {
	if n := len(bounds); n > 0 && math.IsInf(bounds[n-1], 1) {
		bounds = bounds[:n-1]
	}
	if len(bounds) > MaxBounds {
		return nil, fmt.Errorf("%w: %d of them, at most %d are possible", ErrBounds, len(bounds), MaxBounds)
	}
	for i, b := range bounds {
		if !finite(b) {
			return nil, fmt.Errorf("%w: bound %d is %v; leave +Inf out or put it last, once", ErrBounds, i+1, b)
		}
		if i > 0 && b <= bounds[i-1] {
			return nil, fmt.Errorf("%w: bound %d (%v) is not above the one before it (%v)",
				ErrBounds, i+1, b, bounds[i-1])
		}
	}
	checked := slices.Clone(bounds)
	for i := range checked {
		checked[i] += 0 // turns -0 into 0, because a page would show the sign
	}
	return checked, nil
}

// Upper returns the finite upper bounds in increasing order. The caller must not change them.
func (b *Bounds) Upper() []float64 { return b.upper }

// Buckets returns the number of buckets, including the one up to +Inf.
func (b *Bounds) Buckets() int { return len(b.upper) + 1 }

// index cuts the range from the smallest positive bound to the largest into at most maxCells equal
// cells. The range is measured in the bits of the float64, taken as an integer. That integer grows
// with the logarithm of a positive value, and linearly within one power of two, so linear and
// exponential layouts alike spread well over the cells. Other layouts are left without an index:
// those with many bounds close together and one far away, and those with more than 256 powers of
// two. The index leaves out the bounds before upper[from].
func (b *Bounds) index(from int) {
	n := len(b.upper)
	next := max(from, sort.Search(n, func(i int) bool { return b.upper[i] > 0 }))
	if next == n {
		return
	}
	lowest := math.Float64bits(b.upper[next])
	span := math.Float64bits(b.upper[n-1]) - lowest
	shift := uint(0)
	for span>>shift >= maxCells {
		shift++
	}
	if shift > maxShift {
		return
	}
	cells := make([]uint16, span>>shift+1)
	for c := range cells {
		first := next
		cells[c] = uint16(first)
		for next < n && (math.Float64bits(b.upper[next])-lowest)>>shift <= uint64(c) {
			next++
		}
		if next-first > maxScan {
			return
		}
	}
	b.lowest, b.shift, b.cells = lowest, shift, cells
}

// Bucket returns the number of the bucket in which [Classic.Observe] counts v: the index in Upper
// of the first bound that is not below v. If there is none, or if v is NaN, it is the number of the
// +Inf bucket, which is the last. BenchmarkFind measures it.
func (b *Bounds) Bucket(v float64) int {
	// Walking all bounds costs a comparison for each and, with values in random order, a branch
	// that the processor cannot predict. Halving costs several such branches. The index costs one
	// load that depends on no branch, and leaves one bound to compare, seldom two.
	//
	// Negative values and values below the smallest indexed bound end up beyond the cells, as
	// values above all bounds do. The bits of a negative value exceed those of the largest bound by
	// at least 2^52, because +Inf and the NaNs lie between, and no cell is wider (maxShift), so the
	// value is not in the last cell. For a value below the smallest indexed bound the difference
	// wraps around to above 2^63.
	cell := (math.Float64bits(v) - b.lowest) >> (b.shift & 63)
	if cell >= uint64(len(b.cells)) {
		return b.halve(v)
	}
	// A bound of a lower cell is below every value of this one. The walk also settles the values
	// that share the last cell with the largest bound: greater values, +Inf and NaN.
	i := int(b.cells[cell])
	for i < len(b.upper) && !(v <= b.upper[i]) {
		i++
	}
	return i
}

// halve returns the result of Bucket by binary search.
func (b *Bounds) halve(v float64) int {
	if n := len(b.upper); n == 0 || v <= b.upper[0] {
		return 0
	} else if !(v <= b.upper[n-1]) {
		return n
	}
	return sort.Search(len(b.upper), func(i int) bool { return v <= b.upper[i] })
}
