// SPDX-License-Identifier: Apache-2.0

package encode

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// utf8Page appends a page whose names need quotes or escaping. family makes a family, and label its
// label text.
func utf8Page(dst []byte, format Format, family func(name, help, unit string, typ Type, bounds []float64) *Family,
	label func(pairs ...string) string) []byte {
	exemplar := &Exemplar{Labels: label("trace.id", "4bf9\x002f35", "span", "1"), Value: 0.042, Timestamp: 1700000000.5}
	native := nativeSample()
	native.Exemplars = []*Exemplar{exemplar}
	add := func(f *Family, series func(f *Family)) {
		start := len(dst)
		dst = f.Begin(dst, format)
		series(f)
		dst = f.End(dst, start, format)
	}
	add(family("http.server.requests_total", "Requests \"served\".", "", Counter, nil), func(f *Family) {
		dst = f.AppendCounter(dst, format, label("http.method", "GET", "code", "200"),
			&CounterSample{Int: 7, Created: 1699999999.25, Exemplar: exemplar})
		dst = f.AppendCounter(dst, format, "", &CounterSample{Int: 8})
		dst = f.AppendCounter(dst, format, label("a", "1"), &CounterSample{Int: 9, Exemplar: &Exemplar{Value: 1}})
	})
	add(family("http.server.events", "", "", Counter, nil), func(f *Family) {
		dst = f.AppendCounter(dst, format, label("\u00fc", hostile), &CounterSample{Int: 1, Created: 2})
	})
	add(family("temp.in_\u00b0C", "", "\u00b0C", Gauge, nil), func(f *Family) {
		dst = f.AppendGauge(dst, format, "", -1.5)
		dst = f.AppendGauge(dst, format, label("\"=\",\n", "x"), 2)
	})
	add(family("http.server.duration_seconds", "Latency.", "seconds", Histogram, []float64{0.1, 1}), func(f *Family) {
		dst = f.AppendHistogram(dst, format, label("http.route", "/"), &HistogramSample{
			Counts: []uint64{1, 2, 3}, Sum: 17.25, Created: 5, Exemplars: []*Exemplar{exemplar, nil, exemplar}})
		dst = f.AppendHistogram(dst, format, "", &HistogramSample{Counts: []uint64{0, 0, 0}})
		dst = f.AppendHistogram(dst, format, label("http.route", "/native"), &HistogramSample{Native: native})
	})
	add(family("payload size", "", "", Summary, []float64{0.5}), func(f *Family) {
		dst = f.AppendSummary(dst, format, label("dir.ection", "in"),
			&SummarySample{Quantiles: []float64{3}, Count: 42, Sum: 4096, Created: 6})
		dst = f.AppendSummary(dst, format, "", &SummarySample{Quantiles: []float64{4}})
	})
	add(family("build.of", "", "", Info, nil), func(f *Family) {
		dst = f.AppendGauge(dst, format, label("go.version", "1.26"), 1)
	})
	add(family("plain_total", "Its labels need quotes, its name does not.", "", Counter, nil), func(f *Family) {
		dst = f.AppendCounter(dst, format, label("a", "1", "b.c", "2"), &CounterSample{Int: 1})
	})
	return AppendTrailer(dst, format)
}

func TestNamesThatNeedItStandBetweenQuotes(t *testing.T) {
	for format, file := range map[Format]string{Text: "utf8.txt", OpenMetrics: "utf8.om", Protobuf: "utf8.pb"} {
		t.Run(format.String(), func(t *testing.T) {
			got := utf8Page(nil, format, NewFamily, label)
			file := filepath.Join("testdata", file)
			if *update {
				require.NoError(t, os.WriteFile(file, got, 0o644))
			}
			want, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Equal(t, string(want), string(got))
		})
	}
}

// A page with escaped names is the page of families and labels whose names were so from the start.
func TestEscapedPagesAreThoseOfEscapedNames(t *testing.T) {
	for e := range NoEscaping {
		for format := Text; format <= Protobuf; format++ {
			want := utf8Page(nil, format,
				func(name, help, unit string, typ Type, bounds []float64) *Family {
					return NewFamily(e.MetricName(name), help, unit, typ, bounds)
				},
				func(pairs ...string) string {
					for i := 0; i < len(pairs); i += 2 {
						pairs[i] = e.LabelName(pairs[i])
					}
					return label(pairs...)
				})
			escaped := func(name, help, unit string, typ Type, bounds []float64) *Family {
				f := NewFamily(name, help, unit, typ, bounds).Escaped(e)
				require.Equal(t, e.MetricName(name), f.Name())
				require.Same(t, f, f.Escaped(DotsEscaping), "it is escaped already")
				return f
			}
			require.Equal(t, string(want), string(utf8Page(nil, format, escaped, label)), "%v %v", e, format)
			require.Equal(t, string(want), string(utf8Page(make([]byte, 0, 1<<16), format, escaped, label)),
				"with room to spare")
		}
	}
	f := NewFamily("a.b", "", "", Gauge, nil)
	require.Same(t, f, f.Escaped(NoEscaping))
}

func TestAnUnknownCounterStaysUnknownWhenItIsEscaped(t *testing.T) {
	f := NewUnknownCounter("a.b_total", "", "").Escaped(UnderscoresEscaping)
	dst := f.AppendCounter(f.Begin(nil, OpenMetrics), OpenMetrics, "", &CounterSample{Int: 1, Created: 2})
	require.Equal(t, "# TYPE a_b_total unknown\na_b_total 1\n", string(dst))
}

func TestSamplesAreAllNamesThatSeriesHaveInAnyFormat(t *testing.T) {
	for _, c := range []struct {
		family *Family
		want   []string
	}{
		{NewFamily("a.b_total", "", "", Counter, nil), []string{"a.b_total", "a.b_created"}},
		{NewFamily("a", "", "", Counter, nil), []string{"a"}},
		{NewFamily("a.b", "", "", Gauge, nil), []string{"a.b"}},
		{NewFamily("a", "", "", Histogram, nil), []string{"a", "a_bucket", "a_sum", "a_count", "a_created"}},
		{NewFamily("a.b", "", "", Summary, nil).Escaped(DotsEscaping),
			[]string{"a_dot_b", "a_dot_b_sum", "a_dot_b_count", "a_dot_b_created"}},
		{NewFamily("a_info", "", "", Info, nil), []string{"a_info", "a_info", "a"}},
		{NewFamily("a.b", "", "", Info, nil), []string{"a.b", "a.b_info", "a.b"}},
		{NewFamily("a", "", "", StateSet, nil), []string{"a"}},
	} {
		require.Equal(t, c.want, c.family.Samples())
	}
}

func TestEscapedFamiliesAreMadeOnceAlsoConcurrently(t *testing.T) {
	for range 100 {
		f := NewFamily("a.b", "", "", Gauge, nil)
		var group sync.WaitGroup
		for e := range NoEscaping {
			group.Go(func() {
				for range 3 {
					require.Equal(t, e.MetricName("a.b"), f.Escaped(e).Name())
				}
			})
		}
		group.Wait()
		for e := range NoEscaping {
			require.Same(t, f.Escaped(e), f.Escaped(e))
		}
	}
}

func TestAUnitThatIsEscapedInANameIsNotShown(t *testing.T) {
	header := func(unit string) string {
		return string(NewFamily("a_"+unit, "", unit, Gauge, nil).Begin(nil, OpenMetrics))
	}
	require.Contains(t, header("By/s"), "# UNIT \"a_By/s\" By/s\n")
	for _, unit := range []string{`a"b`, `a\b`, "a\nb"} {
		require.NotContains(t, header(unit), "UNIT")
	}
}
