// SPDX-License-Identifier: Apache-2.0

package parsers

import (
	"math"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
)

var formats = []encode.Format{encode.Text, encode.OpenMetrics, encode.Protobuf}

// hostile are texts that could break a page.
var hostile = []string{
	"plain", "", " ", "\n", `"`, `\`, `\n`, `ends in \`, "\t", "a\x00b", "\r\n", "\u00fc\u20ac\U0001d11e", "\u2028",
	"\ufeff",
	"} 1\n# EOF", "} 1\n# EOF\n", `",x="1`, ` # {a="b"} 1`, "a,b=c{d}", "# TYPE x counter", "+Inf",
	"\xff", "\xc3\x28", "ok\xf0\x9f",
	"a\xffb\xfe", "\xed\xa0\x80", strings.Repeat("x", engine.MaxLabelValue+1),
	strings.Repeat("\u20ac", engine.MaxLabelValue),
	strings.Repeat("\xff", 3000), strings.Repeat(`\"`+"\n", 400), strings.Repeat("1 MiB, ", 1<<20/7),
}

// check encodes the families and requires every sample back.
func check(t *testing.T, families []family, format encode.Format, piece int) {
	checkPage(t, families, format, encodePage(families, format, piece), format.ContentType())
}

func checkPage(t *testing.T, families []family, format encode.Format, page []byte, contentType string) {
	samples, err := Parse(page, contentType)
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

// checkNativeExemplars reads the messages themselves, because Prometheus' parser returns the
// exemplars of a native histogram only for the first series of a message.
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

func requireSame(t testing.TB, want, got Sample) {
	key := want.Key()
	require.Equal(t, key, got.Key())
	require.Equal(t, []string{want.Type, want.Help, want.Unit}, []string{got.Type, got.Help, got.Unit}, key)
	require.True(t, sameFloat(want.Value, got.Value), "%s: want %v, got %v", key, want.Value, got.Value)
	require.Equal(t, want.Created, got.Created, key)
	require.InDelta(t, want.Time, got.Time, 1, key) // Prometheus truncates the seconds of OpenMetrics
	if want.Native == nil {
		require.Len(t, got.Exemplars, len(want.Exemplars), key)
		for i, e := range want.Exemplars {
			require.Equal(t, e.Labels, got.Exemplars[i].Labels, key)
			require.Equal(t, e.Timestamp, got.Exemplars[i].Timestamp, key)
			require.True(t, sameFloat(e.Value, got.Exemplars[i].Value), key)
		}
		return
	}
	w, g := want.Native, got.Native
	require.Equal(t, []any{w.Schema, w.ZeroThreshold, w.ZeroCount, w.Count},
		[]any{g.Schema, g.ZeroThreshold, g.ZeroCount, g.Count})
	require.True(t, sameFloat(w.Sum, g.Sum), key)
	require.Equal(t, absolute(w.PositiveSpans, w.PositiveBuckets), absolute(g.PositiveSpans, g.PositiveBuckets), key)
	require.Equal(t, absolute(w.NegativeSpans, w.NegativeBuckets), absolute(g.NegativeSpans, g.NegativeBuckets), key)
}

func sameFloat(a, b float64) bool {
	return math.Float64bits(a) == math.Float64bits(b) || math.IsNaN(a) && math.IsNaN(b)
}

func requireFloat(t *testing.T, want, have float64) {
	t.Helper()
	require.True(t, want == have || math.IsNaN(want) && math.IsNaN(have), "want %v, have %v", want, have)
}

// absolute returns the counts of spans and deltas by the indexes of their buckets.
func absolute(spans []histogram.Span, deltas []int64) map[int]int64 {
	out := map[int]int64{}
	at, i, count := 0, 0, int64(0)
	for _, s := range spans {
		at += int(s.Offset)
		for range s.Length {
			count += deltas[i]
			if count != 0 {
				out[at] = count
			}
			i, at = i+1, at+1
		}
	}
	return out
}
