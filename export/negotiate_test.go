// SPDX-License-Identifier: Apache-2.0

package export

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

func TestFormatsFollowTheAcceptHeader(t *testing.T) {
	for _, tt := range []struct {
		who    string
		accept string
		want   encode.Format
	}{
		// Scrapers.
		{"Prometheus 2.42", "application/openmetrics-text;version=1.0.0," +
			"application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
			encode.OpenMetrics},
		{"Prometheus 2.42 with native histograms", protobufType + ",application/openmetrics-text;version=1.0.0;q=0.8," +
			"application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
			encode.Protobuf},
		{"Prometheus 2.49 to 2.55", "application/openmetrics-text;version=1.0.0;q=0.5," +
			"application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
			encode.OpenMetrics},
		{"Prometheus 2.49 with native histograms",
			protobufType + ";q=0.5,application/openmetrics-text;version=1.0.0;q=0.4," +
				"application/openmetrics-text;version=0.0.1;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
			encode.Protobuf},
		{"Prometheus 3", "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6," +
			"application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4," +
			"text/plain;version=0.0.4;q=0.3,*/*;q=0.2", encode.OpenMetrics},
		{"Prometheus 3, escaped names", "application/openmetrics-text;version=1.0.0;escaping=underscores;q=0.6," +
			"application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=underscores;q=0.4," +
			"text/plain;version=0.0.4;q=0.3,*/*;q=0.2", encode.OpenMetrics},
		{"Prometheus 3 with native histograms", protobufType + ";q=0.6,application/openmetrics-text;version=1.0.0;" +
			"escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;" +
			"escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1", encode.Protobuf},
		{"Prometheus 3, text first", "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.6," +
			"text/plain;version=0.0.4;q=0.5,*/*;q=0.4", encode.Text},
		{"Prometheus 3, only text 1.0.0", "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.6,*/*;q=0.5", encode.Text},
		{"Prometheus 3, only protobuf", protobufType + ";q=0.6,*/*;q=0.5", encode.Protobuf},
		{"Prometheus 2.5", "application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
			encode.OpenMetrics},
		{"Prometheus 2.0", "text/plain;version=0.0.4;q=1,*/*;q=0.1", encode.Text},
		{"Prometheus 1.8", protobufType + ";q=0.7,text/plain;version=0.0.4;q=0.3,*/*;q=0.1", encode.Protobuf},
		{"VictoriaMetrics and vmagent", "text/plain;version=0.0.4;q=1,*/*;q=0.1", encode.Text},
		{"netdata", "text/plain;version=0.0.4;q=1,*/*;q=0.1", encode.Text},

		// People and libraries.
		{"curl", "*/*", encode.Text},
		{"nobody", "", encode.Text},
		{"Chrome", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8," +
			"application/signed-exchange;v=b3;q=0.7", encode.Text},
		{"Firefox", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", encode.Text},
		{"Java's URLConnection", "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", encode.Text},
		{"axios", "application/json, text/plain, */*", encode.Text},
		{"the guide's example", "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; " +
			"encoding=delimited", encode.Protobuf},

		// Types and their parameters.
		{"text", "text/plain", encode.Text},
		{"text 0.0.4", "text/plain; version=0.0.4; charset=utf-8", encode.Text},
		{"OpenMetrics without a version", "application/openmetrics-text", encode.OpenMetrics},
		{"OpenMetrics in capitals", "Application/OpenMetrics-Text; Version=1.0.0", encode.OpenMetrics},
		{"OpenMetrics, quoted version", `application/openmetrics-text; version="1.0.0"; charset=utf-8`,
			encode.OpenMetrics},
		{"OpenMetrics 0.0.1 alone", "application/openmetrics-text;version=0.0.1", encode.OpenMetrics},
		{"OpenMetrics that is not ours", "application/openmetrics-text;version=2.0.0", encode.Text},
		{"OpenMetrics that is not ours, or 1.0.0", "application/openmetrics-text;version=2.0.0," +
			"application/openmetrics-text;version=1.0.0;q=0.5", encode.OpenMetrics},
		{"protobuf without parameters", "application/vnd.google.protobuf", encode.Protobuf},
		{"protobuf of another message", "application/vnd.google.protobuf;proto=my.Message;encoding=delimited",
			encode.Text},
		{"protobuf as text", "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text",
			encode.Text},
		{"protobuf in compact text, or OpenMetrics", "application/vnd.google.protobuf;encoding=compact-text," +
			"application/openmetrics-text;q=0.2", encode.OpenMetrics},

		// Weights and wildcards.
		{"the larger weight wins", "application/openmetrics-text;q=0.5,text/plain;q=0.6", encode.Text},
		{"the larger weight wins in any order", "text/plain;q=0.5,application/openmetrics-text;q=0.6",
			encode.OpenMetrics},
		{"the earlier wins among equals", "application/openmetrics-text,text/plain", encode.OpenMetrics},
		{"the earlier wins among equals, versions or not", "text/plain,application/openmetrics-text;version=1.0.0",
			encode.Text},
		{"a named type beats a wildcard", "*/*,application/openmetrics-text", encode.OpenMetrics},
		{"unless the wildcard weighs more", "*/*;q=0.8,application/openmetrics-text;q=0.5", encode.Text},
		{"the closest range decides", "*/*,text/plain;q=0", encode.OpenMetrics},
		{"the closest range decides for each", "*/*,text/plain;q=0,application/openmetrics-text;q=0", encode.Protobuf},
		{"type wildcard", "text/*", encode.Text},
		{"application wildcard", "application/*", encode.OpenMetrics},
		{"application wildcard without OpenMetrics", "application/*,application/openmetrics-text;q=0", encode.Protobuf},
		{"refused types", "application/openmetrics-text;q=0", encode.Text},
		{"everything refused", "*/*;q=0", encode.Text},
		{"nothing of ours", "image/png,application/json", encode.Text},
		{"a malformed weight is no preference", "application/openmetrics-text;q=high,text/plain;q=0.1", encode.Text},

		// Abuse.
		{"commas", strings.Repeat(",", 100_000), encode.Text},
		{"quotes", strings.Repeat(`"`, 3001) + "," + "application/openmetrics-text", encode.Text},
		{"a megabyte", strings.Repeat("application/openmetrics-text,", 40_000), encode.Text},
		{"no types", ";;;===,,/,//,*/,/*,\x00\xff", encode.Text},
		{"a header inside", "text/plain\r\nX-Evil: 1", encode.Text},
	} {
		t.Run(tt.who, func(t *testing.T) {
			require.Equal(t, tt.want.String(), Negotiate(tt.accept).String())
		})
	}
	require.Equal(t, encode.Text, Negotiate())
	require.Equal(t, encode.OpenMetrics, Negotiate("text/plain;q=0.5", "application/openmetrics-text"), "several lines")
}

func TestPinnedFormatsAreTheOnlyOnes(t *testing.T) {
	for _, tt := range []struct {
		formats []encode.Format
		accept  string
		want    encode.Format
	}{
		{[]encode.Format{encode.Text}, "application/openmetrics-text", encode.Text},
		{[]encode.Format{encode.Text}, protobufType, encode.Text},
		{[]encode.Format{encode.OpenMetrics}, "text/plain", encode.OpenMetrics},
		{[]encode.Format{encode.OpenMetrics}, "", encode.OpenMetrics},
		{[]encode.Format{encode.OpenMetrics, encode.Text}, "*/*", encode.OpenMetrics},
		{[]encode.Format{encode.OpenMetrics, encode.Text}, "text/plain", encode.Text},
		{[]encode.Format{encode.Protobuf, encode.OpenMetrics}, "application/*", encode.Protobuf},
	} {
		h := handlerOf(chunks(nil, 0), WithFormats(tt.formats...))
		require.Equal(t, tt.want.ContentType(), testkit.Get(h, "/", "Accept", tt.accept).Header().Get("Content-Type"),
			"%v %q", tt.formats, tt.accept)
	}
}

func TestEveryFormatChoosesItselfByItsContentType(t *testing.T) {
	for _, f := range []encode.Format{encode.Text, encode.OpenMetrics, encode.Protobuf} {
		require.Equal(t, f, Negotiate(f.ContentType()))
	}
}

func TestEscapingFollowsTheAcceptHeaderAndTheContentTypeStatesIt(t *testing.T) {
	const (
		text  = "text/plain; version=0.0.4; charset=utf-8"
		text1 = "text/plain; version=1.0.0; charset=utf-8; escaping="
	)
	om, proto := encode.OpenMetrics.ContentType(), encode.Protobuf.ContentType()
	for _, tt := range []struct{ accept, want string }{
		{"", text},
		{"*/*", text},
		{"text/plain", text},
		{"text/plain;version=0.0.4", text},
		{"application/openmetrics-text;version=1.0.0", om},
		{protobufType, proto},
		{"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8", om + "; escaping=allow-utf-8"},
		{"application/openmetrics-text;version=1.0.0;escaping=underscores", om + "; escaping=underscores"},
		{"application/openmetrics-text;version=0.0.1;escaping=dots", om + "; escaping=dots"},
		{"application/openmetrics-text;escaping=values", om + "; escaping=values"},
		{protobufType + ";escaping=allow-utf-8", proto + "; escaping=allow-utf-8"},
		{protobufType + ";escaping=values", proto + "; escaping=values"},

		// Text 0.0.4 has no quotes, text 1.0.0 has.
		{"text/plain;version=0.0.4;escaping=allow-utf-8", text + "; escaping=underscores"},
		{"text/plain;version=0.0.4;escaping=values", text + "; escaping=values"},
		{"text/plain;version=1.0.0;escaping=allow-utf-8", text1 + "allow-utf-8"},
		{"text/plain;version=1.0.0;escaping=dots", text1 + "dots"},
		{"text/plain;version=1.0.0", text1 + "underscores"},
		{"text/plain;escaping=allow-utf-8", text1 + "allow-utf-8"},
		{"text/plain;escaping=dots", text + "; escaping=dots"},
		{"*/*;escaping=allow-utf-8", text + "; escaping=underscores"},
		{"text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.5",
			text + "; escaping=underscores"},
		{"text/plain;version=1.0.0;q=0,*/*;q=0.1", text},
		{"text/plain;version=0.0.4;q=0,text/plain;version=1.0.0", text1 + "underscores"},

		// A reader says it once.
		{protobufType + ";q=0.6,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,*/*;q=0.1",
			proto + "; escaping=allow-utf-8"},
		{"application/openmetrics-text;version=0.0.1,text/plain;version=1.0.0;escaping=dots;q=0.2",
			om + "; escaping=dots"},
		{"text/plain;escaping=values;q=0.2,application/openmetrics-text;escaping=dots;q=0.5," + protobufType,
			proto + "; escaping=dots"},
		{"text/plain;escaping=values;q=0," + protobufType, proto},

		// Nonsense.
		{"application/openmetrics-text;escaping=", om},
		{"application/openmetrics-text;escaping=ALLOW-UTF-8", om},
		{"application/openmetrics-text;escaping=allow-utf8", om},
		{"application/openmetrics-text;escaping", om},
		{"application/openmetrics-text;escaping=underscores;escaping=\"values\"", om + "; escaping=values"},
		{"application/openmetrics-text;ESCAPING=values;escaping=\r\nX: 1", om + "; escaping=values"},
		{strings.Repeat("application/openmetrics-text;escaping=values,", 40_000), text},
	} {
		require.Equal(t, tt.want, ContentType(engine.NewRegistry(), tt.accept), tt.accept)
		h := handlerOf(chunks(nil, 0))
		require.Equal(t, tt.want, testkit.Get(h, "/", "Accept", tt.accept).Header().Get("Content-Type"), tt.accept)
	}
}

func TestPagesHaveTheNamesThatTheirContentTypeSays(t *testing.T) {
	reg := engine.NewRegistry(engine.WithUTF8Names())
	engine.Must(reg.NewGauge("a.b", "")).Set(1)
	for accept, want := range map[string]string{
		"":                                "a_b 1\n",
		"text/plain;escaping=allow-utf-8": "{\"a.b\"} 1\n",
		"text/plain;escaping=dots":        "a_dot_b 1\n",
		"application/openmetrics-text;escaping=allow-utf-8": "{\"a.b\"} 1\n# EOF\n",
		"application/openmetrics-text;escaping=values":      "U__a_2e_b 1\n# EOF\n",
	} {
		var page strings.Builder
		contentType, err := Render(&page, reg, accept, WithoutSelfMetrics())
		require.NoError(t, err)
		require.True(t, strings.HasSuffix(page.String(), "gauge\n"+want), "%s: %s", accept, &page)
		answer := testkit.Get(Handler(reg, WithoutSelfMetrics(), WithoutCompression()), "/", "Accept", accept)
		require.Equal(t, page.String(), answer.Body.String())
		require.Equal(t, contentType, answer.Header().Get("Content-Type"))
	}
}
