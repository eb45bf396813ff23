// SPDX-License-Identifier: Apache-2.0

package live

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// all returns the values of a ring, the oldest first.
func all[T any](r *ring[T]) (values []T) {
	for i := range r.len() {
		values = append(values, *r.at(i))
	}
	return values
}

func TestARingKeepsTheLatestValues(t *testing.T) {
	r := ring[int]{most: 3}
	require.Empty(t, all(&r))
	for i, want := range [][]int{{0}, {0, 1}, {0, 1, 2}, {1, 2, 3}, {2, 3, 4}, {3, 4, 5}, {4, 5, 6}} {
		r.push(i)
		require.Equal(t, want, all(&r))
	}
}

func TestTrends(t *testing.T) {
	nan := float32(math.NaN())
	for name, test := range map[string]struct {
		isRate bool
		values []float64
		want   []float32
	}{
		"a gauge":                         {false, []float64{3, -1, math.NaN()}, []float32{3, -1, nan}},
		"a counter":                       {true, []float64{3, 5, 5, 11}, []float32{nan, 1, 0, 3}},
		"a counter one series of is gone": {true, []float64{8, 10, 4, 6}, []float32{nan, 1, nan, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			track := newTrack(10)
			for i, v := range test.values {
				track.add(reading{value: v}, second(2*i), test.isRate)
			}
			got := all(&track.trend)
			require.Len(t, got, len(test.want))
			for i := range got {
				require.Equal(t, math.Float32bits(test.want[i])&^1, math.Float32bits(got[i])&^1, "point %d: %v", i, got)
			}
		})
	}
}

func TestAGapIsNoValue(t *testing.T) {
	track := newTrack(10)
	track.add(reading{value: 1, counts: cells{{0, 1}}, bounds: []float64{1}}, second(0), true)
	track.skip()
	track.add(reading{value: 5, counts: cells{{0, 5}}, bounds: []float64{1}}, second(2), true)
	trend := all(&track.trend)
	require.True(t, math.IsNaN(float64(trend[1])))
	require.Equal(t, float32(2), trend[2], "4 in 2 seconds")
	require.Equal(t, []cells{nil, nil, {{0, 4}}}, all(&track.heat))
}

func TestTheHeatOfATrackIsWhatCameBetweenSamples(t *testing.T) {
	track := newTrack(10)
	bounds := []float64{1, 2}
	for i, counts := range []cells{{{0, 1}}, {{0, 3}, {2, 1}}, {{0, 3}, {2, 1}}, {}, {{1, 3}}} {
		track.add(reading{counts: counts, bounds: bounds}, second(i), true)
	}
	want := []cells{nil, {{0, 2}, {2, 1}}, nil, nil, {{1, 3}}}
	require.Equal(t, want, all(&track.heat), "the histogram was reset in between")
	// 2 of 3 observations of the first four samples are at most 1.
	require.InDelta(t, 0.75, float64(*track.quantiles[0].at(3)), 1e-6)
}

func TestTheHeatOfATrackFollowsAHistogramThatBecomesCoarser(t *testing.T) {
	track := newTrack(10)
	track.add(reading{counts: cells{{1, 1}, {3, 1}}, schema: 2}, second(0), true)
	track.add(reading{counts: cells{{1, 1}, {2, 1}, {3, 3}}, schema: 2}, second(1), true)
	track.add(reading{counts: cells{{1, 3}, {2, 6}}, schema: 1}, second(2), true)
	require.Equal(t, 1, track.schema)
	require.Equal(t, []cells{nil, {{1, 1}, {2, 2}}, {{1, 1}, {2, 3}}}, all(&track.heat))
}

func TestQuantilesOfATrackForgetOldObservations(t *testing.T) {
	track := newTrack(100)
	bounds := []float64{1, 2}
	track.add(reading{counts: cells{}, bounds: bounds}, second(0), true)
	for i := range uint64(100) {
		track.add(reading{counts: cells{{0, 1000}, {1, 1 + i}}, bounds: bounds}, second(int(i)+1), true)
	}
	require.Greater(t, *track.quantiles[0].at(99), float32(1))
}

func TestATrackBeginsAgainWhenTheBucketsAreOthers(t *testing.T) {
	classic := reading{value: 9, counts: cells{{0, 1}, {3, 8}}, bounds: []float64{1, 2, 3}}
	for name, other := range map[string]reading{
		"fewer bounds": {value: 5, counts: cells{{1, 5}}, bounds: []float64{10}},
		"no bounds":    {value: 5, counts: cells{{0, 5}}, bounds: []float64{}},
		"native":       {value: 5, counts: cells{{belowZero, 1}, {40, 4}}, schema: 2},
	} {
		t.Run(name, func(t *testing.T) {
			track := newTrack(10)
			for i, step := range []struct {
				now  reading
				want bool
			}{{classic, false}, {classic, false}, {other, true}, {other, false}, {classic, true}} {
				require.Equal(t, step.want, track.add(step.now, second(i), true), "sample %d", i)
			}
			for _, made := range all(&track.heat) {
				require.Empty(t, made)
			}
		})
	}
}

func TestATrackWhoseSeriesAllLeaveKeepsItsBuckets(t *testing.T) {
	track := newTrack(10)
	for i, now := range []reading{
		{value: 1, counts: cells{{1, 1}}, bounds: []float64{1}},
		{value: 3, counts: cells{{1, 3}}, bounds: []float64{1}},
		{},
		{value: 4, counts: cells{{0, 4}}, bounds: []float64{1}},
	} {
		require.False(t, track.add(now, second(i), true), "sample %d", i)
		require.Equal(t, []float64{1}, track.last.bounds)
	}
	require.Equal(t, []cells{nil, {{1, 2}}, nil, {{0, 4}}}, all(&track.heat))
	require.Equal(t, track.trend.len(), track.heat.len())
}

func TestTheFirstSeriesOfATrackMayComeLate(t *testing.T) {
	track := newTrack(10)
	require.False(t, track.add(reading{}, second(0), true))
	require.True(t, track.add(reading{value: 2, counts: cells{{7, 2}}, schema: 2}, second(1), true))
	require.Equal(t, 2, track.schema)
	require.False(t, track.add(reading{value: 5, counts: cells{{7, 5}}, schema: 2}, second(2), true))
	require.Equal(t, []cells{{{7, 2}}, {{7, 3}}}, all(&track.heat))
}

func TestTheHeatOfATrackStaysCoarseWhenAHistogramBecomesFiner(t *testing.T) {
	track := newTrack(10)
	track.add(reading{counts: cells{{1, 1}}, schema: 1}, second(0), true)
	track.add(reading{counts: cells{{1, 1}, {3, 1}, {4, 2}}, schema: 2}, second(1), true)
	require.Equal(t, 1, track.schema)
	require.Equal(t, []cells{nil, {{2, 3}}}, all(&track.heat))
}
