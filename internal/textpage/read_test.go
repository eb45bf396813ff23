// SPDX-License-Identifier: Apache-2.0

package textpage

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReadTakesPagesOfOtherPrograms(t *testing.T) {
	families, err := Read(strings.Join([]string{
		"# a comment",
		"#",
		"",
		`  a_total  { z = "1" , b="q \" s \\ n \n }", } 3 1700000000000 `,
		"# HELP\ta_total Help \\\\ of a.",
		"# TYPE a_total counter",
		"lonely 7\r",
		"# TYPE h histogram",
		`h_bucket{le="1"} 2 # {trace="x"} 0.5 1.5`,
		`h_bucket{le="+Inf"} 3`,
		"h_sum 4", "h_count 3", "h_created 1.5",
		`a_total{z="2"} 4`,
		`# TYPE "http.size" gauge`,
		`{"http.size","http.method"="GET"} NaN`,
		"# TYPE g gaugehistogram",
		`g_bucket{le="+Inf"} 1`, "g_gcount 1", "g_gsum 2",
		"last -Inf",
	}, "\n"))
	require.NoError(t, err)
	var names []string
	for _, f := range families {
		names = append(names, f.Name+" "+f.Type)
	}
	require.Equal(t, []string{"a_total counter", "lonely untyped", "h histogram", "http.size gauge",
		"g_bucket untyped", "g_gcount untyped", "g_gsum untyped", "last untyped"}, names)
	require.Equal(t, `Help \ of a.`, families[0].Help)
	require.Equal(t, `a_total{b="q \" s \\ n \n }",z="1"}`, families[0].Samples[0].Series())
	require.Equal(t, []string{"3", "4"}, []string{families[0].Samples[0].Text, families[0].Samples[1].Text})
	require.Len(t, families[2].Samples, 4, "without the time of creation")
	require.Equal(t, map[string]string{"http.method": "GET"}, families[3].Samples[0].Labels)
}

func TestReadGivesFamiliesOfOpenMetricsTheirNamesInText(t *testing.T) {
	families, err := Read(`# HELP jobs Jobs "done".
# TYPE jobs counter
# UNIT jobs seconds
jobs_total 3
jobs_created 1.5
# TYPE build info
build_info{v="1"} 1
# TYPE rare counter
# TYPE about info
# TYPE odd unknown
odd 2
# EOF
`)
	require.NoError(t, err)
	require.Equal(t, []Family{
		{"jobs_total", `Jobs "done".`, "counter", []Sample{{"jobs_total", nil, "3", 3}}, "seconds"},
		{"build_info", "", "info", []Sample{{"build_info", map[string]string{"v": "1"}, "1", 1}}, ""},
		{"rare_total", "", "counter", nil, ""},
		{"about_info", "", "info", nil, ""},
		{"odd", "", "untyped", []Sample{{"odd", nil, "2", 2}}, ""},
	}, families)

	families, err = Read("# TYPE rare counter\n")
	require.NoError(t, err)
	require.Equal(t, "rare", families[0].Name, "text format has no other names")
}

func TestReadNamesTheLineThatItCannotRead(t *testing.T) {
	for line, want := range map[string]string{
		"<!DOCTYPE html>":  "a sample that does not begin with the name of a metric",
		"word":             "neither a comment nor a sample, which has a name and a value",
		"a one":            `"one" is no number`,
		"a 1 2 3":          "a sample has one value, and at most a timestamp after it",
		"a{}":              "a sample has one value, and at most a timestamp after it",
		"a 1e999":          `"1e999" is no number`,
		"a{b} 1":           `a label that is not like name="value"`,
		`a{b="1"`:          "no comma and no brace after a label",
		`a{b="1`:           "a quote is missing",
		`a{b=1} 1`:         `the value of label "b" has no quotes`,
		`a{b="1",b="2"} 1`: `label "b" is there twice`,
		"{\"a\",\"\x1b[2J\"=\"1\",\"\x1b[2J\"=\"2\"} 1": `label "\x1b[2J" is there twice`,
		`a{"c"} 1`:                            `a label that is not like name="value"`,
		`{b="1"} 1`:                           "a sample that does not begin with the name of a metric",
		"# TYPE 1 gauge":                      `"1" is no name of a metric`,
		"\xff 1":                              "not UTF-8",
		"x" + strings.Repeat("y", 300) + " z": `"z" is no number`,
	} {
		_, err := Read("ok 1\n" + line + "\n")
		require.ErrorContains(t, err, "line 2: "+want+": ", line)
		require.Less(t, len(err.Error()), 300)
	}
}

// Whatever Parse reads, Read reads too, and finds the same samples.
func FuzzReadFindsWhatParseFinds(f *testing.F) {
	f.Add("# TYPE a_total counter\na_total{z=\"1\",b=\"q \\\" \\\\ \\n }\"} 3\n")
	f.Add("# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_sum 2\nh_count 1\n")
	f.Add("{\"a.b\",c=\"d\"} 1 2 # {e=\"f\"} 3 4\n# EOF\n")
	f.Fuzz(func(t *testing.T, text string) {
		read, err := Read(text)
		strict, strictErr := Parse(text)
		if strictErr != nil {
			return
		}
		require.NoError(t, err)
		samples := func(families []Family) (all []string) {
			for _, f := range families {
				for _, s := range f.Samples {
					if !strings.HasSuffix(s.Name, "_created") {
						all = append(all, s.Series()+" "+s.Text)
					}
				}
			}
			return all
		}
		require.Equal(t, samples(strict), samples(read))
	})
}
