// SPDX-License-Identifier: Apache-2.0

package shard

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// Label sets of every size up to twice few find their own series only: the short way and the long
// way agree.
func TestLabelSetsOfAnySizeAreFound(t *testing.T) {
	f := newFamily(1000)
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
		series[size], sets[size] = f.withSet(set), set
		require.Equal(t, text, series[size].Labels)
		require.Equal(t, size+1, f.Len())
	}
	for size, set := range sets {
		require.Same(t, series[size], f.findSet(set), size)
		set["empty"] = "" // an empty label is an absent one
		require.Same(t, series[size], f.findSet(set), size)
		delete(set, "empty")
		set["more"] = "x"
		require.Nil(t, f.findSet(set), size)
		delete(set, "more")
		if size > 0 {
			set["l00"] = "other"
			require.Nil(t, f.findSet(set), size)
		}
	}
}
