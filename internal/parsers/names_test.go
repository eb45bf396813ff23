// SPDX-License-Identifier: Apache-2.0

package parsers

import (
	"bytes"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
)

// schemes are the escapings as prometheus/common calls them.
var schemes = map[encode.Escaping]model.EscapingScheme{
	encode.UnderscoresEscaping: model.UnderscoreEscaping, encode.DotsEscaping: model.DotsEscaping,
	encode.ValuesEscaping: model.ValueEncodingEscaping, encode.NoEscaping: model.NoEscaping,
}

// oddNames are names, and parts of names, that need quotes.
var oddNames = []string{
	".", ".a", "a.b.c", "-", "a b", " ", "\t", "\n", "\r\n", `"`, `\`, `\n`, `\"`, `",x="`, `="`, `"} 1`, "{", "}", ",",
	"# EOF", "\u00fc", "\u65e5\u672c", "\U0001d11e", "\u2028", "\ufeff", "\ufffd", "a\u0301", "/", "%", "\x7f", "\x01",
	"__x.y", ".total", "U__", ".le", ".quantile", strings.Repeat("long.", 60),
}

// contentType is what a handler says of a page with UTF-8 names.
func contentType(format encode.Format, escaping encode.Escaping) string {
	t := format.ContentType()
	if format == encode.Text && escaping == encode.NoEscaping {
		t = "text/plain; version=1.0.0; charset=utf-8"
	}
	return t + "; escaping=" + escaping.String()
}

func TestEscapingsAreThoseOfPrometheus(t *testing.T) {
	for escaping, scheme := range schemes {
		require.Equal(t, scheme.String(), escaping.String())
		have, err := model.ToEscapingScheme(escaping.String())
		require.NoError(t, err)
		require.Equal(t, scheme, have)
	}
}

// escapedLabelName is what prometheus/common makes of the name of a label, but for the colon: it
// leaves it alone, although the name of a label cannot have any. Here it is escaped as a semicolon
// is, which no name of the tests has.
func escapedLabelName(name string, scheme model.EscapingScheme) string {
	if model.LegacyValidation.IsValidLabelName(name) {
		return name
	}
	escaped := model.EscapeName(strings.ReplaceAll(name, ":", ";"), scheme)
	switch scheme {
	case model.NoEscaping:
		return name
	case model.ValueEncodingEscaping:
		return strings.ReplaceAll(escaped, "_3b_", "_3a_")
	}
	return escaped
}

func escapedMetricName(name string, scheme model.EscapingScheme) string {
	if model.LegacyValidation.IsValidMetricName(name) {
		return name // also with dots: see model.EscapeMetricFamily
	}
	return model.EscapeName(name, scheme)
}

// requireEscaped compares the escapings of a name with those of prometheus/common.
func requireEscaped(t *testing.T, name string) {
	for escaping, scheme := range schemes {
		require.Equal(t, escapedMetricName(name, scheme), escaping.MetricName(name))
		if !strings.Contains(name, ";") {
			require.Equal(t, escapedLabelName(name, scheme), escaping.LabelName(name))
		}
	}
	require.True(t, model.LegacyValidation.IsValidMetricName(encode.ValuesEscaping.MetricName(name)))
	require.True(t, model.LegacyValidation.IsValidLabelName(encode.ValuesEscaping.LabelName(name)))
	if !model.LegacyValidation.IsValidMetricName(name) {
		require.Equal(t, name, model.UnescapeName(encode.ValuesEscaping.MetricName(name), model.ValueEncodingEscaping))
	}
	if !model.LegacyValidation.IsValidLabelName(name) {
		require.Equal(t, name, model.UnescapeName(encode.ValuesEscaping.LabelName(name), model.ValueEncodingEscaping))
	}
}

// escaped returns a family as a page with escaped names must show it.
func (f family) escaped(scheme model.EscapingScheme) family {
	f.name = escapedMetricName(f.name, scheme)
	all := f.series
	f.series = nil
	for _, s := range all {
		labels := map[string]string{}
		for name, value := range s.labels {
			labels[escapedLabelName(name, scheme)] = value
		}
		s.labels = labels
		s.counter.Exemplar = escapedExemplar(s.counter.Exemplar, scheme)
		s.histogram.Exemplars = escapedExemplars(s.histogram.Exemplars, scheme)
		if s.histogram.Native != nil {
			native := *s.histogram.Native
			native.Exemplars = escapedExemplars(native.Exemplars, scheme)
			s.histogram.Native = &native
		}
		f.series = append(f.series, s)
	}
	return f
}

func escapedExemplars(all []*encode.Exemplar, scheme model.EscapingScheme) (escaped []*encode.Exemplar) {
	for _, e := range all {
		escaped = append(escaped, escapedExemplar(e, scheme))
	}
	return escaped
}

func escapedExemplar(e *encode.Exemplar, scheme model.EscapingScheme) *encode.Exemplar {
	if e == nil {
		return nil
	}
	to := *e
	var text []byte
	for _, l := range labelText.FindAllStringSubmatch(e.Labels, -1) {
		name := escapedLabelName(unquoted(l[1]), scheme)
		text = encode.AppendLabel(text, name, unescape.Replace(l[2]))
	}
	to.Labels = string(text)
	return &to
}

// checkNames encodes families with every escaping in every format, and requires every sample back
// under the names that the escaping gives it.
func checkNames(t *testing.T, families []family) {
	for escaping, scheme := range schemes {
		var want []family
		for _, f := range families {
			want = append(want, f.escaped(scheme))
		}
		for _, format := range formats {
			for piece := range 2 {
				page := encodeEscaped(families, format, piece, escaping)
				checkPage(t, want, format, page, contentType(format, escaping))
			}
		}
	}
}

func TestParsersReadBackNamesThatNeedQuotes(t *testing.T) {
	for _, name := range oddNames {
		requireEscaped(t, name)
	}
	for seed := range uint64(100) {
		g := newGenerator(seed)
		g.names = oddNames
		checkNames(t, g.families(6))
	}
}

// FuzzEscaping escapes any name as prometheus/common does, and reads it back from every format.
func FuzzEscaping(f *testing.F) {
	for i, name := range oddNames {
		f.Add(name, oddNames[(i+7)%len(oddNames)], uint64(i))
		f.Add("a"+name, "a:b"+name, uint64(i))
	}
	f.Add("a_b", "_", uint64(1))
	f.Add("1", ":", uint64(2))
	f.Fuzz(func(t *testing.T, metric, label string, seed uint64) {
		if !encode.ValidUTF8Name(metric) || !encode.ValidUTF8Name(label) || strings.Contains(label, ";") {
			return
		}
		requireEscaped(t, metric)
		requireEscaped(t, label)
		g := newGenerator(seed)
		g.names = []string{metric, label}
		if strings.Contains(metric, ";") {
			g.names = g.names[1:]
		}
		checkNames(t, g.families(2))

		// Names that stand for themselves, without a beginning that is the same in all of them.
		if label == "le" || label == "quantile" || label == model.MetricNameLabel {
			return
		}
		one := family{name: metric, typ: encode.Gauge, series: []series{
			{names: []string{label}, labels: map[string]string{label: metric}, gauge: 1},
		}}
		for _, scheme := range schemes {
			if escapedLabelName(label, scheme) == model.MetricNameLabel {
				return // it is left out
			}
		}
		checkNames(t, []family{one})
	})
}

// A message of a family was ended after a series that was left out, which ruined the page.
func TestSeriesThatEscapeAlikeLeaveAReadablePage(t *testing.T) {
	bad, good := engine.Labels{"x.y": "1", "x_y": "2"}, engine.Labels{"x": "1"}
	both := []engine.MetricOption{engine.WithNative(histogram.NativeDefaults()), engine.WithBuckets(1, 2)}
	for _, options := range [][]engine.MetricOption{nil, both} {
		for _, sets := range [][]engine.Labels{{bad, good}, {good, bad}, {bad}, {bad, bad, good, good}} {
			r := engine.NewRegistry(engine.WithUTF8Names())
			v := engine.Must(r.NewHistogramVec("h", "Help.", nil, options...))
			for _, set := range sets {
				v.WithLabels(set).ObserveWithExemplar(1, engine.Labels{"trace_id": "e"})
			}
			engine.Must(r.NewCounter("healthy_total", "")).Inc()
			var page bytes.Buffer
			_, err := r.Expose(&page, engine.Exposition{
				Format: encode.Protobuf, Escaping: encode.UnderscoresEscaping, NoSelf: true,
			})
			require.NoError(t, err)
			_, err = Parse(page.Bytes(), contentType(encode.Protobuf, encode.UnderscoresEscaping))
			require.NoError(t, err, "%v: %q", sets, page.Bytes())
		}
	}
}
