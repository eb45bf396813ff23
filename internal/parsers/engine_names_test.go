// SPDX-License-Identifier: Apache-2.0

package parsers

import (
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export"
)

// checkEngineNames defines metrics of every type whose names and label names contain these, and
// requires every sample back from pages of every format and escaping, under the names that
// prometheus/common makes of them. Where it reads values, it finds the name again.
func checkEngineNames(t *testing.T, metric, label string) {
	b := newBook(t, engine.WithUTF8Names())
	consts := engine.Labels{"const" + label: "c"}
	options := []engine.MetricOption{engine.WithConstLabels(consts)}
	g, err := b.reg.NewGaugeVec(metric, "G.", []string{label}, options...)
	if strings.HasPrefix(metric, "__") || strings.HasPrefix(label, "__") ||
		!encode.ValidUTF8Name(metric) || !encode.ValidUTF8Name(label) || strings.HasPrefix(metric, "quipu_") {
		if !strings.HasPrefix(metric, "quipu_") {
			require.Error(t, err, "%q %q", metric, label)
		}
		return
	}
	require.NoError(t, err, "%q %q", metric, label)
	g.With("x").Set(1)
	b.enter(b.define(encode.Gauge, metric, "G.", "", nil, consts), false, g.With("x"), label, "x")

	label = "l" + label
	name := "c" + metric + "_total"
	c, err := b.reg.NewCounterVec(name, "C.", nil, options...)
	require.NoError(t, err)
	one := c.WithLabels(engine.Labels{label: metric})
	e := b.define(encode.Counter, name, "C.", "", nil, consts)
	l := b.enter(e, true, one, label, metric)
	one.Inc()
	if trace := (engine.Labels{label: "1"}); len(label) < 60 {
		one.AddWithExemplar(1, trace)
		b.exemplar(e, l, 1, trace)
	}

	name = "h" + metric
	h, err := b.reg.NewHistogramVec(name, "H.", []string{label}, append(options, engine.WithBuckets(1))...)
	require.NoError(t, err)
	h.With("x").Observe(2)
	b.enter(b.define(encode.Histogram, name, "H.", "", []float64{1}, consts), false, h.With("x"), label, "x")

	name = "s" + metric
	s, err := b.reg.NewSummaryVec(name, "S.", []string{label}, append(options, engine.WithObjectives(nil))...)
	require.NoError(t, err)
	s.With("x").Observe(2)
	b.enter(b.define(encode.Summary, name, "S.", "", nil, consts), false, s.With("x"), label, "x")

	for escaping, scheme := range schemes {
		for _, format := range formats {
			var want []family
			for _, f := range b.families(format) {
				escaped := f.escaped(scheme)
				if escaping == encode.ValuesEscaping && escaped.name != f.name {
					require.Equal(t, f.name, model.UnescapeName(escaped.name, scheme))
				}
				want = append(want, escaped)
			}
			page := b.expose(engine.Exposition{Format: format, Escaping: escaping, NoSelf: true})
			checkPage(t, want, format, page, format.EscapedContentType(escaping))
		}
	}
}

// moreNames are names that need no quotes, or that begin with what others do not begin with.
var moreNames = []string{"1", "1a", ":", "a:b", "_", "_x", "__", "U__", "U__a_2e_b", "U___", "a_dot_b", "", "a\x00",
	"\xff"}

func TestParsersReadBackTheUTF8NamesOfARegistry(t *testing.T) {
	names := append(moreNames, oddNames...)
	for i, name := range names {
		other := names[(i+5)%len(names)]
		if other == "_" || escapesToName(other) {
			other = "l.m"
		}
		checkEngineNames(t, name, other)
		checkEngineNames(t, "m.n", name)
	}
}

// escapesToName reports whether the name of a label becomes __name__, so that series with it are
// left out.
func escapesToName(label string) bool {
	for _, scheme := range schemes {
		if escapedLabelName(label, scheme) == model.MetricNameLabel {
			return true
		}
	}
	return false
}

// FuzzNames gives a registry any names, and reads them back from every page.
func FuzzNames(f *testing.F) {
	for i, name := range append(moreNames, oddNames...) {
		f.Add(name, oddNames[(i+3)%len(oddNames)])
		f.Add("a.b", name)
	}
	f.Fuzz(func(t *testing.T, metric, label string) {
		// escapedLabelName cannot tell a semicolon; self-metrics win over names that become theirs.
		if strings.Contains(label, ";") || escapesToName(label) || label == "le" || label == "quantile" ||
			strings.HasPrefix(strings.ToLower(metric), "quipu") || strings.HasPrefix(metric+label, "const") {
			return
		}
		checkEngineNames(t, metric, label)
	})
}

// ours is a Content-Type by which a Handler may differ from prometheus/common, and why.
type ours struct{ contentType, reason string }

func TestNegotiationIsThatOfPrometheusForEscapings(t *testing.T) {
	const proto = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
	versions := "application/openmetrics-text;version=1.0.0;escaping=ESC;q=0.5," +
		"application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=ESC;q=0.3," +
		"text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
	differ := map[string]ours{
		"text/plain;version=0.0.4;escaping=allow-utf-8": {
			"text/plain; version=0.0.4; charset=utf-8; escaping=underscores", "this version has no quotes"},
		proto + ";q=0.6," + strings.ReplaceAll(versions, "ESC", "allow-utf-8"): {
			encode.Protobuf.EscapedContentType(encode.NoEscaping), "the names are those of the other formats"},
		proto + ";q=0.6," + strings.ReplaceAll(versions, "ESC", "values"): {
			encode.Protobuf.EscapedContentType(encode.ValuesEscaping), "the names are those of the other formats"},
		proto + ";q=0.6," + strings.ReplaceAll(versions, "ESC", "dots"): {
			encode.Protobuf.EscapedContentType(encode.DotsEscaping), "the names are those of the other formats"},
	}
	accepts := []string{"", "*/*", "text/plain", "text/plain;version=0.0.4", proto,
		"application/openmetrics-text;version=1.0.0", "text/plain;version=1.0.0,text/plain;version=0.0.4;q=0.5"}
	for escaping := range schemes {
		e := escaping.String()
		all := strings.ReplaceAll(versions, "ESC", e)
		om := "application/openmetrics-text;version=1.0.0;escaping="
		accepts = append(accepts, all, proto+";q=0.6,"+all, proto+";escaping="+e, om+e,
			"text/plain;version=0.0.4;escaping="+e,
			"text/plain;version=1.0.0;escaping="+e+";q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.4",
			om+e+","+om+"no;q=0.1")
	}
	for _, accept := range accepts {
		theirs := expfmt.NegotiateAccept(http.Header{"Accept": {accept}}, expfmt.DefaultOpenMetricsAcceptedFormats()...)
		have := export.ContentType(engine.NewRegistry(), accept)
		if want, ok := differ[accept]; ok {
			require.Equal(t, want.contentType, have, "%s: %s", accept, want.reason)
			continue
		}
		if accept == "" || accept == "*/*" {
			require.Equal(t, encode.Text.ContentType(), have, "the server prefers text")
			continue
		}
		kind, _, _ := strings.Cut(string(theirs), ";")
		require.True(t, strings.HasPrefix(have, kind+";"), "%s: %s and not %s", accept, have, theirs)
		require.Equal(t, theirs.ToEscapingScheme(), expfmt.Format(have).ToEscapingScheme(), accept)
	}
}
