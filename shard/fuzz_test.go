// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"strings"
	"testing"
)

// FuzzLabelSetsMatchOnlyThemselves compares texts with wanted values without the hashes that otherwise keep different
// label sets from meeting, and then goes through a Map.
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
		names := []string{"a", "b"}
		labels := newLabels(names)
		have, want := []string{a1, b1}, []string{a2, b2}
		equal := a1 == a2 && b1 == b2
		text := render(names, have)
		escaped := strings.IndexByte(text, '\\') >= 0

		if got := matchValues(text, escaped, labels, want); got != equal {
			t.Fatalf("%s matches %q: %v", text, want, got)
		}
		if !escaped && matchEscaped(text, labels, want) != equal {
			t.Fatalf("%s matches %q in the slow comparison", text, want)
		}
		set := map[string]string{"a": a2, "b": b2}
		if got := matchSet(text, escaped, set, 2); got != equal {
			t.Fatalf("%s matches %q: %v", text, set, got)
		}
		if !escaped && matchPairs(text, []pair{{"b", b2}, {"a", a2}}) != equal {
			t.Fatalf("%s matches the pairs of %q", text, want)
		}
		// An open family: other names, and fewer of them.
		if matchSet(text, escaped, map[string]string{"a": a2}, 1) || matchSet(text, escaped, map[string]string{"b": b2}, 1) {
			t.Fatalf("%s matches one label of two", text)
		}
		if !escaped && (matchPairs(text, []pair{{"a", a2}}) || matchPairs(text, []pair{{"b", b2}})) {
			t.Fatalf("%s matches one pair of two", text)
		}
		if matchSet(render(names[:1], have), escaped, set, 2) {
			t.Fatalf("one label matches two")
		}

		fam := newFamily(10, names...)
		n := fam.with(have...)
		if n.Labels != text {
			t.Fatalf("%s for %q", n.Labels, have)
		}
		found := fam.Find(want)
		if (found == n) != (equal && len(a2) <= MaxValue && len(b2) <= MaxValue) || fam.FindSet(set) != found {
			t.Fatalf("%q finds %v where there is %s", want, found, text)
		}
		other := fam.with(want...)
		if (other == n) != equal {
			t.Fatalf("%q is the series of %q", want, have)
		}
	})
}
