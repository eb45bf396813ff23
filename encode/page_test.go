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

func label(pairs ...string) string {
	var dst []byte
	for i := 0; i < len(pairs); i += 2 {
		dst = AppendLabel(dst, pairs[i], pairs[i+1])
	}
	return string(dst)
}

const hostile = "} 1\n# EOF\n\"quoted\" back\\slash\ttab\x00nul \u00fc"

// page has every type, with and without labels, hostile text and special numbers.
func page(dst []byte, fm Format) []byte {
	exemplar := &Exemplar{Labels: label("trace_id", "4bf92f35"), Value: 0.042, Timestamp: 1700000000.5}
	bare := &Exemplar{Labels: label("span", "a"), Value: 2}
	const born = 1699999999.25

	family := func(f *Family, series func(f *Family)) {
		start := len(dst)
		dst = f.Begin(dst, fm)
		series(f)
		dst = f.End(dst, start, fm)
	}
	family(NewFamily("http_requests_total", "Requests served.", "", Counter, nil), func(f *Family) {
		dst = f.AppendCounter(dst, fm, label("method", "GET", "code", "200"), &CounterSample{Int: 1234567, Created: born})
		dst = f.AppendCounter(dst, fm, label("path", hostile), &CounterSample{Int: 1<<53 + 1, Exemplar: exemplar})
		dst = f.AppendCounter(dst, fm, "", &CounterSample{Int: math.MaxUint64, Created: born, Exemplar: bare})
		dst = f.AppendCounter(dst, fm, label("empty", ""), &CounterSample{Int: 3, Frac: 0.25})
	})
	family(NewFamily("events", "Without the suffix: "+hostile, "", Counter, nil), func(f *Family) {
		dst = f.AppendCounter(dst, fm, "", &CounterSample{})
	})
	family(NewFamily("temperature_celsius", "", "celsius", Gauge, nil), func(f *Family) {
		for i, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), math.Copysign(0, -1), 5e-324, -21.5} {
			dst = f.AppendGauge(dst, fm, label("n", string(rune('a'+i))), v)
		}
	})
	family(NewFamily("odd", "Of no type.", "", Untyped, nil), func(f *Family) {
		dst = f.AppendGauge(dst, fm, "", 1e300)
	})
	family(NewFamily("request_seconds", "Latency.", "seconds", Histogram, []float64{0.1, 1, 2.5, 1e6}), func(f *Family) {
		dst = f.AppendHistogram(dst, fm, label("route", "/"), &HistogramSample{
			Counts: []uint64{1, 2, 0, 3, 4}, Sum: 17.25, Created: born, Exemplars: []*Exemplar{exemplar, nil, nil, nil, bare}})
		dst = f.AppendHistogram(dst, fm, "", &HistogramSample{Counts: []uint64{0, 0, 0, 0, 0}})
		dst = f.AppendHistogram(dst, fm, label("route", "/both"), &HistogramSample{
			Counts: []uint64{2, 2, 0, 0, 0}, Sum: 3, Native: nativeSample()})
	})
	family(NewFamily("native_bytes", "Native only.", "", Histogram, nil), func(f *Family) {
		n := nativeSample()
		n.Exemplars = []*Exemplar{exemplar}
		dst = f.AppendHistogram(dst, fm, label("k", "v"), &HistogramSample{Native: n, Created: born})
		dst = f.AppendHistogram(dst, fm, "", &HistogramSample{Native: &NativeSample{Schema: 3}})
	})
	family(NewFamily("payload_bytes", "Sizes.", "bytes", Summary, []float64{0.5, 0.99, 1}), func(f *Family) {
		dst = f.AppendSummary(dst, fm, label("dir", "in"), &SummarySample{
			Quantiles: []float64{10, 2048.5, math.NaN()}, Count: 42, Sum: 4096, Created: born})
		dst = f.AppendSummary(dst, fm, "", &SummarySample{})
	})
	family(NewFamily("build", "What runs.", "", Info, nil), func(f *Family) {
		dst = f.AppendGauge(dst, fm, label("version", "1.2.3"), 1)
	})
	family(NewFamily("feature", "Switches.", "", StateSet, nil), func(f *Family) {
		dst = f.AppendGauge(dst, fm, label("feature", "on"), 1)
		dst = f.AppendGauge(dst, fm, label("feature", "off"), 0)
	})
	return AppendTrailer(dst, fm)
}

func nativeSample() *NativeSample {
	return &NativeSample{
		Schema: -2, ZeroThreshold: 1e-6, ZeroCount: 1, Count: 4, Sum: 3,
		Positive: Buckets{Spans: []Span{{Offset: -3, Length: 1}, {Offset: 300, Length: 1}}, Deltas: []int64{2, -1}},
		Negative: Buckets{Spans: []Span{{Offset: 1, Length: 2}}, Deltas: []int64{0, 0}},
	}
}

func TestPagesMatchTheirGoldens(t *testing.T) {
	for fm, file := range map[Format]string{Text: "page.txt", OpenMetrics: "page.om", Protobuf: "page.pb"} {
		t.Run(fm.String(), func(t *testing.T) {
			got := page(nil, fm)
			file := filepath.Join("testdata", file)
			if *update {
				require.NoError(t, os.WriteFile(file, got, 0o644))
			}
			want, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Equal(t, string(want), string(got))
			require.Equal(t, "before"+string(want), string(page([]byte("before"), fm)), "appends, and needs no room")
			require.Equal(t, string(want), string(page(make([]byte, 0, 1<<16), fm)), "with room to spare")
		})
	}
}

func TestContentTypesAreWhatPrometheusAsksFor(t *testing.T) {
	require.Equal(t, "text/plain; version=0.0.4; charset=utf-8", Text.ContentType())
	require.Equal(t, "application/openmetrics-text; version=1.0.0; charset=utf-8", OpenMetrics.ContentType())
	require.Equal(t, "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited",
		Protobuf.ContentType())
}

func TestTypeLinesUseTheWordsOfTheirFormat(t *testing.T) {
	for _, c := range []struct {
		typ                     Type
		word, text, openmetrics string
	}{
		{Counter, "counter", "x counter", "x unknown"}, // the name lacks _total
		{Gauge, "gauge", "x gauge", "x gauge"},
		{Histogram, "histogram", "x histogram", "x histogram"},
		{Summary, "summary", "x summary", "x summary"},
		{Untyped, "untyped", "x untyped", "x unknown"},
		{Info, "info", "x_info gauge", "x info"},
		{StateSet, "stateset", "x gauge", "x stateset"},
	} {
		f := NewFamily("x", "", "", c.typ, nil)
		require.Equal(t, c.word, c.typ.String())
		require.Equal(t, c.typ, f.Type())
		require.Equal(t, "# TYPE "+c.text+"\n", string(f.AppendHeader(nil, Text)))
		require.Equal(t, "# TYPE "+c.openmetrics+"\n", string(f.AppendHeader(nil, OpenMetrics)))
	}
}

func TestACounterHasOneNameInEveryFormat(t *testing.T) {
	const withAll = " 1 # {} 2\n"
	for _, c := range []struct {
		family *Family
		name   string
		om     string
	}{
		{NewFamily("a_total", "", "", Counter, nil), "a_total", "# TYPE a counter\na_total" + withAll + "a_created 1\n"},
		{NewFamily("a_total_total", "", "", Counter, nil), "a_total_total",
			"# TYPE a_total counter\na_total_total" + withAll + "a_total_created 1\n"},
		// OpenMetrics has no counters with other names.
		{NewFamily("a", "", "", Counter, nil), "a", "# TYPE a unknown\na 1\n"},
		{NewFamily("a_bytes", "", "bytes", Counter, nil), "a_bytes", "# TYPE a_bytes unknown\n# UNIT a_bytes bytes\na_bytes 1\n"},
		{NewFamily("_total", "", "", Counter, nil), "_total", "# TYPE _total unknown\n_total 1\n"},
		// And none whose family would have the name of another.
		{NewUnknownCounter("a_total", "", ""), "a_total", "# TYPE a_total unknown\na_total 1\n"},
		{NewUnknownCounter("a_bytes_total", "", "bytes"), "a_bytes_total", "# TYPE a_bytes_total unknown\na_bytes_total 1\n"},
	} {
		s := &CounterSample{Int: 1, Created: 1, Exemplar: &Exemplar{Value: 2}}
		require.Equal(t, Counter, c.family.Type())
		require.Equal(t, "# TYPE "+c.name+" counter\n"+c.name+" 1\n",
			string(c.family.AppendCounter(c.family.Begin(nil, Text), Text, "", s)))
		require.Equal(t, c.om, string(c.family.AppendCounter(c.family.Begin(nil, OpenMetrics), OpenMetrics, "", s)))
		message := c.family.AppendHeader(nil, Protobuf)
		require.Equal(t, append(appendString(nil, tagFamilyName, c.name), tagFamilyType, 0), message[:len(c.name)+4], "COUNTER")
	}
}

func TestUnitLinesAppearOnlyWhereTheNameEndsInTheUnit(t *testing.T) {
	header := func(name, unit string, typ Type) string {
		return string(NewFamily(name, "", unit, typ, nil).AppendHeader(nil, OpenMetrics))
	}
	require.Contains(t, header("a_seconds", "seconds", Gauge), "# UNIT a_seconds seconds\n")
	require.Contains(t, header("a_bytes_total", "bytes", Counter), "# UNIT a_bytes bytes\n")
	require.NotContains(t, header("a", "seconds", Gauge), "UNIT")
	require.NotContains(t, header("aseconds", "seconds", Gauge), "UNIT")
	require.NotContains(t, header("a_seconds_info", "seconds", Info), "UNIT")
	require.NotContains(t, string(NewFamily("a_seconds", "", "seconds", Gauge, nil).AppendHeader(nil, Text)), "UNIT")
}

func TestMissingCountsAreZeroAndExcessOnesAreIgnored(t *testing.T) {
	f := NewFamily("h", "", "", Histogram, []float64{1, math.Inf(1)})
	for _, c := range []struct {
		counts []uint64
		want   string
	}{
		{nil, "h_bucket{le=\"1\"} 0\nh_bucket{le=\"+Inf\"} 0\nh_sum 0\nh_count 0\n"},
		{[]uint64{7}, "h_bucket{le=\"1\"} 7\nh_bucket{le=\"+Inf\"} 7\nh_sum 0\nh_count 7\n"},
		{[]uint64{7, 1, 9}, "h_bucket{le=\"1\"} 7\nh_bucket{le=\"+Inf\"} 8\nh_sum 0\nh_count 8\n"},
	} {
		require.Equal(t, c.want, string(f.AppendHistogram(nil, Text, "", &HistogramSample{Counts: c.counts})))
	}
}

func TestTimesThatNoCalendarKnowsAreLeftOut(t *testing.T) {
	f := NewFamily("c", "", "", Counter, nil)
	for _, at := range []float64{0, -1, math.NaN(), math.Inf(1), 1e300} {
		for fm := Text; fm <= Protobuf; fm++ {
			want := f.AppendCounter(nil, fm, "", &CounterSample{Int: 1, Exemplar: &Exemplar{Value: 1}})
			got := f.AppendCounter(nil, fm, "", &CounterSample{Int: 1, Created: at, Exemplar: &Exemplar{Value: 1, Timestamp: at}})
			require.Equal(t, want, got, "%v %v", fm, at)
		}
	}
}

func TestNULInAnExemplarDoesNotCostThePage(t *testing.T) {
	f := NewFamily("c_total", "", "", Counter, nil)
	s := &CounterSample{Int: 1, Exemplar: &Exemplar{Labels: label("a", "\x00b\x00"), Value: 1}}
	require.Equal(t, "c_total 1 # {a=\"\uFFFDb\uFFFD\"} 1\n", string(f.AppendCounter(nil, OpenMetrics, "", s)))
}

func TestFamilyInPiecesHasOneHeaderInTextAndOneAMessageInProtobuf(t *testing.T) {
	f := NewFamily("g", "help", "", Gauge, nil)
	for fm := Text; fm <= Protobuf; fm++ {
		whole := f.End(f.AppendGauge(f.AppendGauge(f.Begin(nil, fm), fm, label("a", "1"), 1), fm, label("a", "2"), 2), 0, fm)
		dst := f.End(f.AppendGauge(f.Begin(nil, fm), fm, label("a", "1"), 1), 0, fm)
		start := len(dst)
		dst = f.End(f.AppendGauge(f.Continue(dst, fm), fm, label("a", "2"), 2), start, fm)
		if fm != Protobuf {
			require.Equal(t, string(whole), string(dst))
			continue
		}
		one := f.End(f.AppendGauge(f.Begin(nil, fm), fm, label("a", "1"), 1), 0, fm)
		two := f.End(f.AppendGauge(f.Begin(nil, fm), fm, label("a", "2"), 2), 0, fm)
		require.Equal(t, string(one)+string(two), string(dst))
	}
}

func TestProtobufFamilyWithoutSeriesLeavesNothing(t *testing.T) {
	f := NewFamily("g", "help", "", Gauge, nil)
	dst := f.Begin([]byte("x"), Protobuf)
	require.Equal(t, "x", string(f.End(dst, 1, Protobuf)))
}
