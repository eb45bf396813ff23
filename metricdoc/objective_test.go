// SPDX-License-Identifier: Apache-2.0

package metricdoc

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestObjectivesAreReadInBothForms(t *testing.T) {
	o, err := ParseObjective(` h_seconds{route="/a,b}\"",zone!~"x.*",} <= 0.3 : 99.9 `)
	require.NoError(t, err)
	require.True(t, o.latency)
	require.Equal(t, samplesOf{"h_seconds", []string{`route="/a,b}\""`, `zone!~"x.*"`}}, o.events)
	require.Equal(t, 0.3, o.bound)
	require.InDelta(t, 0.001, o.budget(), 1e-12)

	o, err = ParseObjective(`a:bad_total{code=~"5.."} / a:all_total{} :95`)
	require.NoError(t, err)
	require.False(t, o.latency)
	require.Equal(t, samplesOf{"a:bad_total", []string{`code=~"5.."`}}, o.bad)
	require.Equal(t, samplesOf{name: "a:all_total"}, o.events)
	require.Equal(t, `a:bad_total{code=~"5.."} / a:all_total{}:95`, o.String())
}

func TestObjectivesShowThePercentageThatWasGiven(t *testing.T) {
	for _, text := range []string{"h<1:57", "h<1:99.9", "h<1:99.99999"} {
		o, err := ParseObjective(text)
		require.NoError(t, err)
		require.Equal(t, text, o.String())
	}
}

func TestObjectivesThatCannotBeReadSayWhy(t *testing.T) {
	for text, want := range map[string]string{
		"":                  "want metric<bound:percent or bad/all:percent",
		"h<1":               "want metric<bound:percent or bad/all:percent",
		"h<1:0":             `"0" is no percentage between 0 and 100`,
		"h<1:100":           `"100" is no percentage between 0 and 100`,
		"h<1:NaN":           `"NaN" is no percentage between 0 and 100`,
		"h<x:99":            `"x" is no bound`,
		"h<Inf:99":          `"Inf" is no bound`,
		"h:99":              "after h want < and a bound, or / and a counter",
		"1h<1:99":           `"1h<1" does not begin with the name of a metric`,
		"a/:99":             `"" does not begin with the name of a metric`,
		"a/b/c:99":          `"/c" is too much`,
		`h{a}<1:99`:         `"h{a}<1": want matchers such as {code=~"5.."}`,
		`h{a="1" b="2"}<:9`: `no comma and no brace after a matcher`,
		`h{a="1"<1:99`:      `no comma and no brace after a matcher`,
		`h{,}<1:99`:         `want matchers`,
	} {
		_, err := ParseObjective(text)
		require.ErrorContains(t, err, want, text)
	}
}

// What is read reads the same again.
func FuzzParseObjective(f *testing.F) {
	f.Add(`h{a="1",b!~"x"}<0.3:99.9`)
	f.Add(`a{code=~"5.."}/b:99`)
	f.Fuzz(func(t *testing.T, text string) {
		o, err := ParseObjective(text)
		if err != nil {
			return
		}
		again, err := ParseObjective(o.String())
		require.NoError(t, err)
		require.Equal(t, []any{o.events, o.bad, o.bound, o.latency},
			[]any{again.events, again.bad, again.bound, again.latency})
		require.Equal(t, o.percent, again.percent)
	})
}
