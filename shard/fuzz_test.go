// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"testing"

	"github.com/quipu-metrics/quipu/internal/labeltext"
)

// FuzzLabelSetsFindOnlyThemselves creates one label set and looks up another. Different hashes keep
// most label sets from being compared at all here. The fuzz targets of package labeltext compare
// them without hashes.
func FuzzLabelSetsFindOnlyThemselves(f *testing.F) {
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
		have, want := []string{a1, b1}, []string{a2, b2}
		equal := a1 == a2 && b1 == b2
		text := render(names, have)
		set := map[string]string{"a": a2, "b": b2}
		fam := newFamily(10, names...)
		n := fam.with(have...)
		if n.Labels != text {
			t.Fatalf("%s for %q", n.Labels, have)
		}
		found := fam.find(want)
		findable := len(a2) <= labeltext.MaxValue && len(b2) <= labeltext.MaxValue
		if (found == n) != (equal && findable) || fam.findSet(set) != found {
			t.Fatalf("%q finds %v where there is %s", want, found, text)
		}
		other := fam.with(want...)
		if (other == n) != equal {
			t.Fatalf("%q is the series of %q", want, have)
		}
	})
}
