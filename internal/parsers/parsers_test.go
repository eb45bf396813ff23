// SPDX-License-Identifier: Apache-2.0

package parsers

import (
	"os"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
)

var formats = []encode.Format{encode.Text, encode.OpenMetrics, encode.Protobuf}

// check encodes the families and wants every sample back.
func check(t *testing.T, families []family, format encode.Format, piece int) {
	page := encodePage(families, format, piece)
	samples, err := Parse(page, format.ContentType())
	require.NoError(t, err, "%s", page)
	got := map[string]Sample{}
	for _, s := range samples {
		got[s.Key()] = s
	}
	n := 0
	for i := range families {
		for _, want := range families[i].expect(format) {
			one, ok := got[want.Key()]
			require.True(t, ok, "no sample %s on\n%s", want.Key(), page)
			requireSame(t, want, one)
			n++
		}
	}
	require.Equal(t, n, len(samples), "samples that nobody put in")
	if format == encode.Protobuf {
		checkNativeExemplars(t, families, page)
	}
}

// checkNativeExemplars looks at the messages themselves: Prometheus' parser returns the exemplars of a native histogram
// only for the first series of a message.
func checkNativeExemplars(t testing.TB, families []family, page []byte) {
	messages, err := Messages(page)
	require.NoError(t, err)
	var got [][]*dto.Exemplar
	for _, m := range messages {
		if m.GetType() == dto.MetricType_HISTOGRAM {
			for _, metric := range m.Metric {
				got = append(got, metric.Histogram.Exemplars)
			}
		}
	}
	at := 0
	for i := range families {
		if families[i].typ != encode.Histogram {
			continue
		}
		for _, s := range families[i].series {
			var list []*encode.Exemplar
			if s.histogram.Native != nil {
				list = s.histogram.Native.Exemplars
			}
			want := exemplars(false, list...)
			require.Len(t, got[at], len(want))
			for k, e := range want {
				require.True(t, sameFloat(e.Value, got[at][k].GetValue()))
				require.Equal(t, e.Timestamp, got[at][k].GetTimestamp().AsTime().UnixMilli())
				labels := map[string]string{}
				for _, l := range got[at][k].Label {
					labels[l.GetName()] = l.GetValue()
				}
				require.Equal(t, e.Labels, labels)
			}
			at++
		}
	}
	require.Equal(t, at, len(got))
}

func TestParsersReadBackWhatWasEncoded(t *testing.T) {
	for _, format := range formats {
		t.Run(format.String(), func(t *testing.T) {
			for seed := range uint64(300) {
				check(t, newGenerator(seed).families(8), format, 0)
			}
		})
	}
}

func TestFamiliesInPiecesReadBackWhole(t *testing.T) {
	for _, format := range formats {
		for seed := range uint64(100) {
			for piece := 1; piece < 4; piece++ {
				check(t, newGenerator(seed).families(4), format, piece)
			}
		}
	}
}

func TestLargeMessagesReadBack(t *testing.T) {
	// Lengths of one to four bytes, against three of room.
	for _, n := range []int{1, 2, 100, 3000, 60_000} {
		f := family{name: "large", typ: encode.Counter}
		g := newGenerator(uint64(n))
		for j := range n {
			f.series = append(f.series, g.one(&f, j))
		}
		check(t, []family{f}, encode.Protobuf, 0)
		check(t, []family{f}, encode.Protobuf, 500)
	}
}

func TestGoldensOfEncodeAreAccepted(t *testing.T) {
	for format, file := range map[encode.Format]string{encode.Text: "page.txt", encode.OpenMetrics: "page.om", encode.Protobuf: "page.pb"} {
		page, err := os.ReadFile("../../encode/testdata/" + file)
		require.NoError(t, err)
		samples, err := Parse(page, format.ContentType())
		require.NoError(t, err, file)
		require.Greater(t, len(samples), 30, file)
	}
}

func TestParseRefusesWhatIsWrong(t *testing.T) {
	om, text := encode.OpenMetrics.ContentType(), encode.Text.ContentType()
	for _, c := range []struct{ name, page, contentType, want string }{
		{"a series twice", "a{x=\"1\",y=\"2\"} 1\na{y=\"2\",x=\"1\"} 2\n", text, "duplicate series a"},
		{"a type twice", "# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\n# TYPE a gauge\na{x=\"1\"} 1\n", text, "begins twice"},
		{"a label twice", "a{x=\"1\",x=\"2\"} 1\n", text, "label name twice"},
		{"a sample of another family", "# TYPE a gauge\nb 1\n", text, "in the family"},
		{"no end", "a 1\n", om, "EOF"},
		{"a unit that does not fit", "# TYPE a gauge\n# UNIT a seconds\na 1\n# EOF\n", om, "unit"},
		{"a raw newline", "a{x=\"1\n2\"} 1\n# EOF\n", om, "textparse"},
		{"a comment", "# note\na 1\n", text, "comment"},
		{"no content type", "a 1\n", "", "Content-Type"},
		{"a cut message", "\x20abc", encode.Protobuf.ContentType(), "textparse"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse([]byte(c.page), c.contentType)
			require.ErrorContains(t, err, c.want)
		})
	}
}

func FuzzPages(f *testing.F) {
	for seed, s := range []string{"", "\n", `\`, `"`, "} 1\n# EOF\n", "\xff", "\x00", "\t x", "{le=\"1\"}", "# TYPE x counter"} {
		f.Add(uint64(seed), s, `\"`)
	}
	f.Fuzz(func(t *testing.T, seed uint64, a, b string) {
		families := newGenerator(seed, a, b).families(3)
		for _, format := range formats {
			check(t, families, format, int(seed%3))
		}
	})
}

func FuzzLabelValue(f *testing.F) {
	for _, s := range []string{"", "v", "\n", `\`, `\n`, `"`, `\"`, "} 1\n# EOF\n", "\xff\xfe", "\x00", "\r\n", "\u2029"} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, value, help string) {
		one := family{name: "x_total", help: strings.ToValidUTF8(help, "\ufffd"), typ: encode.Counter}
		one.series = []series{{
			names:   []string{"a", "b"},
			labels:  map[string]string{"a": strings.ToValidUTF8(value, "\ufffd"), "b": "after"},
			counter: encode.CounterSample{Int: 1},
		}}
		for _, format := range formats {
			check(t, []family{one}, format, 0)
		}
	})
}

func FuzzNumbers(f *testing.F) {
	f.Add(uint64(0), 0.1, 1700000000.25)
	f.Add(uint64(1<<53+1), 1e300, 5e-324)
	f.Add(uint64(1<<64-1), -1.5, 1e7)
	f.Fuzz(func(t *testing.T, n uint64, v, bound float64) {
		if bound != bound || bound-bound != 0 {
			bound = 1
		}
		families := []family{
			{name: "g", typ: encode.Gauge, series: []series{{gauge: v}}},
			{name: "c", typ: encode.Counter, series: []series{{counter: encode.CounterSample{Int: n, Frac: v}}}},
			{name: "s", typ: encode.Summary, bounds: []float64{0.5}, series: []series{
				{summary: encode.SummarySample{Quantiles: []float64{v}, Count: n, Sum: v}}}},
			{name: "h", typ: encode.Histogram, bounds: []float64{bound}, series: []series{
				{histogram: encode.HistogramSample{Counts: []uint64{n >> 1, n >> 2}, Sum: v, Exemplars: make([]*encode.Exemplar, 2)}}}},
		}
		for _, format := range formats {
			check(t, families, format, 0)
		}
	})
}
