// SPDX-License-Identifier: Apache-2.0

package metrictest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestExpectedTextThatMakesNoSenseEndsTheTest(t *testing.T) {
	reg := sample(t)
	for _, test := range []struct {
		want, message string
		names         []string
	}{
		{"", "nothing to compare", nil},
		{"a 1\nb 2", "the family b, which is not among those to compare: a", []string{"a"}},
		{"a 1\na 1", "a is there twice", nil},
		{"a{x=\"1\",y=\"2\"} 1\na{y=\"2\",x=\"1\"} 1", "is there twice", nil},
		{"# TYPE a counter\n# TYPE a counter", "TYPE a is there twice", nil},
		{"a", "does not begin with the name of a metric", nil},
		{"1a 2", "does not begin with the name of a metric", nil},
		{"a one", `"one" is no value`, nil},
		{"a 1 1700000000000", "is no value", nil},
		{"a{b} 1", "is not like name=", nil},
		{"a{b=\"1\"c=\"2\"} 1", "no comma and no brace", nil},
		{"a{b=\"1\",b=\"2\"} 1", "label b is there twice", nil},
		{"a{b=\"1} 1", "no quote ends label b", nil},
		{"a{b=\"\\x\"} 1", "a backslash before", nil},
		{"a{b=\"1\"}1", "no space before the value", nil},
		{"# TYPE a unknown", `"unknown" is no type`, nil},
		{"# TYPE 1 counter", `"1" is no name`, nil},
	} {
		fake := try(t, func(tb testing.TB) { Compare(tb, reg, test.want, test.names...) })
		require.Contains(t, fake.fatal, test.message, test.want)
	}
}

func TestPagesAreReadStrictly(t *testing.T) {
	_, err := parsePage("# TYPE a counter\na 1\na 1\n")
	require.ErrorContains(t, err, "twice")
	families, err := parsePage("")
	require.NoError(t, err)
	require.Empty(t, families)
}

func FuzzParse(f *testing.F) {
	f.Add("# HELP a A.\n# TYPE a histogram\na_bucket{le=\"1\"} 1\na_sum 2\na_count 1\n")
	f.Add("a{b=\"\\\\\\n\\\"\"} NaN")
	f.Add("# TYPE\n{\n}")
	f.Fuzz(func(t *testing.T, text string) {
		families, err := parseExpected(text, nil)
		if err == nil {
			for _, family := range families {
				for _, s := range family.Samples {
					again, err := parseExpected(s.String(), nil)
					require.NoError(t, err)
					require.Equal(t, s.String(), again[0].Samples[0].String())
				}
			}
		}
		_, _ = parsePage(text)
	})
}
