// SPDX-License-Identifier: Apache-2.0

package encode

import (
	"flag"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// page appends a page with every type, with and without labels, with hostile text and special
// numbers.
func page(dst []byte, format Format) []byte {
	exemplar := &Exemplar{Labels: label("trace_id", "4bf92f35"), Value: 0.042, Timestamp: 1700000000.5}
	bare := &Exemplar{Labels: label("span", "a"), Value: 2}
	const born = 1699999999.25

	family := func(f *Family, series func(f *Family)) {
		start := len(dst)
		dst = f.Begin(dst, format)
		series(f)
		dst = f.End(dst, start, format)
	}
	family(NewFamily("http_requests_total", "Requests served.", "", Counter, nil), func(f *Family) {
		dst = f.AppendCounter(dst, format, label("method", "GET", "code", "200"),
			&CounterSample{Int: 1234567, Created: born})
		dst = f.AppendCounter(dst, format, label("path", hostile), &CounterSample{Int: 1<<53 + 1, Exemplar: exemplar})
		dst = f.AppendCounter(dst, format, "", &CounterSample{Int: math.MaxUint64, Created: born, Exemplar: bare})
		dst = f.AppendCounter(dst, format, label("empty", ""), &CounterSample{Int: 3, Frac: 0.25})
	})
	family(NewFamily("events", "Without the suffix: "+hostile, "", Counter, nil), func(f *Family) {
		dst = f.AppendCounter(dst, format, "", &CounterSample{})
	})
	family(NewFamily("temperature_celsius", "", "celsius", Gauge, nil), func(f *Family) {
		for i, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), math.Copysign(0, -1), 5e-324, -21.5} {
			dst = f.AppendGauge(dst, format, label("n", string(rune('a'+i))), v)
		}
	})
	family(NewFamily("odd", "Of no type.", "", Untyped, nil), func(f *Family) {
		dst = f.AppendGauge(dst, format, "", 1e300)
	})
	seconds := NewFamily("request_seconds", "Latency.", "seconds", Histogram, []float64{0.1, 1, 2.5, 1e6})
	family(seconds, func(f *Family) {
		dst = f.AppendHistogram(dst, format, label("route", "/"), &HistogramSample{
			Counts: []uint64{1, 2, 0, 3, 4}, Sum: 17.25, Created: born,
			Exemplars: []*Exemplar{exemplar, nil, nil, nil, bare}})
		dst = f.AppendHistogram(dst, format, "", &HistogramSample{Counts: []uint64{0, 0, 0, 0, 0}})
		dst = f.AppendHistogram(dst, format, label("route", "/both"), &HistogramSample{
			Counts: []uint64{2, 2, 0, 0, 0}, Sum: 3, Native: nativeSample()})
	})
	family(NewFamily("native_bytes", "Native only.", "", Histogram, nil), func(f *Family) {
		n := nativeSample()
		n.Exemplars = []*Exemplar{exemplar}
		dst = f.AppendHistogram(dst, format, label("k", "v"), &HistogramSample{Native: n, Created: born})
		dst = f.AppendHistogram(dst, format, "", &HistogramSample{Native: &NativeSample{Schema: 3}})
	})
	family(NewFamily("payload_bytes", "Sizes.", "bytes", Summary, []float64{0.5, 0.99, 1}), func(f *Family) {
		dst = f.AppendSummary(dst, format, label("dir", "in"), &SummarySample{
			Quantiles: []float64{10, 2048.5, math.NaN()}, Count: 42, Sum: 4096, Created: born})
		dst = f.AppendSummary(dst, format, "", &SummarySample{})
	})
	family(NewFamily("build", "What runs.", "", Info, nil), func(f *Family) {
		dst = f.AppendGauge(dst, format, label("version", "1.2.3"), 1)
	})
	family(NewFamily("feature", "Switches.", "", StateSet, nil), func(f *Family) {
		dst = f.AppendGauge(dst, format, label("feature", "on"), 1)
		dst = f.AppendGauge(dst, format, label("feature", "off"), 0)
	})
	return AppendTrailer(dst, format)
}

func TestPagesMatchTheirGoldens(t *testing.T) {
	for format, file := range map[Format]string{Text: "page.txt", OpenMetrics: "page.om", Protobuf: "page.pb"} {
		t.Run(format.String(), func(t *testing.T) {
			got := page(nil, format)
			file := filepath.Join("testdata", file)
			if *update {
				require.NoError(t, os.WriteFile(file, got, 0o644))
			}
			want, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Equal(t, string(want), string(got))
			require.Equal(t, "before"+string(want), string(page([]byte("before"), format)),
				"appends, and needs no room")
			require.Equal(t, string(want), string(page(make([]byte, 0, 1<<16), format)), "with room to spare")
		})
	}
}
