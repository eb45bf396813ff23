// SPDX-License-Identifier: Apache-2.0

package encode

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCounterValuesAreExactIntegersUntilAFractionIsAdded(t *testing.T) {
	f := NewFamily("c", "", "", Counter, nil)
	for _, c := range []struct {
		s    CounterSample
		want string
	}{
		{CounterSample{Int: 1<<53 + 1}, "c 9007199254740993\n"},
		{CounterSample{Int: math.MaxUint64}, "c 18446744073709551615\n"},
		{CounterSample{Int: 2, Frac: 0.5}, "c 2.5\n"},
		{CounterSample{Int: 2, Frac: 3}, "c 5\n"},
		{CounterSample{Frac: math.Inf(1)}, "c +Inf\n"},
	} {
		require.Equal(t, c.want, string(f.AppendCounter(nil, Text, "", &c.s)))
	}
}

func TestMissingCountsAreZeroAndExcessOnesAreIgnored(t *testing.T) {
	f := NewFamily("h", "", "", Histogram, []float64{1, math.Inf(1)})
	for _, c := range []struct {
		counts []uint64
		want   string
	}{
		{nil, "h_bucket{le=\"1\"} 0\nh_bucket{le=\"+Inf\"} 0\nh_sum 0\nh_count 0\n"},
		{[]uint64{7}, "h_bucket{le=\"1\"} 7\nh_bucket{le=\"+Inf\"} 7\nh_sum 0\nh_count 7\n"},
		{[]uint64{7, 1, 9}, "h_bucket{le=\"1\"} 7\nh_bucket{le=\"+Inf\"} 8\nh_sum 0\nh_count 8\n"},
	} {
		require.Equal(t, c.want, string(f.AppendHistogram(nil, Text, "", &HistogramSample{Counts: c.counts})))
	}
}
