// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/histogram"
)

// WithNative makes a histogram native: its buckets grow exponentially and need no layout.
// Prometheus receives them in the protobuf format, from jobs with scrape_native_histograms: true in
// their scrape configuration; in the text formats a native histogram has the bucket up to +Inf
// only. Together with [WithBuckets] the histogram has both kinds of buckets, and every observation
// and every page costs twice.
//
// Infinities count in the overflow buckets and in the sum. NaN, which no native bucket can hold, is
// dropped from the whole histogram and counted as misuse, with the reason native_nan.
//
// See [histogram.NativeDefaults] for the usual options.
func WithNative(options histogram.NativeOptions) MetricOption {
	return metricOption(func(d *definition) error {
		if err := d.takes("WithNative", "histograms"); err != nil {
			return err
		}
		d.native = &options
		return nil
	})
}

// checkNative checks the options of native buckets.
func checkNative(options histogram.NativeOptions) error {
	if options == (histogram.NativeOptions{}) {
		return fmt.Errorf("%w: the options of WithNative are all zero: start from histogram.NativeDefaults()",
			ErrBuckets)
	}
	if err := new(histogram.Native).Init(options); err != nil {
		return fmt.Errorf("%w: %w", ErrBuckets, err)
	}
	return nil
}

// newNative returns the native buckets of a new series, or nil. The options have been checked.
func newNative(options *histogram.NativeOptions) *histogram.Native {
	if options == nil {
		return nil
	}
	n := new(histogram.Native)
	if err := n.Init(*options); err != nil {
		panic(err) // checkNative has let it through
	}
	return n
}

// readNative reads the native buckets of a series.
func readNative(f *family, n *histogram.Native, s *state) *encode.NativeSample {
	from, to := &s.snapshot, &s.native
	n.Snapshot(from)
	f.core.tally.snapshot(from.Exact)
	to.Schema, to.ZeroThreshold, to.ZeroCount = int32(from.Schema), from.ZeroThreshold, from.ZeroCount
	to.Count, to.Sum = from.Count, from.Sum
	to.Positive, to.Negative = from.Positive, from.Negative
	s.exact = from.Exact
	return to
}

func nativeText(options *histogram.NativeOptions) string {
	if options == nil {
		return "none"
	}
	return fmt.Sprintf("%+v", *options)
}
