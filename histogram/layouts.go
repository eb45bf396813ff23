// SPDX-License-Identifier: Apache-2.0

package histogram

import (
	"errors"
	"fmt"
	"math"
	"strconv"
)

// ErrLayout is wrapped by the errors of [Linear], [Exponential] and [ExponentialRange].
var ErrLayout = errors.New("histogram: impossible bucket layout")

// Must returns bounds, and panics if err is not nil. It is for layouts in program text:
//
//	engine.WithBuckets(histogram.Must(histogram.Linear(1, 1, 10))...)
func Must(bounds []float64, err error) []float64 {
	if err != nil {
		panic(err)
	}
	return bounds
}

// Default returns a new copy of the default bounds, which suit durations in seconds between 5 ms
// and 10 s.
func Default() []float64 {
	return []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}
}

// Linear returns count upper bounds that are width apart; the first is start. The +Inf bucket,
// which every histogram has, is not among them and is not counted.
//
// It fails with [ErrLayout] if count is below 1 or above [MaxBounds], if width is not above zero,
// if an argument is not finite, or if the bounds overflow or are too close together for float64 to
// tell them apart.
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

// Exponential returns count upper bounds, each of them factor times the one before it; the first is
// start. The +Inf bucket, which every histogram has, is not among them and is not counted.
//
// It fails with [ErrLayout] if count is below 1 or above [MaxBounds], if start is not above zero,
// if factor is not above 1, if an argument is not finite, or if the bounds overflow or are too
// close together for float64 to tell them apart.
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

// ExponentialRange returns count upper bounds from min to max, both included, each of them greater
// than the one before it by the same factor. A single bound is min. The +Inf bucket, which every
// histogram has, is not among them and is not counted.
//
// It fails with [ErrLayout] if count is below 1 or above [MaxBounds], if min is not above zero, if
// max is not above min, if an argument is not finite, or if the bounds are too close together for
// float64 to tell them apart.
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

// layout returns at(0) to at(count-1), all but the first tidied, and checks that they can serve as
// bounds.
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

// tidy rounds a fraction to 15 significant digits. Bounds become label values, so 0.1+2*0.1 has to
// read 0.3 and not 0.30000000000000004. The last bits also depend on the processor: on its fused
// multiply-add, and through math.Pow.
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

// power returns x to the power of n by squaring, which is more exact than n products.
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

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
