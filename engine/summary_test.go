// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"fmt"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

func TestSummariesKeepTheirRuleForEveryKindOfValue(t *testing.T) {
	for _, test := range []struct {
		name   string
		values []float64
		sum    string
		low    string // quantile 0.25
		high   string // quantile 0.75
	}{
		{"nothing", nil, "0", "NaN", "NaN"},
		{"one", []float64{3}, "3", "3", "3"},
		{"minus zero is zero, denormals", []float64{minusZero, minusZero, denormal, denormal}, "1e-323", "0", "5e-324"},
		{"negative", []float64{-1, -1, -2, -2}, "-6", "-2", "-1"},
		{"NaN counts and is not summed", []float64{nan, 2, nan}, "2", "2", "2"},
		{"NaN alone", []float64{nan}, "0", "NaN", "NaN"},
		{"+Inf", []float64{1, 1, inf, inf}, "+Inf", "1", "+Inf"},
		{"-Inf", []float64{1, 1, -inf, -inf}, "-Inf", "-Inf", "1"},
		{"both infinities", []float64{-inf, -inf, inf, inf}, "NaN", "-Inf", "+Inf"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, log := logged()
			s, err := r.NewSummary("s", "", engine.WithObjectives(map[float64]float64{0.25: 0.01, 0.75: 0.01}))
			require.NoError(t, err)
			for _, v := range test.values {
				s.Observe(v)
			}
			values := valuesOf(t, r)
			require.Equal(t, map[string]string{
				`s{quantile="0.25"}`: test.low, `s{quantile="0.75"}`: test.high, "s_sum": test.sum,
				"s_count": fmt.Sprint(len(test.values)),
			}, values)
			snapshot := s.Snapshot()
			require.EqualValues(t, len(test.values), snapshot.Count)
			require.Len(t, snapshot.Quantiles, 2)
			require.Empty(t, log)
		})
	}
	r := engine.NewRegistry()
	_, err := r.NewSummary("s", "", engine.WithObjectives(nil))
	require.NoError(t, err)
	bare, err := r.NewSummary("bare", "", engine.WithObjectives(map[float64]float64{}))
	require.NoError(t, err)
	bare.Observe(2)
	require.Empty(t, bare.Snapshot().Quantiles)
	values := valuesOf(t, r)
	require.Equal(t, "1", values["bare_count"])
	require.NotContains(t, values, `s{quantile="0.99"}`, "a nil map is an empty one")
	require.Contains(t, values, "s_count")
}

// In a program that nobody scrapes, a value was shown for ten seconds longer than its maximum age.
func TestAMaxAgeOfASecondShowsNoValueForTenSeconds(t *testing.T) {
	for _, wait := range []time.Duration{1101 * time.Millisecond, 2 * time.Second, 5 * time.Second, 11 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			r := engine.NewRegistry(engine.WithStrict())
			must(r.NewSummary("long", "")).Observe(1) // a summary whose timer has a period of ten seconds
			s := must(r.NewSummary("s", "", engine.WithMaxAge(time.Second)))
			s.Observe(7)
			time.Sleep(wait)
			require.True(t, math.IsNaN(s.Quantile(0.5)), "after %v", wait)
			require.EqualValues(t, 1, s.Snapshot().Count)
		})
	}
}
