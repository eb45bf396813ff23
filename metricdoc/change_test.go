// SPDX-License-Identifier: Apache-2.0

package metricdoc

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const earlierPage = `# TYPE c counter
c 10
c{a="1"} 10
# TYPE g gauge
g 1
# TYPE h histogram
h_bucket{le="1"} 10
h_bucket{le="2"} 10
h_bucket{le="+Inf"} 10
h_sum 5
h_count 10
# TYPE s summary
s{quantile="0.5"} 1
s_sum 5
s_count 10
`

const laterPage = `# TYPE c counter
c 30
c{a="1"} 4
c{a="2"} 4
# TYPE g gauge
g 7
# TYPE h histogram
h_bucket{le="1"} 10
h_bucket{le="2"} 30
h_bucket{le="+Inf"} 30
h_sum 35
h_count 30
# TYPE s summary
s{quantile="0.5"} 3
s{quantile="0.9"} 4
s{quantile="0.99"} 5
s_sum 35
s_count 20
`

func TestChangesAreThoseBetweenTwoMoments(t *testing.T) {
	nan := math.NaN()
	want := map[string][]float64{ // rate, value, p50, p90, p99
		"c{}":         {2, 30, nan, nan, nan},
		`c{a="1"}`:    {0.4, 4, nan, nan, nan}, // it began again
		`c{a="2"}`:    {nan, 4, nan, nan, nan}, // it is new
		"g{}":         {nan, 7, nan, nan, nan},
		"h{}":         {2, 1.5, 1.5, 1.9, 1.99},
		"s{}":         {1, 3, 3, 4, 5},
		"restart h{}": {1, 0.5, 0.5, 0.9, 0.99},
		"restart s{}": {1, 0.5, 1, nan, nan},
	}
	got := map[string][]float64{}
	add := func(prefix string, list []Change) {
		for _, c := range list {
			got[prefix+c.Family.Name+c.Series.text()] = []float64{c.Rate, c.Value, c.P50, c.P90, c.P99}
		}
	}
	earlier, later := parsed(t, earlierPage), parsed(t, laterPage)
	add("", Changes(earlier, later, 10*time.Second))
	add("restart ", Changes(later, earlier, 10*time.Second))
	for name, values := range want {
		for i := range values {
			want, have := values[i], got[name][i]
			same := math.Abs(want-have) < 1e-9 || math.IsNaN(want) && math.IsNaN(have)
			require.True(t, same, "%s: %v", name, got[name])
		}
	}
}

func TestASeriesOfAnotherTypeIsANewOne(t *testing.T) {
	gauges := parsed(t, "h 1\ns 1\n")
	for _, c := range Changes(gauges, parsed(t, laterPage).Without("c"), time.Second) {
		require.True(t, math.IsNaN(c.Rate), c.Family.Name)
	}
}

func TestWithoutAnEarlierMomentOnlyValuesAreKnown(t *testing.T) {
	for _, list := range [][]Change{
		Changes(nil, parsed(t, laterPage), time.Second),
		Changes(parsed(t, earlierPage), parsed(t, laterPage), 0),
	} {
		require.Len(t, list, 6)
		for _, c := range list {
			require.True(t, math.IsNaN(c.Rate))
			require.Equal(t, kindOf(c.Family.Type).part == "", !math.IsNaN(c.Value), c.Family.Name)
		}
	}
}
