// SPDX-License-Identifier: Apache-2.0

package textpage

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAPageIsReadBack(t *testing.T) {
	families, err := Parse(strings.Join([]string{
		`# HELP a_total Quote " slash \\ line \n end.`,
		`# TYPE a_total counter`,
		`a_total{z="1",b="quote \" slash \\ line \n brace } é"} 3`,
		`# TYPE h histogram`,
		`h_bucket{le="+Inf"} 2`,
		`h_sum -0.5`,
		`h_count 2`,
		`# HELP s `,
		`# TYPE s summary`,
		`s{quantile="0.5"} +Inf`,
		`s_sum 1e+20`,
		`s_count 1`,
		``,
	}, "\n"))
	require.NoError(t, err)
	require.Equal(t, []Family{
		{"a_total", "Quote \" slash \\ line \n end.", "counter", []Sample{
			{"a_total", map[string]string{"z": "1", "b": "quote \" slash \\ line \n brace } é"}, "3", 3},
		}, ""},
		{"h", "", "histogram", []Sample{
			{"h_bucket", map[string]string{"le": "+Inf"}, "2", 2},
			{"h_sum", nil, "-0.5", -0.5}, {"h_count", nil, "2", 2},
		}, ""},
		{"s", "", "summary", []Sample{
			{"s", map[string]string{"quantile": "0.5"}, "+Inf", math.Inf(1)},
			{"s_sum", nil, "1e+20", 1e20}, {"s_count", nil, "1", 1},
		}, ""},
	}, families)
	require.Equal(t, `a_total{b="quote \" slash \\ line \n brace } é",z="1"}`, families[0].Samples[0].Series())
	require.Equal(t, "h_sum", families[1].Samples[1].Series())

	families, err = Parse("")
	require.NoError(t, err)
	require.Empty(t, families)
}

func TestWhatIsNotThePlainTextFormatIsRefused(t *testing.T) {
	const a = "# TYPE a counter\n"
	for name, text := range map[string]string{
		"no newline at the end":  a + "a 1",
		"an empty line":          a + "\na 1\n",
		"an empty line at last":  a + "a 1\n\n",
		"invalid UTF-8":          a + "a{b=\"\xff\"} 1\n",
		"no type":                "a 1\n",
		"help alone":             "# HELP a x\n",
		"help and samples":       "# HELP a x\na 1\n",
		"help without text":      "# HELP a\n" + a + "a 1\n",
		"an escaped quote":       "# HELP a \\\"\n" + a + "a 1\n",
		"help after the type":    a + "# HELP a x\na 1\n",
		"help after samples":     a + "a 1\n# HELP a x\n",
		"type after samples":     a + "a 1\n" + a,
		"no samples":             a,
		"no samples, then more":  a + "# TYPE b gauge\nb 1\n",
		"a family in two places": a + "a 1\n# TYPE b gauge\nb 1\n" + a + "a{b=\"1\"} 1\n",
		"an unknown type":        "# TYPE a thing\na 1\n",
		"a type for no name":     "# TYPE 1 gauge\n",
		"a comment":              a + "a 1\n# EOF\n",
		"a comment, no blank":    a + "a 1\n#TYPE b gauge\nb 1\n",
		"another family":         a + "b 1\n",
		"a foreign suffix":       a + "a_sum 1\n",
		"a series twice":         a + "a 1\na 2\n",
		"in another order":       a + "a{x=\"1\",y=\"2\"} 1\na{y=\"2\",x=\"1\"} 1\n",
		"no value":               a + "a\n",
		"no number":              a + "a one\n",
		"two blanks":             a + "a  1\n",
		"a blank at the end":     a + "a 1 \n",
		"a timestamp":            a + "a 1 2\n",
		"no blank":               a + "a{b=\"1\"}1\n",
		"no end of labels":       a + "a{b=\"1\" 1\n",
		"no end of a value":      a + "a{b=\"1} 1\n",
		"an escaped end":         a + "a{b=\"1\\\"} 1\n",
		"no labels":              a + "a{} 1\n",
		"a comma too many":       a + "a{b=\"1\",} 1\n",
		"no comma":               a + "a{b=\"1\"c=\"2\"} 1\n",
		"a bad escape":           a + "a{b=\"\\t\"} 1\n",
		"a bad label name":       a + "a{b-c=\"1\"} 1\n",
		"a label twice":          a + "a{b=\"1\",b=\"2\"} 1\n",
	} {
		_, err := Parse(text)
		require.Error(t, err, name)
	}
}
