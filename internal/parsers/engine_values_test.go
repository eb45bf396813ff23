// SPDX-License-Identifier: Apache-2.0

package parsers

import (
	"bytes"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
)

// rule is the content of a page after some observations, in every format.
type rule struct {
	count   uint64
	sum     float64
	buckets []float64 // cumulative, by bounds; the last is up to +Inf
	dropped float64   // for this reason
	reason  string
}

// TestEveryTypeHasOneRuleForInfinitiesAndNaNInEveryFormat checks the tables of docs/histograms.md
// with Prometheus' parsers.
func TestEveryTypeHasOneRuleForInfinitiesAndNaNInEveryFormat(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	native := engine.WithNative(histogram.NativeDefaults())
	classic := engine.WithBuckets(0, 1)
	for name, kind := range map[string]struct {
		options []engine.MetricOption
		rules   map[string]rule // by observations
	}{
		"classic": {[]engine.MetricOption{classic}, map[string]rule{
			"+Inf":      {3, inf, []float64{0, 1, 3}, 0, ""},
			"-Inf":      {3, -inf, []float64{1, 2, 3}, 0, ""},
			"both":      {4, nan, []float64{1, 2, 4}, 0, ""},
			"NaN":       {3, 3, []float64{0, 1, 3}, 0, ""},
			"all three": {5, nan, []float64{1, 2, 5}, 0, ""},
		}},
		"native": {[]engine.MetricOption{native}, map[string]rule{
			"+Inf":      {3, inf, []float64{3}, 0, ""},
			"-Inf":      {3, -inf, []float64{3}, 0, ""},
			"both":      {4, nan, []float64{4}, 0, ""},
			"NaN":       {2, 3, []float64{2}, 1, "native_nan"},
			"all three": {4, nan, []float64{4}, 1, "native_nan"},
		}},
		"native and classic": {[]engine.MetricOption{native, classic}, map[string]rule{
			"+Inf":      {3, inf, []float64{0, 1, 3}, 0, ""},
			"-Inf":      {3, -inf, []float64{1, 2, 3}, 0, ""},
			"both":      {4, nan, []float64{1, 2, 4}, 0, ""},
			"NaN":       {2, 3, []float64{0, 1, 2}, 1, "native_nan"},
			"all three": {4, nan, []float64{1, 2, 4}, 1, "native_nan"},
		}},
		"summary": {nil, map[string]rule{
			"+Inf":      {3, inf, nil, 0, ""},
			"-Inf":      {3, -inf, nil, 0, ""},
			"both":      {4, nan, nil, 0, ""},
			"NaN":       {3, 3, nil, 0, ""},
			"all three": {5, nan, nil, 0, ""},
		}},
	} {
		for observations, want := range kind.rules {
			t.Run(name+" "+observations, func(t *testing.T) {
				reg := engine.NewRegistry()
				observe := observer(t, reg, kind.options)
				for _, v := range map[string][]float64{"+Inf": {inf}, "-Inf": {-inf}, "both": {inf, -inf}, "NaN": {nan},
					"all three": {inf, -inf, nan}}[observations] {
					observe(v)
				}
				observe(1)
				observe(2)
				for _, format := range formats {
					requireRule(t, want, format, read(t, reg, format))
				}
			})
		}
	}
}

// observer defines a histogram h or, without options, a summary h.
func observer(t *testing.T, reg *engine.Registry, options []engine.MetricOption) func(float64) {
	t.Helper()
	if options == nil {
		s, err := reg.NewSummary("h", "")
		require.NoError(t, err)
		return s.Observe
	}
	h, err := reg.NewHistogram("h", "", options...)
	require.NoError(t, err)
	return h.Observe
}

// read returns the samples of a page by their keys.
func read(t *testing.T, reg *engine.Registry, format encode.Format) map[string]Sample {
	t.Helper()
	var page bytes.Buffer
	_, err := reg.Expose(&page, engine.Exposition{Format: format})
	require.NoError(t, err)
	samples, err := Parse(page.Bytes(), format.ContentType())
	require.NoError(t, err)
	byKey := make(map[string]Sample, len(samples))
	for _, s := range samples {
		byKey[s.Key()] = s
	}
	return byKey
}

func requireRule(t *testing.T, want rule, format encode.Format, page map[string]Sample) {
	t.Helper()
	if s, ok := page["h native"]; ok {
		require.Equal(t, encode.Protobuf, format)
		require.Equal(t, want.count, s.Native.Count)
		requireFloat(t, want.sum, s.Native.Sum)
		inBuckets := s.Native.ZeroCount
		for _, deltas := range [][]int64{s.Native.PositiveBuckets, s.Native.NegativeBuckets} {
			var count int64
			for _, d := range deltas {
				count += d
				inBuckets += uint64(count)
			}
		}
		require.Equal(t, want.count, inBuckets, "every observation is in a bucket")
		if math.IsInf(want.sum, 1) {
			require.Equal(t, math.Inf(1), highest(s), "the overflow bucket ends at +Inf")
		}
	}
	count, classic := page["h_count"]
	if _, native := page["h native"]; !classic && native {
		return // the parser shows a histogram with no classic buckets as native only
	}
	require.EqualValues(t, want.count, count.Value, "%v", format)
	requireFloat(t, want.sum, page["h_sum"].Value)
	for i, n := range want.buckets {
		le := "+Inf"
		if i < len(want.buckets)-1 {
			le = fmt.Sprintf("%.1f", float64(i))
		}
		key := fmt.Sprintf("h_bucket,le=%q", le)
		require.Contains(t, page, key)
		require.Equal(t, n, page[key].Value, "%v, %s", format, key)
	}
	for key, s := range page {
		if s.Name == "quipu_dropped_updates_total" {
			dropped := 0.0
			if s.Labels["reason"] == want.reason {
				dropped = want.dropped
			}
			require.Equal(t, dropped, s.Value, "%v, %s", format, key)
		}
	}
}

// highest returns the upper bound of the highest native bucket.
func highest(s Sample) (upper float64) {
	for it := s.Native.ToFloat(nil).PositiveBucketIterator(); it.Next(); {
		upper = it.At().Upper
	}
	return upper
}

func TestCountersAndGaugesHaveOneRuleForInfinitiesAndNaNInEveryFormat(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, test := range []struct {
		value                              float64
		added, set, gaugeFunc, counterFunc float64 // on the page; -1: not there
		droppedAdd, droppedGaugeAdd        string
	}{
		{inf, inf, inf, inf, inf, "", ""},
		{-inf, 0, -inf, -inf, -1, "negative", ""},
		{nan, 0, nan, nan, -1, "nan", "nan"},
	} {
		t.Run(fmt.Sprint(test.value), func(t *testing.T) {
			reg := engine.NewRegistry()
			c, err := reg.NewCounter("c_total", "")
			require.NoError(t, err)
			set, err := reg.NewGauge("set", "")
			require.NoError(t, err)
			add, err := reg.NewGauge("add", "")
			require.NoError(t, err)
			value := func() float64 { return test.value }
			_, err = reg.NewGaugeFunc("gf", "", value)
			require.NoError(t, err)
			_, err = reg.NewCounterFunc("cf_total", "", value)
			require.NoError(t, err)
			c.Add(test.value)
			set.Set(test.value)
			add.Add(test.value)
			added := test.value
			drops := map[string]float64{test.droppedAdd: 1}
			if test.droppedGaugeAdd != "" {
				added = 0
				drops[test.droppedGaugeAdd]++
			}
			for _, format := range formats {
				page := read(t, reg, format)
				requireFloat(t, test.added, page["c_total"].Value)
				requireFloat(t, test.set, page["set"].Value)
				requireFloat(t, added, page["add"].Value)
				requireFloat(t, test.gaugeFunc, page["gf"].Value)
				if test.counterFunc == -1 {
					require.NotContains(t, page, "cf_total", "%v", format)
				} else {
					requireFloat(t, test.counterFunc, page["cf_total"].Value)
				}
				for _, s := range page {
					if s.Name == "quipu_dropped_updates_total" {
						require.Equal(t, drops[s.Labels["reason"]], s.Value, s.Labels["reason"])
					}
				}
			}
		})
	}
}
