// SPDX-License-Identifier: Apache-2.0

package histogram_test

import (
	"errors"
	"fmt"
	"math"

	"github.com/quipu-metrics/quipu/histogram"
)

func ExampleDefault() {
	fmt.Println(histogram.Default())
	// Output: [0.005 0.01 0.025 0.05 0.1 0.25 0.5 1 2.5 5 10]
}

func ExampleLinear() {
	fmt.Println(histogram.Linear(1, 0.5, 4))
	// Output: [1 1.5 2 2.5] <nil>
}

func ExampleExponential() {
	fmt.Println(histogram.Exponential(0.001, 10, 4))
	// Output: [0.001 0.01 0.1 1] <nil>
}

func ExampleExponentialRange() {
	fmt.Println(histogram.ExponentialRange(1, 16, 5))
	// Output: [1 2 4 8 16] <nil>
}

// The error says which argument is at fault.
func ExampleExponentialRange_error() {
	_, err := histogram.ExponentialRange(0, 16, 5)
	fmt.Println(errors.Is(err, histogram.ErrLayout), err)

	_, err = histogram.ExponentialRange(1, 16, histogram.MaxBounds+1)
	fmt.Println(errors.Is(err, histogram.ErrLayout))
	// Output:
	// true histogram: impossible bucket layout: min 0 must be above 0
	// true
}

func ExampleMust() {
	fmt.Println(histogram.Must(histogram.Linear(1, 1, 3)))
	// Output: [1 2 3]
}

func ExampleBounds() {
	bounds, err := histogram.NewBounds([]float64{5, 10, 15, math.Inf(1)})
	fmt.Println(bounds.Upper(), bounds.Buckets(), err)
	fmt.Println(bounds.Bucket(5), bounds.Bucket(5.1), bounds.Bucket(100))

	_, err = histogram.NewBounds([]float64{5, 5})
	fmt.Println(errors.Is(err, histogram.ErrBounds))
	// Output:
	// [5 10 15] 4 <nil>
	// 0 1 3
	// true
}

func ExampleClassic() {
	bounds, err := histogram.NewBounds([]float64{5, 10, 15})
	if err != nil {
		panic(err)
	}
	var series histogram.Classic
	series.Init(bounds)
	for _, v := range []float64{3, 5.2, 13, 4} {
		series.Observe(v)
	}
	counts, sum, exact := series.Snapshot(nil)
	fmt.Println(counts, sum, exact)
	fmt.Println(histogram.Quantile(0.5, bounds.Upper(), counts))
	// Output:
	// [2 1 1 0] 25.2 true
	// 5
}

func ExampleQuantile() {
	// Two observations up to 5, one up to 10, one up to 15.
	fmt.Println(histogram.Quantile(0.5, []float64{5, 10, 15}, []uint64{2, 1, 1, 0}))
	// Output: 5
}

func ExampleNative() {
	var series histogram.Native
	if err := series.Init(histogram.NativeDefaults()); err != nil {
		panic(err)
	}
	for v := range 1000 {
		series.Observe(float64(v))
	}
	var snapshot histogram.NativeSnapshot
	series.Snapshot(&snapshot)
	fmt.Println(snapshot.Count, snapshot.Sum)
	// Buckets grow by 9 %, and the median of these observations is 500.
	fmt.Printf("%.0f\n", snapshot.Quantile(0.5))
	// Output:
	// 1000 499500
	// 499
}

// A finer resolution than the default one: buckets grow by 1 %. The limit of buckets is the same,
// so a smaller range of observations is enough to lower the resolution.
func ExampleNativeOptions() {
	options := histogram.NativeDefaults()
	options.Schema = 6
	var series histogram.Native
	fmt.Println(series.Init(options))
	fmt.Printf("%.3f\n", math.Exp2(math.Exp2(-float64(options.Schema))))

	options.Schema = 9
	err := series.Init(options)
	fmt.Println(errors.Is(err, histogram.ErrNative), err)
	// Output:
	// <nil>
	// 1.011
	// true histogram: impossible native histogram: schema 9 must be between -4 and 8
}

// One NativeSnapshot serves for many snapshots, of any series.
func ExampleNativeSnapshot() {
	var temperatures histogram.Native
	if err := temperatures.Init(histogram.NativeDefaults()); err != nil {
		panic(err)
	}
	var snapshot histogram.NativeSnapshot
	for _, v := range []float64{-4, 0, 21.5} {
		temperatures.Observe(v)
		temperatures.Snapshot(&snapshot)
		fmt.Println(snapshot.Count, snapshot.ZeroCount, snapshot.Sum, snapshot.Exact)
	}
	// Output:
	// 1 0 -4 true
	// 2 1 -4 true
	// 3 1 17.5 true
}

// The buckets of a snapshot with their upper bounds: at schema 0 bucket i ends at 2^i.
func ExampleNativeBuckets() {
	var series histogram.Native
	err := series.Init(histogram.NativeOptions{Schema: 0, ZeroThreshold: 1e-9, MaxBuckets: 320})
	if err != nil {
		panic(err)
	}
	for _, v := range []float64{0, 1, 1.5, 2, 100} {
		series.Observe(v)
	}
	var snapshot histogram.NativeSnapshot
	series.Snapshot(&snapshot)

	fmt.Println("zero:", snapshot.ZeroCount)
	var index, i int
	var count int64
	for _, span := range snapshot.Positive.Spans {
		index += int(span.Offset)
		for range span.Length {
			count += snapshot.Positive.Deltas[i]
			fmt.Printf("up to %v: %d\n", math.Ldexp(1, index), count)
			index, i = index+1, i+1
		}
	}
	// Output:
	// zero: 1
	// up to 1: 1
	// up to 2: 2
	// up to 128: 1
}
