// SPDX-License-Identifier: Apache-2.0

package labeltext

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestNamesAreValidWithoutQuotesOrOnlyInThem(t *testing.T) {
	for _, c := range []struct {
		name                string
		label, metric, utf8 bool
	}{
		{"", false, false, false},
		{"a", true, true, true},
		{"_", true, true, true},
		{"__a9Z", true, true, true},
		{"9a", false, false, true},
		{":", false, true, true},
		{"a:9", false, true, true},
		{"a.b", false, false, true},
		{"a-b", false, false, true},
		{" ", false, false, true},
		{"\u00fc", false, false, true},
		{"a\n", false, false, true},
		{`"`, false, false, true},
		{"a\x00", false, false, false},
		{"\xff", false, false, false},
		{"a\xc3", false, false, false},
	} {
		require.Equal(t, c.label, ValidName(c.name), "%q", c.name)
		require.Equal(t, c.metric, ValidMetricName(c.name), "%q", c.name)
		require.Equal(t, c.utf8, ValidUTF8Name(c.name), "%q", c.name)
	}
}

func TestNamesThatNeedItStandBetweenQuotes(t *testing.T) {
	for name, want := range map[string]string{
		"a_b": `a_b`, "a.b": `"a.b"`, "a:b": `"a:b"`, `a"b`: `"a\"b"`, "a\nb": `"a\nb"`, `\`: `"\\"`, "": `""`,
	} {
		require.Equal(t, want, string(AppendName(nil, name)))
		require.Equal(t, want+`="1"`, string(Append(nil, name, "1")))
		require.Equal(t, want+`="1"`, string(NewNames([]string{name})[0].Append(nil, "1")))
	}
	for text, want := range map[string]bool{
		"": false, `a="1"`: false, `a="1",b="2"`: false, `"a.b"="1"`: true, `a="1","b.c"="2"`: true,
		`a="\",\"b=1"`: false, `a="x,"`: true, // too careful, which costs time only
	} {
		require.Equal(t, want, HasQuotedNames(text), text)
	}
	require.True(t, AnyQuoted(NewNames([]string{"a", "b.c"})))
	require.False(t, AnyQuoted(NewNames([]string{"a", "b"})))
}

func FuzzNames(f *testing.F) {
	for _, s := range []string{"a", "a_b", "a.b", "1", ":", "", `"`, `\`, "\n", `a="`, `a=`, `="`, `",b="`, "\u00fc",
		"\x00", "\xff"} {
		f.Add(s, s+"x", "value")
		f.Add("le", s, s)
	}
	label, metric := regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`), regexp.MustCompile(`^[a-zA-Z_:][a-zA-Z0-9_:]*$`)
	f.Fuzz(func(t *testing.T, a, b, value string) {
		require.Equal(t, label.MatchString(a) && a[len(a)-1] != '\n', ValidName(a))
		require.Equal(t, metric.MatchString(a) && a[len(a)-1] != '\n', ValidMetricName(a))
		if !ValidUTF8Name(a) || !ValidUTF8Name(b) {
			return
		}
		value = Repair(value)
		text := string(Append(Append(nil, a, value), b, b))
		var walked []Label
		for name, value := range All(text) {
			walked = append(walked, Label{name, value})
		}
		require.Equal(t, []Label{{a, value}, {b, b}}, walked, text)
		if ValidName(a) && ValidName(b) {
			require.Equal(t, strings.HasSuffix(value, ","), HasQuotedNames(text))
		} else {
			require.True(t, HasQuotedNames(text))
		}
		runes := utf8.RuneCountInString
		require.Equal(t, runes(a)+runes(value)+2*runes(b), Runes(text))

		names := NewNames([]string{a, b})
		require.Equal(t, text, string(names[1].Append(names[0].Append(nil, value), b)))
		require.True(t, MatchValues(text, true, names, []string{value, b}))
		for _, other := range []string{value + "x", value + `"`, `","`, b + `="`} {
			require.Equal(t, other == value, MatchValues(text, true, names, []string{other, b}))
			require.Equal(t, other == b, MatchValues(text, true, names, []string{value, other}))
		}
		if a != b {
			require.True(t, MatchSet(text, true, map[string]string{a: value, b: b}, 2))
			require.False(t, MatchSet(text, true, map[string]string{a: value, b + "x": b}, 2))
		}
	})
}
