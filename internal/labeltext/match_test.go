// SPDX-License-Identifier: Apache-2.0

package labeltext

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The text of one series, compared with its label set and with others.
func TestLabelsMatchTheTextThatHasExactlyThem(t *testing.T) {
	const text = `code="200",method="GET"`
	tests := []struct {
		labels []Label
		want   bool
	}{
		{[]Label{{"method", "GET"}, {"code", "200"}}, true},
		{[]Label{{"code", "200"}, {"method", "GET"}}, true},
		{[]Label{{"code", "200"}}, false},
		{[]Label{{"code", "200"}, {"method", "GET"}, {"path", "/"}}, false},
		{[]Label{{"code", "20"}, {"method", "GET"}}, false},
		{[]Label{{"code", "2000"}, {"method", "GET"}}, false},
		{[]Label{{"cod", "200"}, {"method", "GET"}}, false},
		{[]Label{{"code", "200"}, {"code2", "GET"}}, false},
		{[]Label{{"code", `200",method="GET`}}, false}, // the label of another series, which is escaped
		{[]Label{{"code", `200"`}, {"method", "GET"}}, false},
		{nil, false},
	}
	for _, test := range tests {
		require.Equal(t, test.want, MatchLabels(text, test.labels), "%q", test.labels)
	}
	require.True(t, MatchLabels("", nil))
	require.False(t, MatchLabels("", tests[0].labels))
}

// FuzzLabelSetsMatchOnlyThemselves compares texts with wanted values without their hashes, which
// otherwise keep different label sets apart.
func FuzzLabelSetsMatchOnlyThemselves(f *testing.F) {
	f.Add("GET", "200", "GET", "200")
	f.Add("x", "abcdefg", `x",b=`, "efg")    // ends at the opening quote of the next label
	f.Add("x", "b=Zhello", `x",b=`, "hello") // the same, for a map
	f.Add("x", "y", `x",b="y`, "")           // two labels in one value
	f.Add(`x\`, "y", `x\",b="y`, "")         // with escapes
	f.Add("\n", `\n`, `\n`, "\n")            //
	f.Add("", "", `"`, `"`)                  //
	f.Add(`\\`, `\"`, `\`, `"`)              //
	f.Add("a,b", `c="d"`, "a", `b,c="d"`)    //
	f.Add("0123456789abcdef", "0", "0123456789abcdef0", "")
	f.Fuzz(func(t *testing.T, a1, b1, a2, b2 string) {
		names := NewNames([]string{"a", "b"})
		want := []string{a2, b2}
		equal := a1 == a2 && b1 == b2
		first := string(Append(nil, "a", a1))
		text := string(Append([]byte(first), "b", b1))
		escaped := HasEscapes(text)

		require.Equal(t, equal, MatchValues(text, escaped, names, want), "%s and %q", text, want)
		require.Equal(t, equal, matchEscaped(text, names, want), "%s and %q, byte by byte", text, want)
		set := map[string]string{"a": a2, "b": b2}
		require.Equal(t, equal, MatchSet(text, escaped, set, 2), "%s and %q", text, set)
		if !escaped {
			require.Equal(t, equal, MatchLabels(text, []Label{{"b", b2}, {"a", a2}}), "%s and %q", text, want)
			before := Before([]string{"a", "b"})
			require.Equal(t, equal, MatchBetween(text, before, want), "%s and %q", text, want)
			require.False(t, MatchBetween(text, before[:1], want[:1]), "one label for two")
			require.False(t, MatchBetween(first, before, want), "two labels for one")
			before[0] = strings.ToUpper(before[0])
			require.False(t, MatchBetween(text, before, want), "another name")
		}
		// An open family: other names, and fewer of them.
		require.False(t, MatchSet(text, escaped, map[string]string{"a": a2}, 1), "one label for two")
		require.False(t, MatchSet(text, escaped, map[string]string{"b": b2}, 1), "one label for two")
		if !escaped {
			require.False(t, MatchLabels(text, []Label{{"a", a2}}), "one label for two")
			require.False(t, MatchLabels(text, []Label{{"b", b2}}), "one label for two")
		}
		require.False(t, MatchSet(first, HasEscapes(first), set, 2), "two labels for one")
	})
}

// Values are compared in pieces, which differ with the length.
func TestAValueOfAnyLengthMatchesItselfAndNothingElse(t *testing.T) {
	names := NewNames([]string{"a", "b"})
	for length := range 40 {
		value := strings.Repeat("0123456789abcdef", 3)[:length]
		text := string(Append(Append(nil, "a", value), "b", "x"))
		require.True(t, MatchValues(text, false, names, []string{value, "x"}), "%d bytes", length)
		for i := range length {
			other := value[:i] + "#" + value[i+1:]
			require.False(t, MatchValues(text, false, names, []string{other, "x"}), "byte %d of %d", i, length)
		}
		for _, other := range []string{value + "#", "#" + value, value + `"`, value + `",b="x`} {
			require.False(t, MatchValues(text, false, names, []string{other, "x"}), "%q", other)
		}
	}
}

// BenchmarkMatchValues compares the values of two labels, which are equal.
func BenchmarkMatchValues(b *testing.B) {
	names := NewNames([]string{"a", "b"})
	for _, value := range []string{"GET", "200-OK", "/api/items", "/api/v1/objects/by-name/of/owner"} {
		text := string(Append(Append(nil, "a", value), "b", value))
		values := []string{value, value}
		b.Run(fmt.Sprintf("%d bytes", len(value)), func(b *testing.B) {
			for b.Loop() {
				if !MatchValues(text, false, names, values) {
					b.Fatal("they are equal")
				}
			}
		})
	}
}

func TestTextHasTheLabelsOfASet(t *testing.T) {
	const text = `a="1",b="",c="x\"y",d="4"`
	for _, c := range []struct {
		set  map[string]string
		want bool
	}{
		{nil, true},
		{map[string]string{"a": "1"}, true},
		{map[string]string{"a": "2"}, false},
		{map[string]string{"a": ""}, false},
		{map[string]string{"b": ""}, true},
		{map[string]string{"b": "1"}, false},
		{map[string]string{"e": ""}, true},
		{map[string]string{"e": "1"}, false},
		{map[string]string{"c": `x"y`, "d": "4", "e": ""}, true},
		{map[string]string{"c": `x"y`, "d": "4", "e": "5"}, false},
	} {
		require.Equal(t, c.want, HasLabels(text, c.set), "%v", c.set)
	}
	require.True(t, HasLabels("", map[string]string{"a": ""}))
	require.False(t, HasLabels("", map[string]string{"a": "1"}))
}
