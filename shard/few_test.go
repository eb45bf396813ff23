// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// The text of one series and label sets that are and are not it.
func TestPairsMatchTheTextThatHasExactlyThem(t *testing.T) {
	const text = `code="200",method="GET"`
	tests := []struct {
		pairs []pair
		want  bool
	}{
		{[]pair{{"method", "GET"}, {"code", "200"}}, true},
		{[]pair{{"code", "200"}, {"method", "GET"}}, true},
		{[]pair{{"code", "200"}}, false},
		{[]pair{{"code", "200"}, {"method", "GET"}, {"path", "/"}}, false},
		{[]pair{{"code", "20"}, {"method", "GET"}}, false},
		{[]pair{{"code", "2000"}, {"method", "GET"}}, false},
		{[]pair{{"cod", "200"}, {"method", "GET"}}, false},
		{[]pair{{"code", "200"}, {"code2", "GET"}}, false},
		{[]pair{{"code", `200",method="GET`}}, false}, // the label of another series, which is escaped
		{[]pair{{"code", `200"`}, {"method", "GET"}}, false},
		{nil, false},
	}
	for _, test := range tests {
		require.Equal(t, test.want, matchPairs(text, test.pairs), "%q", test.pairs)
	}
	require.True(t, matchPairs("", nil))
	require.False(t, matchPairs("", tests[0].pairs))
}

// Sets of every size up to twice few are found, and only they are: the short way and the long way agree.
func TestLabelSetsOfAnySizeAreFound(t *testing.T) {
	m := NewMap(nil, true, 0, 1000, nil)
	series := make([]*Node, 2*few+1)
	sets := make([]map[string]string, len(series))
	for size := range series {
		text, set := "", map[string]string{}
		for i := range size {
			if i > 0 {
				text += ","
			}
			name, value := fmt.Sprintf("l%02d", i), fmt.Sprint("v", i)
			text += name + `="` + value + `"`
			set[name] = value
		}
		series[size], sets[size] = &Node{Labels: text}, set
		require.Same(t, series[size], m.Insert(series[size], nil))
	}
	for size, set := range sets {
		require.Same(t, series[size], m.FindSet(set), size)
		set["empty"] = "" // an empty label is an absent one
		require.Same(t, series[size], m.FindSet(set), size)
		delete(set, "empty")
		set["more"] = "x"
		require.Nil(t, m.FindSet(set), size)
		delete(set, "more")
		if size > 0 {
			set["l00"] = "other"
			require.Nil(t, m.FindSet(set), size)
		}
	}
}
