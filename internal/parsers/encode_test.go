// SPDX-License-Identifier: Apache-2.0

package parsers

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
)

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
	// Lengths of one to four bytes, with room for three.
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
	for format, file := range map[encode.Format]string{
		encode.Text: "page.txt", encode.OpenMetrics: "page.om", encode.Protobuf: "page.pb",
	} {
		page, err := os.ReadFile("../../encode/testdata/" + file)
		require.NoError(t, err)
		samples, err := Parse(page, format.ContentType())
		require.NoError(t, err, file)
		require.Greater(t, len(samples), 30, file)
	}
	for format, file := range map[encode.Format]string{
		encode.Text: "utf8.txt", encode.OpenMetrics: "utf8.om", encode.Protobuf: "utf8.pb",
	} {
		page, err := os.ReadFile("../../encode/testdata/" + file)
		require.NoError(t, err)
		samples, err := Parse(page, contentType(format, encode.NoEscaping))
		require.NoError(t, err, file)
		require.Greater(t, len(samples), 20, file)
	}
}

func FuzzPages(f *testing.F) {
	for seed, s := range []string{"", "\n", `\`, `"`, "} 1\n# EOF\n", "\xff", "\x00", "\t x",
		"{le=\"1\"}", "# TYPE x counter"} {
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
	for _, s := range []string{"", "v", "\n", `\`, `\n`, `"`, `\"`, "} 1\n# EOF\n", "\xff\xfe", "\x00",
		"\r\n", "\u2029"} {
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
				{histogram: encode.HistogramSample{Counts: []uint64{n >> 1, n >> 2}, Sum: v,
					Exemplars: make([]*encode.Exemplar, 2)}}}},
		}
		for _, format := range formats {
			check(t, families, format, 0)
		}
	})
}
