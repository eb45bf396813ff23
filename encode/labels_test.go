// SPDX-License-Identifier: Apache-2.0

package encode

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestHelpEscapesWhatItMust(t *testing.T) {
	for _, c := range []struct{ in, openMetrics, text string }{
		{"", "", ""},
		{"plain", "plain", "plain"},
		{"\n", `\n`, `\n`},
		{`"`, `\"`, `"`},
		{`\`, `\\`, `\\`},
		{`\n`, `\\n`, `\\n`},
		{"a\tb", "a\tb", "a\tb"},
		{"a\x00b", "a\x00b", "a\x00b"},
		{"} 1\n# EOF", `} 1\n# EOF`, `} 1\n# EOF`},
		{"ends in \\", `ends in \\`, `ends in \\`},
		{"ü€𝄞", "ü€𝄞", "ü€𝄞"},
	} {
		require.Equal(t, c.text, string(appendHelp(nil, c.in, Text)))
		require.Equal(t, c.openMetrics, string(appendHelp(nil, c.in, OpenMetrics)), "OpenMetrics escapes quotes too")
	}
}

func TestLabelsAreJoinedByCommas(t *testing.T) {
	require.Equal(t, `a="1",b="x\"y"`, label("a", "1", "b", `x"y`))
}

func TestNamesAreValidByPrometheusRules(t *testing.T) {
	for _, c := range []struct {
		name          string
		metric, label bool
	}{
		{"", false, false}, {"a", true, true}, {"_", true, true}, {"__a", true, true}, {"A9_z", true, true},
		{"9a", false, false}, {":a", true, false}, {"a:b", true, false}, {"a-b", false, false}, {"a b", false, false},
		{"ü", false, false}, {"a\n", false, false}, {"a\x00", false, false}, {"a=", false, false}, {`a"`, false, false},
	} {
		require.Equal(t, c.metric, ValidMetricName(c.name), "%q", c.name)
		require.Equal(t, c.label, ValidLabelName(c.name), "%q", c.name)
	}
}

func TestInvalidUTF8IsRepaired(t *testing.T) {
	require.Equal(t, "a\uFFFDb", RepairUTF8("a\xff\xfeb"))
	require.Equal(t, "\uFFFD", RepairUTF8("\xed\xa0\x80"), "a surrogate half")
	require.Equal(t, "as it is ü", RepairUTF8("as it is ü"))
	f := NewFamily("g", "bad \xff help", "", Gauge, nil)
	for fm := Text; fm <= OpenMetrics; fm++ {
		require.Contains(t, string(f.AppendHeader(nil, fm)), "bad \uFFFD help")
	}
}

func TestLabelRunesCountsCharactersNotBytes(t *testing.T) {
	require.Equal(t, 0, LabelRunes(""))
	require.Equal(t, 5, LabelRunes(label("a", "1", "b", "ü€")))
	require.Equal(t, 1+4, LabelRunes(label("a", "\n\"\\ü")))
}

func TestForeignLabelTextEndsTheLabelsAndNothingElse(t *testing.T) {
	for _, labels := range []string{"a", "a=", `a="`, `a="1`, `a="\`, `a="\"`, `a="1"b`, `=,"`, `a="1",`, ","} {
		require.NotPanics(t, func() { appendLabelPairs(nil, tagMetricLabel, labels) }, labels)
	}
}

func FuzzHelpIsOneLine(f *testing.F) {
	for _, s := range []string{"", "help", "\n", `\`, `"`, "# EOF\n", "\xff", hostile} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, help string) {
		family := NewFamily("g", help, "", Gauge, nil)
		lines := 2
		if help == "" {
			lines = 1
		}
		for fm := Text; fm <= OpenMetrics; fm++ {
			header := string(family.AppendHeader(nil, fm))
			require.Equal(t, lines, strings.Count(header, "\n"))
			require.True(t, utf8.ValidString(header))
		}
	})
}

func FuzzNames(f *testing.F) {
	for _, s := range []string{"", "a", "_9", ":a", "9", "a\n", "é", "a{"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		const first = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
		want := s != "" && strings.Trim(s, first+"0123456789") == "" && strings.ContainsRune(first, rune(s[0])) &&
			strings.Map(func(r rune) rune {
				if strings.ContainsRune(first+"0123456789", r) {
					return -1
				}
				return r
			}, s) == ""
		require.Equal(t, want, ValidLabelName(s))
		if want {
			require.True(t, ValidMetricName(s) && ValidMetricName(":"+s))
		}
	})
}
