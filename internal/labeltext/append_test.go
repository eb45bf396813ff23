// SPDX-License-Identifier: Apache-2.0

package labeltext

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestLabelValuesEscapeWhatTheyMust(t *testing.T) {
	for _, c := range []struct{ in, value, help string }{
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
		require.Equal(t, c.value, string(AppendEscaped(nil, c.in, true)))
		require.Equal(t, c.help, string(AppendEscaped(nil, c.in, false)))
		require.Equal(t, c.in, string(AppendUnescaped(nil, c.value)))
	}
}

func TestLabelsAreJoinedByCommas(t *testing.T) {
	text := Append(Append(nil, "a", "1"), "b", `x"y`)
	require.Equal(t, `a="1",b="x\"y"`, string(text))
	require.Equal(t, `a="1",b="x\"y",c="2"`, string(AppendText(text, `c="2"`)))
	require.Equal(t, `c="2"`, string(AppendText(nil, `c="2"`)))
	require.Equal(t, `c="2"`, string(AppendText([]byte(`c="2"`), "")))
	for _, consts := range []string{"", `c="2"`} {
		require.Equal(t, len(text)+Tail(consts), len(AppendText(text, consts)))
	}
	set := map[string]string{"b": "2", "a": "1", "c": ""}
	require.Equal(t, `a="1",b="2"`, string(AppendSet(nil, set, false)))
	require.Equal(t, `a="1",b="2",c=""`, string(AppendSet(nil, set, true)))
}

func FuzzLabelTextRoundTrips(f *testing.F) {
	for _, s := range []string{"", "a", "\n", `"`, `\`, `\\"`, "} 1\n# EOF", "\x00\t\r", "\xff",
		strings.Repeat(`"`, 200)} {
		f.Add(s, "second")
		f.Add("first", s)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		a, b = Repair(a), Repair(b)
		text := string(Append(Append(nil, "a", a), "b", b))
		require.NotContains(t, text, "\n")
		require.True(t, utf8.ValidString(text))
		rest := text
		for _, want := range []Label{{"a", a}, {"b", b}} {
			var name, value string
			var size int
			var ok bool
			name, value, size, rest, ok = Next(rest)
			require.True(t, ok)
			require.Equal(t, want.Name, name)
			require.Equal(t, want.Value, string(AppendUnescaped(nil, value)))
			require.Equal(t, len(want.Value), size)
		}
		require.Empty(t, rest)
		require.Equal(t, 2+utf8.RuneCountInString(a)+utf8.RuneCountInString(b), Runes(text))

		var walked []Label
		for name, value := range All(text) {
			walked = append(walked, Label{name, value})
		}
		require.Equal(t, []Label{{"a", a}, {"b", b}}, walked)
	})
}
