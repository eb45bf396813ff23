// SPDX-License-Identifier: Apache-2.0

package labeltext

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNamesAreEscapedAsPrometheusDoes(t *testing.T) {
	for _, c := range []struct{ name, underscores, dots, values string }{
		{"a.b", "a_b", "a_dot_b", "U__a_2e_b"},
		{"a.b_c", "a_b_c", "a_dot_b__c", "U__a_2e_b__c"},
		{"1a", "_a", "__a", "U___31_a"},
		{"a1.1", "a1_1", "a1_dot_1", "U__a1_2e_1"},
		{"a b", "a_b", "a__b", "U__a_20_b"},
		{"\u00fc", "_", "__", "U___fc_"},
		{"\U0001d11e", "_", "__", "U___1d11e_"},
		{"..name..", "__name__", "_dot__dot_name_dot__dot_", "U___2e__2e_name_2e__2e_"},
	} {
		for e, want := range []string{c.underscores, c.dots, c.values} {
			require.Equal(t, want, string(AppendEscapedName(nil, c.name, Escaping(e), true)))
			require.Equal(t, want, string(AppendEscapedName(nil, c.name, Escaping(e), false)))
			require.True(t, ValidName(want))
		}
	}
	require.Equal(t, "a:b_c", string(AppendEscapedName(nil, "a:b.c", Underscores, true)))
	require.Equal(t, "a_b_c", string(AppendEscapedName(nil, "a:b.c", Underscores, false)), "labels have no colons")
}

func TestLabelsAreEscapedAndNoneIsThereTwice(t *testing.T) {
	for _, c := range []struct{ text, underscores, dots, values string }{
		{"", "", "", ""},
		{`a="1",b_c="2"`, `a="1",b_c="2"`, `a="1",b_c="2"`, `a="1",b_c="2"`},
		{`"a.b"="x\"\\,\n",c="2"`, `a_b="x\"\\,\n",c="2"`, `a_dot_b="x\"\\,\n",c="2"`, `U__a_2e_b="x\"\\,\n",c="2"`},
		{`"a\"b"="1"`, `a_b="1"`, `a__b="1"`, `U__a_22_b="1"`},
		{`a_b="\"=,1","a.b"="2",c="3"`, `a_b="\"=,1",c="3"`, `a_b="\"=,1",a_dot_b="2",c="3"`,
			`a_b="\"=,1",U__a_2e_b="2",c="3"`},
		{`"a b"="1","a-b"="2"`, `a_b="1"`, `a__b="1"`, `U__a_20_b="1",U__a_2d_b="2"`},
		{`"..name.."="1",a="2"`, `a="2"`, `_dot__dot_name_dot__dot_="1",a="2"`, `U___2e__2e_name_2e__2e_="1",a="2"`},
	} {
		for e, want := range []string{c.underscores, c.dots, c.values} {
			require.Equal(t, want, string(AppendEscapedNames(nil, c.text, Escaping(e))))
			require.Equal(t, "before"+want, string(AppendEscapedNames([]byte("before"), c.text, Escaping(e))))
		}
	}
}

func TestNamesThatEscapeAlikeAreFound(t *testing.T) {
	const underscores, dots, values = 1 << Underscores, 1 << Dots, 1 << Values
	for _, c := range []struct {
		names []string
		want  uint8
	}{
		{nil, 0},
		{[]string{"a", "b"}, 0},
		{[]string{"a.b"}, 0},
		{[]string{"a.b", "a_c"}, 0},
		{[]string{"a.b", "a_b"}, underscores},
		{[]string{"a_b", "x", "a.b"}, underscores},
		{[]string{"a.b", "a_dot_b"}, dots},
		{[]string{"a.b", "U__a_2e_b"}, values},
		{[]string{"a b", "a-b"}, underscores | dots},
		{[]string{"..name.."}, underscores},
		{[]string{"\u00fc\u00fcname\u00fc\u00fc"}, underscores},
		{[]string{"a.b", "a-b", "a_dot_b", "U__a_2e_b"}, underscores | dots | values},
	} {
		require.Equal(t, c.want, AlikeNames(c.names), "%q", c.names)
		require.Equal(t, c.want, AlikeNames(c.names[:len(c.names)/2], c.names[len(c.names)/2:]), "%q", c.names)
	}
}

// FuzzEscapedNames checks that escaped text is label text with valid names, of which none is there
// twice, and with the values that it had.
func FuzzEscapedNames(f *testing.F) {
	f.Add("a.b", "a_b", "..name..")
	f.Add("\u00fc", `"`, "\n")
	f.Add("=", `",`, `,"`)
	f.Add("a", "b", "c")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		names := []string{a, b, c}
		var text []byte
		for _, name := range names {
			if !ValidUTF8Name(name) {
				return
			}
			text = Append(text, name, name)
		}
		alike := AlikeNames(names)
		for e := range Escapings {
			seen := map[string]bool{nameLabel: true}
			at, left := 0, 0
			for name, value := range All(string(AppendEscapedNames(nil, string(text), e))) {
				require.True(t, ValidName(name))
				require.False(t, seen[name])
				seen[name] = true
				for ; names[at] != value; at++ { // left out
				}
				want := value
				if !ValidName(value) {
					want = string(AppendEscapedName(nil, value, e, false))
				}
				require.Equal(t, want, name)
				left++
			}
			if a != b && b != c && a != c && !ValidName(a) {
				require.Equal(t, left < 3, alike>>e&1 == 1)
			}
		}
	})
}
