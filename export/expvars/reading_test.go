// SPDX-License-Identifier: Apache-2.0

package expvars

import (
	"expvar"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestVariablesOfEveryTypeAreShown(t *testing.T) {
	type inner struct{ C int }
	codes := new(expvar.Map)
	codes.Add("200", 7)
	codes.AddFloat("500", 0.5)
	requests := new(expvar.Map)
	requests.Set("GET", codes)
	requests.Set("total", number(9))
	requests.Set("none", nil)
	requests.Set("version", new(expvar.String))
	for name, test := range map[string]struct {
		variable expvar.Var
		want     map[string]float64
	}{
		"integer": {number(-3), map[string]float64{"{}": -3}},
		"float":   {float(0.25), map[string]float64{"{}": 0.25}},
		"string":  {new(expvar.String), map[string]float64{}},
		"maps in maps": {requests,
			map[string]float64{`{key2="200",key="GET"}`: 7, `{key2="500",key="GET"}`: 0.5, `{key="total"}`: 9}},
		"function: integer":  {constant(7), map[string]float64{"{}": 7}},
		"function: large":    {constant(uint64(math.MaxUint64)), map[string]float64{"{}": 1 << 64}},
		"function: float":    {constant(1e300), map[string]float64{"{}": 1e300}},
		"function: infinity": {constant(math.Inf(1)), map[string]float64{"{}": math.Inf(1)}},
		"function: true":     {constant(true), map[string]float64{"{}": 1}},
		"function: false":    {constant(false), map[string]float64{"{}": 0}},
		"function: string":   {constant("7"), map[string]float64{}},
		"function: nil":      {constant(nil), map[string]float64{}},
		"function: list":     {constant([]int{1, 2}), map[string]float64{}},
		"function: map": {constant(map[string]int{"b": 2, "a": 1}),
			map[string]float64{`{key="a"}`: 1, `{key="b"}`: 2}},
		"function: struct": {constant(struct {
			A    int `json:"a"`
			B    inner
			List []int
		}{A: 1, B: inner{2}}), map[string]float64{`{key="a"}`: 1, `{key2="C",key="B"}`: 2}},
		"another type": {text(` {"a": {"b": [1], "c": null, "d": 3e2, "e": "f"}, "": true} `),
			map[string]float64{`{key2="d",key="a"}`: 300, `{}`: 1}},
		"repeated keys": {text(`{"a": 1, "a": 2}`), map[string]float64{`{key="a"}`: 2}},
	} {
		t.Run(name, func(t *testing.T) {
			page := pageOf(t, attached(t, variables{"v": test.variable}))
			require.Equal(t, test.want, page.Named("expvar_v"))
			require.Zero(t, page.Value(t, "quipu_callback_failures_total", "reason", "error"))
			if len(test.want) > 0 {
				require.Equal(t, "untyped", page.Types["expvar_v"])
			}
		})
	}
}

func TestNaNIsShown(t *testing.T) {
	m := new(expvar.Map)
	m.Set("a", float(math.NaN()))
	page := pageOf(t, attached(t, variables{"f": float(math.NaN()), "g": constant(math.NaN()), "m": m}))
	for _, series := range []string{"expvar_f{}", "expvar_g{}", `expvar_m{key="a"}`} {
		require.Contains(t, page.Samples, series)
		require.True(t, math.IsNaN(page.Samples[series]), series)
	}
}

func TestWhatIsNoJSONCostsItsOwnVariable(t *testing.T) {
	for _, hostile := range []expvar.Var{
		text(""), text("{"), text("NaN"), text(`{"a": 1} x`), text("1e999"), text("\xff"), text(`{"a": 1e999}`),
		text(strings.Repeat("[", 20_000)), constant(func() {}), constant(map[string]float64{"a": math.NaN()}),
		text(strings.Repeat(" ", mostJSON) + "1"), (*expvar.Int)(nil), (*expvar.Map)(nil),
	} {
		reg := attached(t, variables{"a": number(1), "m": hostile, "z": number(2)})
		require.Equal(t, map[string]float64{"expvar_a{}": 1, "expvar_z{}": 2}, samplesOf(t, reg), "%.20q", hostile)
		require.EqualValues(t, 2, failures(t, reg), "%.20q", hostile)
	}
	m := new(expvar.Map)
	m.Set("a", number(1))
	m.Set("b", text("?"))
	m.Set("c", number(3))
	require.Equal(t, map[string]float64{`expvar_m{key="a"}`: 1, `expvar_m{key="c"}`: 3},
		samplesOf(t, attached(t, variables{"m": m})))
}

func TestAMapThatContainsItselfEnds(t *testing.T) {
	m, other := new(expvar.Map), new(expvar.Map)
	m.Set("number", number(1))
	m.Set("other", other)
	other.Set("number", number(2))
	for i := range 30 { // read along every path, they would take years
		m.Set(fmt.Sprint("self", i), m)
		other.Set(fmt.Sprint("parent", i), m)
	}
	deep := strings.Repeat(`{"a":`, mostKeys+1) + "1" + strings.Repeat("}", mostKeys+1)
	fits := strings.Repeat(`{"a":`, mostKeys) + "1" + strings.Repeat("}", mostKeys)
	reg := attached(t, variables{"m": m, "deep": text(deep), "fits": text(fits)})
	page := pageOf(t, reg)
	require.Equal(t, map[string]float64{`{key="number"}`: 1, `{key2="number",key="other"}`: 2},
		page.Named("expvar_m"))
	require.Empty(t, page.Named("expvar_deep"))
	require.Len(t, page.Named("expvar_fits"), 1)
	require.EqualValues(t, 2, failures(t, reg))
}

func TestAMapHasAsManySeriesAsItMayHave(t *testing.T) {
	const room = 10
	m, function := new(expvar.Map), map[string]int{}
	for i := range 100 {
		m.Add(fmt.Sprintf("%02d", i), int64(i))
		function[fmt.Sprintf("%02d", i)] = i
	}
	reg := attached(t, variables{"m": m, "f": constant(function), "z": number(1)}, WithMaxSeries(room))
	for range 2 { // the same ones on every page
		page := pageOf(t, reg)
		require.Len(t, page.Named("expvar_m"), room)
		require.Contains(t, page.Named("expvar_m"), `{key="09"}`)
		require.Equal(t, page.Named("expvar_m"), page.Named("expvar_f"))
		require.Len(t, page.Named("expvar_z"), 1)
	}
	require.EqualValues(t, 3, failures(t, reg))

	reg = attached(t, variables{"m": m, "f": constant(function)}, WithMaxSeries(100))
	require.Len(t, samplesOf(t, reg), 200)
	require.EqualValues(t, 0, failures(t, reg), "it has exactly the room that it needs")
}

func TestOnlyWhatIsShownTakesRoom(t *testing.T) {
	m := new(expvar.Map)
	for i := range 10 {
		m.Set(fmt.Sprint("none", i), nil)
		m.Set(fmt.Sprint("string", i), new(expvar.String))
		m.Set(fmt.Sprint("z", i%2), number(1))
	}
	json := text(`{"a": "a string", "b": {"c": "another"}, "d": 1, "e": null, "f": 2, "g": "last", "h": {}}`)
	reg := attached(t, variables{"m": m, "json": json}, WithMaxSeries(2))
	page := pageOf(t, reg)
	require.Equal(t, map[string]float64{`{key="z0"}`: 1, `{key="z1"}`: 1}, page.Named("expvar_m"))
	require.Equal(t, map[string]float64{`{key="d"}`: 1, `{key="f"}`: 2}, page.Named("expvar_json"))
	require.Zero(t, failures(t, reg))

	reg = attached(t, variables{"m": m}, WithMaxSeries(10), WithInfo("m", "m", "Strings."))
	require.Len(t, samplesOf(t, reg), 10)
	require.Zero(t, failures(t, reg))
}

// FuzzVariable wants a page that parses, whatever the name of a variable and its text.
func FuzzVariable(f *testing.F) {
	f.Add("requests", `{"GET": {"200": 7}, "a\"b\n": 1, "": true}`)
	f.Add("a.b-c", `"text"`)
	f.Add("\xff", `[1, {"a": 1e400}]`)
	f.Add("__x", `{"\u0000": -0.0, "key": {"key2": 1}}`)
	f.Fuzz(func(t *testing.T, name, json string) {
		v := variables{name: text(json), "another": number(1)}
		for prefix, option := range map[string]Option{
			"expvar_": WithInfo(name, "strings", "Strings.", "a"), "": WithPrefix(""), "x_": WithPrefix("x_"),
		} {
			samples := samplesOf(t, attached(t, v, option, WithMaxSeries(10)))
			if name != "another" {
				require.EqualValues(t, 1, samples[prefix+"another{}"])
			}
		}
	})
}
