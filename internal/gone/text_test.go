// SPDX-License-Identifier: Apache-2.0

package gone

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLabelsReadBackFromTheirText(t *testing.T) {
	want := [][2]string{{"a", ""}, {"", "b"}, {"c\x00", strings.Repeat("d", 300)}, {"é", "\xff"}}
	var text []byte
	for _, l := range want {
		text = AppendLabel(text, l[0], l[1])
	}
	require.Equal(t, AppendPart(nil, "ab", "cd"), AppendPart(nil, "abcd", ""))
	for _, l := range want {
		var name, value []byte
		name, value, text = NextLabel(text)
		require.Equal(t, l, [2]string{string(name), string(value)})
	}
	require.Empty(t, text)
}
