// SPDX-License-Identifier: Apache-2.0

package export

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/encode"
)

func TestWeightsAreReadAsTheRFCSays(t *testing.T) {
	for _, tt := range []struct {
		text string
		want int
		ok   bool
	}{
		{"1", 1000, true},
		{"1.0", 1000, true},
		{"1.000", 1000, true},
		{"1.", 1000, true},
		{"0", 0, true},
		{"0.0", 0, true},
		{"0.5", 500, true},
		{"0.75", 750, true},
		{"0.001", 1, true},
		{".2", 200, true},
		{"0.0009", 0, true},
		{"0.99999999999999999999", 999, true},
		{"", 0, false},
		{".", 0, false},
		{"1.001", 0, false},
		{"1.5", 0, false},
		{"2", 0, false},
		{"-1", 0, false},
		{"-0.5", 0, false},
		{"+1", 0, false},
		{"NaN", 0, false},
		{"1e0", 0, false},
		{"0.5x", 0, false},
		{"0.-5", 0, false},
		{"00.5", 0, false},
		{"0,5", 0, false},
	} {
		got, ok := parseWeight(tt.text)
		require.Equal(t, tt.ok, ok, "%q", tt.text)
		if ok {
			require.Equal(t, tt.want, got, "%q", tt.text)
		}
	}
}

func TestListElementsAreSplitOutsideOfQuotes(t *testing.T) {
	for _, tt := range []struct {
		lines []string
		want  []element
	}{
		{nil, nil},
		{[]string{""}, nil},
		{[]string{" , ,\t,"}, nil},
		{[]string{"a"}, []element{{value: "a", params: "", weight: 1000}}},
		{[]string{" a ;q=0.5 , b"}, []element{
			{value: "a", params: "q=0.5", weight: 500},
			{value: "b", params: "", weight: 1000},
		}},
		{[]string{"a", "b;q=.1"}, []element{
			{value: "a", params: "", weight: 1000},
			{value: "b", params: "q=.1", weight: 100},
		}},
		{[]string{`a;x="1,2;3";Q=0.25,b`}, []element{
			{value: "a", params: `x="1,2;3";Q=0.25`, weight: 250},
			{value: "b", params: "", weight: 1000},
		}},
		{[]string{`a;x="\",b;q=0",c`}, []element{
			{value: "a", params: `x="\",b;q=0"`, weight: 1000},
			{value: "c", params: "", weight: 1000},
		}},
		{[]string{`a;x="never closed, b`}, []element{{value: "a", params: `x="never closed, b`, weight: 1000}}},
		{[]string{"a;q=zero,b"}, []element{{value: "b", params: "", weight: 1000}}},
		{[]string{`a;q="0.5"`}, []element{{value: "a", params: `q="0.5"`, weight: 500}}},
		{[]string{`a;escaping=values;q=0.5,b;Escaping="dots";escaping=none`}, []element{
			{value: "a", params: "escaping=values;q=0.5", weight: 500, escaping: encode.ValuesEscaping, stated: true},
			{
				value: "b", params: `Escaping="dots";escaping=none`, weight: 1000,
				escaping: encode.DotsEscaping, stated: true,
			},
		}},
		{[]string{";q=1,b"}, []element{{value: "b", params: "", weight: 1000}}},
	} {
		var got []element
		eachElement(tt.lines, func(e element) { got = append(got, e) })
		require.Equal(t, tt.want, got, "%q", tt.lines)
	}
}

func TestHeadersBeyondAllReasonAreNotReadToTheEnd(t *testing.T) {
	n := 0
	count := func(element) { n++ }
	eachElement([]string{strings.Repeat("a,", maxElements*2)}, count)
	require.Equal(t, maxElements, n)

	n = 0
	many := make([]string, maxElements*2)
	for i := range many {
		many[i] = "a"
	}
	eachElement(many, count)
	require.Equal(t, maxElements, n)

	n = 0
	eachElement([]string{"a;x=" + strings.Repeat("y", maxLineBytes), "b"}, count)
	require.Equal(t, 1, n, "the long line is left out, the other one counts")
}
