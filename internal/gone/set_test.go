// SPDX-License-Identifier: Apache-2.0

package gone

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheSetOfASendHasItsSeriesOnly(t *testing.T) {
	var h set
	for i := range 10_000 {
		h.add("m", labelsOf("i", fmt.Sprint(i)))
	}
	for i := range 10_000 {
		require.True(t, h.has("m", labelsOf("i", fmt.Sprint(i))))
		require.False(t, h.has("m", labelsOf("j", fmt.Sprint(i))))
		require.False(t, h.has("n", labelsOf("i", fmt.Sprint(i))))
	}
	require.Equal(t, 10_000, h.count)
	h.reset()
	require.False(t, h.has("m", labelsOf("i", "1")))
}
