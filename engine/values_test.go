// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

var (
	nan, inf  = math.NaN(), math.Inf(1)
	minusZero = math.Copysign(0, -1)
)

const denormal = 5e-324

// logged is a registry whose misuse is written to a buffer, one line each.
func logged() (*engine.Registry, *bytes.Buffer) {
	var b bytes.Buffer
	handler := slog.NewTextHandler(&b, nil)
	return engine.NewRegistry(engine.WithLogger(slog.New(handler))), &b
}

func dropped(t *testing.T, r *engine.Registry, reason string) float64 {
	t.Helper()
	return scrape(t, r).float(t, fmt.Sprintf("quipu_dropped_updates_total{reason=%q}", reason))
}

func TestCountersKeepTheirRuleForEveryKindOfValue(t *testing.T) {
	half := make([]float64, 1001)
	for i := range half {
		half[i] = 0.5
	}
	for _, test := range []struct {
		name     string
		adds     []float64
		value    float64
		text     string
		negative float64
		nans     float64
	}{
		{"nothing", nil, 0, "0", 0, 0},
		{"zeros", []float64{0, minusZero}, 0, "0", 0, 0},
		{"whole numbers", []float64{1, 2, 1e6}, 1000003, "1000003", 0, 0},
		{"fractions", []float64{0.25, 1, 0.5}, 1.75, "1.75", 0, 0},
		{"many halves", half, 500.5, "500.5", 0, 0},
		{"many halves and a half", append(half, 0.5), 501, "501", 0, 0},
		{"denormals", []float64{denormal, denormal}, 2 * denormal, "1e-323", 0, 0},
		{"NaN", []float64{1, nan, 2}, 3, "3", 0, 1},
		{"negative", []float64{5, -1, -0.5, -denormal, -math.MaxFloat64, -inf}, 5, "5", 5, 0},
		{"negative powers of two", []float64{-1 << 53, -1 << 62, -1 << 63, -1 << 64}, 0, "0", 4, 0},
		{"+Inf", []float64{1, inf, 1}, inf, "+Inf", 0, 0},
		{"overflow", []float64{math.MaxFloat64, math.MaxFloat64}, inf, "+Inf", 0, 0},
		{"past 2^53", []float64{1 << 53, 1, 1, 1}, 1<<53 + 4, "9007199254740995", 0, 0},
		{"past 2^53 with halves", []float64{1 << 53, 1, 0.5, 0.5, 1}, 1<<53 + 4, "9007199254740995", 0, 0},
		{"past 2^62", []float64{1 << 61, 1 << 61, 1}, 1 << 62, "4611686018427387905", 0, 0},
		{"one large addition", []float64{1 << 62, 1}, 1 << 62, "4611686018427387905", 0, 0},
		{"up to 2^63", []float64{1 << 61, 1 << 61, 1 << 61, 1<<61 - 1024, 1023}, 1 << 63, "9223372036854775807", 0, 0},
		{"beyond 2^64", []float64{1 << 70}, 1 << 70, "1.1805916207174113e+21", 0, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, log := logged()
			c, err := r.NewCounter("c_total", "")
			require.NoError(t, err)
			for _, v := range test.adds {
				c.Add(v)
			}
			require.Equal(t, test.value, c.Value())
			require.Equal(t, test.text, valuesOf(t, r)["c_total"])
			require.Equal(t, test.negative, dropped(t, r, "negative"))
			require.Equal(t, test.nans, dropped(t, r, "nan"))
			lines := strings.Count(log.String(), "\n")
			require.Equal(t, int(min(test.negative, 1)+min(test.nans, 1)), lines, log)
		})
	}
}

func TestACounterPast2To63WrapsToASmallNumber(t *testing.T) {
	r := engine.NewRegistry()
	c, err := r.NewCounter("c_total", "")
	require.NoError(t, err)
	for range 4 {
		c.Add(1 << 61)
	}
	c.Add(5)
	require.EqualValues(t, 5, c.Value())
}

// A float64 has room for every second integer past 2^53 only, so a total made of two parts can round down as it grows.
func TestCountersOnAPageNeverGoDownWhileFractionsAddUp(t *testing.T) {
	for start := range 16 {
		for _, step := range []float64{0.5, 0.25, 0.75, 1.5} {
			r := engine.NewRegistry()
			c, err := r.NewCounter("c_total", "")
			require.NoError(t, err)
			c.Add(1 << 53)
			c.Add(float64(start))
			last, lastValue := 0.0, 0.0
			for range 40 {
				c.Add(step)
				page, err := parseText(expose(t, r, engine.Exposition{NoSelf: true}))
				require.NoError(t, err)
				v := page.float(t, "c_total")
				require.GreaterOrEqual(t, v, last)
				require.GreaterOrEqual(t, c.Value(), lastValue)
				last, lastValue = v, c.Value()
			}
		}
	}
}

func TestGaugesKeepTheirRuleForEveryKindOfValue(t *testing.T) {
	r, log := logged()
	g, err := r.NewGauge("g", "")
	require.NoError(t, err)
	values := []float64{0, minusZero, 1, -1, 0.1, denormal, -denormal, 1 << 53, 1<<53 - 1, -1 << 63, math.MaxFloat64, -math.MaxFloat64,
		inf, -inf, math.SmallestNonzeroFloat64, math.Pi, 1e308, 5e-310}
	for _, v := range values {
		g.Set(v)
		require.Equal(t, math.Float64bits(v), math.Float64bits(g.Value()), "Set(%v) reads back bit for bit", v)
		page, err := parseText(expose(t, r, engine.Exposition{NoSelf: true}))
		require.NoError(t, err)
		require.Equal(t, math.Float64bits(v), math.Float64bits(page.float(t, "g")), "%v on the page", v)
	}
	for _, v := range []float64{nan, math.Float64frombits(0x7FF8<<48 | 1), math.Float64frombits(0xFFF8 << 48), math.Float64frombits(^uint64(0)),
		math.Float64frombits(0x7FF0<<48 | 1)} {
		g.Set(v)
		require.True(t, math.IsNaN(g.Value()))
		g.Inc()
		require.True(t, math.IsNaN(g.Value()), "a NaN stays one until the next Set")
		require.Equal(t, "NaN", valuesOf(t, r)["g"])
	}
	require.Empty(t, log, "all of this is allowed")

	g.Set(5)
	g.Add(nan)
	g.Sub(nan)
	require.EqualValues(t, 5, g.Value())
	require.EqualValues(t, 2, dropped(t, r, "nan"))
	require.Equal(t, 2, strings.Count(log.String(), "\n"), "two places")

	for _, test := range []struct {
		name string
		do   func()
		want float64
	}{
		{"up and down", func() { g.Inc(); g.Inc(); g.Dec(); g.Add(0.5); g.Sub(2) }, -0.5},
		{"negative", func() { g.Dec(); g.Sub(denormal) }, -1},
		{"exact past 2^53", func() { g.Set(1 << 53); g.Sub(1); g.Sub(1) }, 1<<53 - 2},
		{"infinite", func() { g.Add(inf); g.Dec() }, inf},
		{"both infinities", func() { g.Add(inf); g.Sub(inf) }, nan},
		{"overflow", func() { g.Set(math.MaxFloat64); g.Add(math.MaxFloat64) }, inf},
		{"denormals", func() { g.Add(denormal); g.Add(denormal) }, 2 * denormal},
	} {
		g.Set(0)
		test.do()
		require.Equal(t, fmt.Sprint(test.want), fmt.Sprint(g.Value()), test.name)
	}
}

func TestHistogramsKeepTheirRuleForEveryKindOfValue(t *testing.T) {
	for _, test := range []struct {
		name   string
		values []float64
		counts []uint64 // up to 0, 1, +Inf
		sum    string
	}{
		{"nothing", nil, []uint64{0, 0, 0}, "0"},
		{"on the bounds", []float64{0, 1}, []uint64{1, 1, 0}, "1"},
		{"minus zero and denormals", []float64{minusZero, denormal, -denormal}, []uint64{2, 1, 0}, "0"},
		{"negative", []float64{-1, -1e300}, []uint64{2, 0, 0}, "-1e+300"},
		{"NaN counts and is not summed", []float64{nan, 2, nan}, []uint64{0, 0, 3}, "2"},
		{"+Inf", []float64{inf, 2}, []uint64{0, 0, 2}, "+Inf"},
		{"-Inf", []float64{-inf, 2}, []uint64{1, 0, 1}, "-Inf"},
		{"both infinities", []float64{-inf, inf}, []uint64{1, 0, 1}, "NaN"},
		{"overflow", []float64{math.MaxFloat64, math.MaxFloat64}, []uint64{0, 0, 2}, "+Inf"},
		{"past 2^53", []float64{1 << 53, 2}, []uint64{0, 0, 2}, "9.007199254740994e+15"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, log := logged()
			h, err := r.NewHistogram("h", "", engine.WithBuckets(0, 1))
			require.NoError(t, err)
			for _, v := range test.values {
				h.Observe(v)
			}
			s := h.Snapshot()
			require.Equal(t, []float64{0, 1}, s.Bounds)
			require.Equal(t, test.counts, s.Counts)
			require.EqualValues(t, len(test.values), s.Count)
			n := len(test.values)
			c := test.counts
			require.Equal(t, map[string]string{
				`h_bucket{le="0"}`: fmt.Sprint(c[0]), `h_bucket{le="1"}`: fmt.Sprint(c[0] + c[1]), `h_bucket{le="+Inf"}`: fmt.Sprint(n),
				"h_sum": test.sum, "h_count": fmt.Sprint(n),
			}, valuesOf(t, r))
			require.Empty(t, log, "an observation is never misuse")
		})
	}
	r := engine.NewRegistry()
	h, err := r.NewHistogram("h", "")
	require.NoError(t, err)
	require.Equal(t, []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}, h.Snapshot().Bounds)
	require.True(t, math.IsNaN(h.Quantile(0.5)), "empty")
	h.Observe(0.3)
	require.InDelta(t, 0.375, h.Quantile(0.5), 1e-9)
	require.Equal(t, -inf, h.Quantile(-0.1))
	require.Equal(t, inf, h.Quantile(1.1))
	require.True(t, math.IsNaN(h.Quantile(nan)))
}

func TestSummariesKeepTheirRuleForEveryKindOfValue(t *testing.T) {
	for _, test := range []struct {
		name   string
		values []float64
		sum    string
		low    string // the quantiles 0.25 and 0.75
		high   string
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
				`s{quantile="0.25"}`: test.low, `s{quantile="0.75"}`: test.high, "s_sum": test.sum, "s_count": fmt.Sprint(len(test.values)),
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
