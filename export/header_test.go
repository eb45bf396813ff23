// SPDX-License-Identifier: Apache-2.0

package export

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
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
		{[]string{"a"}, []element{{"a", "", 1000}}},
		{[]string{" a ;q=0.5 , b"}, []element{{"a", "q=0.5", 500}, {"b", "", 1000}}},
		{[]string{"a", "b;q=.1"}, []element{{"a", "", 1000}, {"b", "q=.1", 100}}},
		{[]string{`a;x="1,2;3";Q=0.25,b`}, []element{{"a", `x="1,2;3";Q=0.25`, 250}, {"b", "", 1000}}},
		{[]string{`a;x="\",b;q=0",c`}, []element{{"a", `x="\",b;q=0"`, 1000}, {"c", "", 1000}}},
		{[]string{`a;x="never closed, b`}, []element{{"a", `x="never closed, b`, 1000}}},
		{[]string{"a;q=zero,b"}, []element{{"b", "", 1000}}},
		{[]string{`a;q="0.5"`}, []element{{"a", `q="0.5"`, 500}}},
		{[]string{";q=1,b"}, []element{{"b", "", 1000}}},
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
