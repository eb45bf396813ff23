// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/labeltext"
)

// tricky values could confuse a comparison with rendered text.
var tricky = []string{
	"", "a", "ab", "GET", "200", `"`, `\`, "\n", `\\`, `\"`, `\n`, `n`, "\\\n", `","`, `",b="`, `x",b="y`, `x",b=`,
	`a="x"`, `="`, `=`, `,`, `"}`, `} 1`, "é", "日本語", "\x00",
	strings.Repeat("x", 16), strings.Repeat("x", 17), strings.Repeat(`\`, 20),
}

// constantLabels are constant labels for families, with their text.
var constantLabels = []struct {
	labels map[string]string
	text   string
}{

	{nil, ""},
	{map[string]string{"zone": "eu"}, `zone="eu"`},
	{map[string]string{"q": `a"b`}, `q="a\"b"`},
}

func joined(variable, consts string) string {
	if variable == "" || consts == "" {
		return variable + consts
	}
	return variable + "," + consts
}

func TestFindReturnsTheSeriesThatWasCreatedWithEqualValues(t *testing.T) {
	for _, consts := range constantLabels {
		for _, names := range [][]string{{"a"}, {"a", "b"}, {"method", "b"}, {"b", "method"}} {
			t.Run(fmt.Sprint(names, consts.text), func(t *testing.T) {
				f := newFamily(1<<20, names...).withConsts(consts.labels)
				var tuples [][]string
				for _, a := range tricky {
					if len(names) == 1 {
						tuples = append(tuples, []string{a})
						continue
					}
					for _, b := range tricky {
						tuples = append(tuples, []string{a, b})
					}
				}
				created := make([]*Node, len(tuples))
				for i, values := range tuples {
					require.Nil(t, f.find(values), "%q is there before it was created", values)
					created[i] = f.with(values...)
					require.Equal(t, joined(render(names, values), consts.text), created[i].Labels)
				}
				require.Equal(t, len(tuples), f.Len())
				for i, values := range tuples {
					require.Same(t, created[i], f.find(values), "%q", values)
					set := make(map[string]string)
					for k, name := range names {
						set[name] = values[k]
					}
					require.Same(t, created[i], f.findSet(set), "the map form of %q", values)
				}
				require.Len(t, f.walk(t), len(tuples))
			})
		}
	}
}

func TestFindWantsTheDeclaredLabels(t *testing.T) {
	f := newFamily(100, "a", "b")
	n := f.with("1", "2")
	require.Nil(t, f.find(nil))
	require.Nil(t, f.find([]string{"1"}))
	require.Nil(t, f.find([]string{"1", "2", ""}))
	require.Nil(t, f.find([]string{"2", "1"}))
	require.Nil(t, f.findSet(nil))
	require.Nil(t, f.findSet(map[string]string{"a": "1"}))
	require.Nil(t, f.findSet(map[string]string{"a": "1", "c": "2"}))
	require.Nil(t, f.findSet(map[string]string{"a": "1", "b": "2", "c": ""}))
	require.Same(t, n, f.findSet(map[string]string{"b": "2", "a": "1"}))

	long := strings.Repeat("x", labeltext.MaxValue+1)
	require.Nil(t, f.find([]string{long, ""}))
	require.Nil(t, f.findSet(map[string]string{"a": long, "b": ""}))
	require.Same(t, f.with(long[1:], ""), f.find([]string{long[1:], ""}), "%d bytes are found", labeltext.MaxValue)
}

func TestAFamilyWithoutLabelsHasOneSeries(t *testing.T) {
	for _, consts := range constantLabels {
		f := newFamily(10, []string{}...)
		f.config.Names = []string{} // not open, and without a name
		f.withConsts(consts.labels)
		n := f.with()
		require.Equal(t, consts.text, n.Labels)
		require.Same(t, n, f.find(nil))
		require.Same(t, n, f.findSet(nil))
		require.Same(t, n, f.with())
		require.Equal(t, 1, f.Len())
		require.True(t, f.Delete(n))
		require.Nil(t, f.find(nil))
	}
}

func TestOpenMapsTakeAnyLabelsAndNoEmptyOnes(t *testing.T) {
	for _, consts := range constantLabels {
		f := newFamily(1 << 20).withConsts(consts.labels)
		sets := []map[string]string{{}}
		for _, a := range tricky[1:] {
			sets = append(sets, map[string]string{"a": a}, map[string]string{"b": a})
			for _, b := range tricky[1:] {
				sets = append(sets, map[string]string{"a": a, "b": b}, map[string]string{"a": a, "bb": b})
			}
		}
		for i, set := range sets {
			require.Nil(t, f.findSet(set), "%q is there before it was created", set)
			n := f.withSet(set)
			require.Equal(t, i+1, f.Len())
			require.Same(t, n, f.findSet(set))
			set["empty"] = ""
			require.Same(t, n, f.findSet(set), "an empty label is an absent one")
			require.Same(t, n, f.withSet(set))
		}
		require.Nil(t, f.findSet(map[string]string{"a": strings.Repeat("x", labeltext.MaxValue+1)}))
		require.Len(t, f.walk(t), len(sets))
	}
}

// Names that are no identifiers stand between quotes in the text of labels.
func TestSeriesWithQuotedNamesAreFoundAsOthersAre(t *testing.T) {
	names := []string{"http.method", `odd"\=name`, "code"}
	values := []string{"", "GET", "x,", `quote"`, `back\slash`, "new\nline", `","code"="`, `"http.method"="`}
	for name, fam := range map[string]*family{
		"declared": newFamily(1000, names...),
		"open":     newFamily(1000),
		"constant": newFamily(1000, names...).withConsts(map[string]string{"my.const": `a",b="`}),
	} {
		t.Run(name, func(t *testing.T) {
			created := make(map[[3]string]*Node)
			each := func(visit func(set map[string]string, values [3]string)) {
				for _, a := range values {
					for _, b := range values {
						for _, c := range values {
							visit(map[string]string{names[0]: a, names[1]: b, names[2]: c}, [3]string{a, b, c})
						}
					}
				}
			}
			each(func(set map[string]string, v [3]string) {
				require.Nil(t, fam.findSet(set))
				created[v] = fam.withSet(set)
			})
			require.Len(t, fam.walk(t), len(created))
			each(func(set map[string]string, v [3]string) {
				require.Same(t, created[v], fam.findSet(set))
				if !fam.open {
					require.Same(t, created[v], fam.find(v[:]))
				}
				require.Same(t, created[v], fam.withSet(set))
			})
			each(func(set map[string]string, v [3]string) {
				require.True(t, fam.Delete(created[v]))
				require.Nil(t, fam.findSet(set))
			})
			require.Empty(t, fam.walk(t))
		})
	}
	n := newFamily(10, names...).with("GET", `1"`, "2")
	require.Equal(t, `"http.method"="GET","odd\"\\=name"="1\"",code="2"`, n.Labels)
}
