// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

func TestGaugesKeepTheirRuleForEveryKindOfValue(t *testing.T) {
	r, log := logged()
	g, err := r.NewGauge("g", "")
	require.NoError(t, err)
	values := []float64{0, minusZero, 1, -1, 0.1, denormal, -denormal, 1 << 53, 1<<53 - 1, -1 << 63, math.MaxFloat64,
		-math.MaxFloat64, inf, -inf, math.SmallestNonzeroFloat64, math.Pi, 1e308, 5e-310}
	for _, v := range values {
		g.Set(v)
		require.Equal(t, math.Float64bits(v), math.Float64bits(g.Value()), "Set(%v) reads back bit for bit", v)
		page, err := parseText(expose(t, r, engine.Exposition{NoSelf: true}))
		require.NoError(t, err)
		require.Equal(t, math.Float64bits(v), math.Float64bits(page.float(t, "g")), "%v on the page", v)
	}
	for _, v := range []float64{nan, math.Float64frombits(0x7FF8<<48 | 1), math.Float64frombits(0xFFF8 << 48),
		math.Float64frombits(^uint64(0)), math.Float64frombits(0x7FF0<<48 | 1)} {
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
