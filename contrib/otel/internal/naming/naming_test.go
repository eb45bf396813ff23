// SPDX-License-Identifier: Apache-2.0

package naming

import (
	"testing"

	"github.com/prometheus/otlptranslator"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
)

func TestMetricNamesGetTheSuffixesOfTheirUnitAndKind(t *testing.T) {
	for _, c := range []struct {
		strategy   otlptranslator.TranslationStrategyOption
		name, unit string
		kind       otlptranslator.MetricType
		want       string
	}{
		{otlptranslator.UnderscoreEscapingWithSuffixes, "http.server.request.duration", "s",
			otlptranslator.MetricTypeHistogram, "http_server_request_duration_seconds"},
		{otlptranslator.UnderscoreEscapingWithSuffixes, "jobs", "{job}",
			otlptranslator.MetricTypeMonotonicCounter, "jobs_total"},
		{otlptranslator.UnderscoreEscapingWithoutSuffixes, "jobs.done", "s",
			otlptranslator.MetricTypeMonotonicCounter, "jobs_done"},
		{otlptranslator.NoUTF8EscapingWithSuffixes, "cache.used", "1",
			otlptranslator.MetricTypeGauge, "cache.used_ratio"},
		{otlptranslator.NoTranslation, "cache.used", "By", otlptranslator.MetricTypeGauge, "cache.used"},
	} {
		got, err := New(c.strategy).Metric(c.name, c.unit, c.kind)
		require.NoError(t, err)
		require.Equal(t, c.want, got, "%s, %s", c.name, c.strategy)
	}
	_, err := New(otlptranslator.UnderscoreEscapingWithSuffixes).Metric("___", "", otlptranslator.MetricTypeGauge)
	require.Error(t, err)
}

func TestAttributesWhoseNamesBecomeEqualMakeOneLabel(t *testing.T) {
	set := attribute.NewSet(attribute.String("a.b", "z"), attribute.Int("a/b", 7), attribute.Bool("on", true))
	labels := map[string]string{}
	require.NoError(t, New(otlptranslator.UnderscoreEscapingWithSuffixes).AddLabels(labels, "p_", set))
	require.Equal(t, map[string]string{"p_a_b": "7;z", "p_on": "true"}, labels)

	clear(labels)
	require.NoError(t, New(otlptranslator.NoTranslation).AddLabels(labels, "", set))
	require.Equal(t, map[string]string{"a.b": "z", "a/b": "7", "on": "true"}, labels)
}

func TestAnAttributeWithoutAUsableNameIsAnError(t *testing.T) {
	set := attribute.NewSet(attribute.String("", "x"))
	require.Error(t, New(otlptranslator.UnderscoreEscapingWithSuffixes).AddLabels(map[string]string{}, "", set))
}
