// SPDX-License-Identifier: Apache-2.0

package encode_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
)

func TestStampGivesEveryLineOfASeriesATimestamp(t *testing.T) {
	labels := string(encode.AppendLabel(nil, "a", "} 1 \" \\ { # {"))
	gauge := encode.NewFamily("g", "", "", encode.Gauge, nil)
	histogram := encode.NewFamily("h", "", "", encode.Histogram, []float64{1})
	counter := encode.NewFamily("c_total", "", "", encode.Counter, nil)
	page := func(format encode.Format) string {
		dst := []byte("before 1\n")
		from := len(dst)
		dst = gauge.Stamp(gauge.AppendGauge(dst, format, labels, 2), from, format, 1700000000123)
		from = len(dst)
		dst = gauge.Stamp(gauge.AppendGauge(dst, format, "", 2), from, format, -1500)
		from = len(dst)
		dst = histogram.AppendHistogram(dst, format, labels, &encode.HistogramSample{Counts: []uint64{1, 2}})
		dst = histogram.Stamp(dst, from, format, 5)
		from = len(dst)
		dst = counter.AppendCounter(dst, format, "", &encode.CounterSample{
			Int: 1, Created: 2, Exemplar: &encode.Exemplar{Labels: `t="1"`, Value: 3, Timestamp: 4},
		})
		return string(counter.Stamp(dst, from, format, 6000))
	}
	require.Equal(t, `before 1
g{a="} 1 \" \\ { # {"} 2 1700000000123
g 2 -1500
h_bucket{a="} 1 \" \\ { # {",le="1"} 1 5
h_bucket{a="} 1 \" \\ { # {",le="+Inf"} 3 5
h_sum{a="} 1 \" \\ { # {"} 0 5
h_count{a="} 1 \" \\ { # {"} 3 5
c_total 1 6000
`, page(encode.Text))
	require.Equal(t, `before 1
g{a="} 1 \" \\ { # {"} 2 1700000000.123
g 2 -1.5
h_bucket{a="} 1 \" \\ { # {",le="1.0"} 1 0.005
h_bucket{a="} 1 \" \\ { # {",le="+Inf"} 3 0.005
h_sum{a="} 1 \" \\ { # {"} 0 0.005
h_count{a="} 1 \" \\ { # {"} 3 0.005
c_total 1 6 # {t="1"} 3 4
c_created 2 6
`, page(encode.OpenMetrics))
}
