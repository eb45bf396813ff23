// SPDX-License-Identifier: Apache-2.0

package metricdoc

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

func TestBucketsOfAPageAreTakenInAnyOrder(t *testing.T) {
	h := parsed(t, `# TYPE h histogram
h_count{a="1"} 6
h_bucket{le="+Inf",a="1"} 6
h_bucket{a="1",le="2"} 5
h_bucket{a="1",le="1.0"} 2
h_bucket{a="1",le="1"} 2
h_bucket{a="1",le="x"} 9
h_bucket{a="1"} 9
h_sum{a="1"} 7.5
`).Find("h")
	require.Equal(t, []string{"a"}, h.Labels)
	require.Equal(t, &engine.HistogramSnapshot{
		Bounds: []float64{1, 2}, Counts: []uint64{2, 3, 1}, Count: 6, Sum: 7.5,
	}, h.Series[0].Histogram)
	require.False(t, h.Native)
}

func TestAHistogramWithoutBucketsIsTakenForANativeOne(t *testing.T) {
	h := parsed(t, "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 3\nh_count 3\nh_sum 2\n").Find("h")
	require.True(t, h.Native)
	require.Nil(t, h.Bounds)
	require.Equal(t, uint64(3), h.Series[0].Histogram.Count)
}

// OpenMetrics has neither a sum nor a count if a bucket is for negative observations.
func TestTheCountOfAHistogramIsThatOfItsLastBucketIfItHasNoOther(t *testing.T) {
	h := parsed(t, "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 3\nh_bucket{le=\"-1\"} 2\n").Find("h")
	require.Equal(t, uint64(3), h.Series[0].Histogram.Count)
	require.Equal(t, []uint64{2, 1}, h.Series[0].Histogram.Counts)
}

func TestCountsThatAreNoneAreBroughtWithinBounds(t *testing.T) {
	for v, want := range map[float64]uint64{
		3: 3, 2.7: 2, -1: 0, math.NaN(): 0, math.Inf(1): 1 << 62, math.Inf(-1): 0, 1e300: 1 << 62,
	} {
		require.Equal(t, want, whole(v), v)
	}
	h := parsed(t, "# TYPE h histogram\nh_bucket{le=\"1\"} 5\nh_bucket{le=\"2\"} 3\n"+
		"h_bucket{le=\"+Inf\"} 4\nh_count 4\n").Find("h")
	require.Equal(t, []uint64{5, 0, 0}, h.Series[0].Histogram.Counts, "buckets that go down")
}

func TestParseSaysWhereAPageIsWrong(t *testing.T) {
	_, err := Parse("ok 1\nbad\n")
	require.EqualError(t, err, `quipu: metricdoc: the page cannot be read: line 2: neither a comment nor a sample, `+
		`which has a name and a value: "bad"`)
}

// Nothing that a page says makes any function panic, and the reference names every family.
func FuzzParse(f *testing.F) {
	f.Add("# TYPE h histogram\nh_bucket{le=\"1\"} 5\nh_bucket{le=\"+Inf\"} NaN\nh_count -4\nh_sum 1\n")
	f.Add("# TYPE s summary\ns{quantile=\"0.5\",a=\"b\"} 5\ns_count{a=\"b\"} 1e300\n")
	f.Add("# TYPE \"a`b\" counter\n{\"a`b\",\"_ \"=\"1\"} 3\n# HELP \"a`b\" _[x](y) <b>\n# EOF\n")
	f.Add("quipu_dropped_updates_total{reason=\"x\"} 1e999\n_ 1\n__ 2\n: 3\n")
	f.Fuzz(func(t *testing.T, page string) {
		m, err := Parse(page)
		if err != nil {
			return
		}
		reference := m.Markdown()
		for i := range m.Families {
			require.Contains(t, reference, inBackquotes(m.Families[i].Name))
		}
		require.True(t, json.Valid(m.Dashboard("x")))
		_, _, err = m.Rules()
		require.NoError(t, err)
		for _, c := range Changes(m, m, time.Second) {
			require.False(t, c.Rate < 0, c.Family.Name)
		}
		for _, p := range m.Lint() {
			require.NotNil(t, m.Find(p.Metric))
		}
	})
}
