// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

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

// Beyond 2^53 a float64 can hold only every second integer, so a total that is the sum of two parts
// could round down as it grows.
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
