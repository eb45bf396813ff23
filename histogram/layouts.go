// SPDX-License-Identifier: Apache-2.0

// Package histogram counts observations in buckets: it builds and checks bucket layouts, keeps the counts of one
// series so that observing takes no lock and no LOCK-prefixed instruction once the series is busy, and hands out
// snapshots in which the sum belongs to exactly the observations in the buckets.
//
// Bounds that a layout computes are rounded to 15 significant digits, so that their labels read as one expects.
//
// Users of the engine need the layouts only ([Linear], [Exponential], [ExponentialRange], [Default], [Must]); the engine
// builds its histograms on [Classic].
package histogram

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/quipu-metrics/quipu/internal/percpu"
)

// MaxBounds is the largest number of finite upper bounds a histogram may have: a row with its buckets, the +Inf bucket
// and the words around them fits what one processor can hold in one piece.
const MaxBounds = percpu.MaxRow - hotBuckets - 1

var (
	// ErrLayout is wrapped by the errors of [Linear], [Exponential] and [ExponentialRange].
	ErrLayout = errors.New("histogram: impossible bucket layout")

	// ErrBounds is wrapped by the errors of [Check] and [NewBounds].
	ErrBounds = errors.New("histogram: invalid bucket bounds")
)

// Must returns bounds, and panics when err is not nil. It is for layouts that are program text:
//
//	engine.WithBuckets(histogram.Must(histogram.Linear(1, 1, 10))...)
func Must(bounds []float64, err error) []float64 {
	if err != nil {
		panic(err)
	}
	return bounds
}

// Default returns a new copy of the default bounds, made for durations in seconds between 5 ms and 10 s.
func Default() []float64 {
	return []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}
}

// Linear returns count upper bounds, width apart, the first of them start. The +Inf bucket that every histogram has is
// not among them and not counted.
//
// It fails with [ErrLayout] when count is below 1 or above [MaxBounds], width is not above zero, an argument is not
// finite, or the bounds overflow or are too close together for float64 to tell them apart.
func Linear(start, width float64, count int) ([]float64, error) {
	switch {
	case !finite(start) || !finite(width):
		return nil, fmt.Errorf("%w: start %v and width %v must be finite", ErrLayout, start, width)
	case width <= 0:
		return nil, fmt.Errorf("%w: width %v must be above 0", ErrLayout, width)
	}
	return layout(count, func(i int) float64 {
		return start + float64(i)*width
	})
}

// Exponential returns count upper bounds, each factor times the one before it, the first of them start. The +Inf bucket
// that every histogram has is not among them and not counted.
//
// It fails with [ErrLayout] when count is below 1 or above [MaxBounds], start is not above zero, factor is not above 1,
// an argument is not finite, or the bounds overflow or are too close together for float64 to tell them apart.
func Exponential(start, factor float64, count int) ([]float64, error) {
	switch {
	case !finite(start) || !finite(factor):
		return nil, fmt.Errorf("%w: start %v and factor %v must be finite", ErrLayout, start, factor)
	case start <= 0:
		return nil, fmt.Errorf("%w: start %v must be above 0", ErrLayout, start)
	case factor <= 1:
		return nil, fmt.Errorf("%w: factor %v must be above 1", ErrLayout, factor)
	}
	return layout(count, func(i int) float64 { return start * power(factor, i) })
}

// ExponentialRange returns count upper bounds from min to max, both included, each the same factor above the one before
// it. A single bound is min. The +Inf bucket that every histogram has is not among them and not counted.
//
// It fails with [ErrLayout] when count is below 1 or above [MaxBounds], min is not above zero, max is not above min, an
// argument is not finite, or the bounds are too close together for float64 to tell them apart.
func ExponentialRange(min, max float64, count int) ([]float64, error) {
	switch {
	case !finite(min) || !finite(max):
		return nil, fmt.Errorf("%w: min %v and max %v must be finite", ErrLayout, min, max)
	case min <= 0:
		return nil, fmt.Errorf("%w: min %v must be above 0", ErrLayout, min)
	case max <= min:
		return nil, fmt.Errorf("%w: max %v must be above min %v", ErrLayout, max, min)
	}
	return layout(count, func(i int) float64 {
		switch i {
		case 0:
			return min
		case count - 1:
			return max
		}
		t := float64(i) / float64(count-1)
		return math.Pow(min, 1-t) * math.Pow(max, t) // max/min could overflow
	})
}

// layout lists at(0) to at(count-1), tidied, and checks that they can serve as bounds.
func layout(count int, at func(i int) float64) ([]float64, error) {
	if count < 1 || count > MaxBounds {
		return nil, fmt.Errorf("%w: count %d must be between 1 and %d", ErrLayout, count, MaxBounds)
	}
	bounds := make([]float64, count)
	for i := range bounds {
		if bounds[i] = at(i); i > 0 {
			bounds[i] = tidy(bounds[i])
		}
		if !finite(bounds[i]) {
			return nil, fmt.Errorf("%w: bound %d of %d is beyond the range of float64", ErrLayout, i+1, count)
		}
		if i > 0 && bounds[i] <= bounds[i-1] {
			return nil, fmt.Errorf("%w: bound %d (%v) is not above the one before it (%v): they are too close together",
				ErrLayout, i+1, bounds[i], bounds[i-1])
		}
	}
	return bounds, nil
}

// tidy rounds a fraction to 15 significant digits. Bounds become label values: 0.1+2*0.1 has to read 0.3, not
// 0.30000000000000004, and what is in the last bits depends on the processor (fused multiply-add, math.Pow).
func tidy(x float64) float64 {
	if x == math.Trunc(x) || !finite(x) {
		return x
	}
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 15, 64), 64)
	if err != nil {
		return x
	}
	return rounded
}

// power returns x to the n by squaring, more exactly than by n products.
func power(x float64, n int) float64 {
	p := 1.0
	for ; n > 0; n >>= 1 {
		if n&1 == 1 {
			p *= x
		}
		x *= x
	}
	return p
}

// Check returns a copy of bounds that is fit for a histogram: finite and strictly increasing. One trailing +Inf is
// dropped, because every histogram has that bucket anyway. No bounds at all are allowed and leave the +Inf bucket alone,
// a histogram that only counts and sums.
//
// It fails with [ErrBounds] on NaN, on any other infinity, on bounds out of order or equal, and on more than [MaxBounds].
func Check(bounds []float64) ([]float64, error) {
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
		checked[i] += 0 // turns -0, which would be shown as such, into 0
	}
	return checked, nil
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
