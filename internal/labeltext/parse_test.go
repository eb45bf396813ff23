// SPDX-License-Identifier: Apache-2.0

package labeltext

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAWalkEndsAtTheFirstFault(t *testing.T) {
	for _, text := range []string{"a", "a=", `a="`, `a="1`, `a="\`, `a="\"`, `a="1"b`, `=,"`, ","} {
		for range All(text) {
			t.Errorf("there is a label in %q", text)
		}
		require.Zero(t, Runes(text))
	}
	for range All(`a="1",b="2"`) {
		break // and a walk may end early
	}
}

func TestRunesCountsCharactersNotBytes(t *testing.T) {
	require.Equal(t, 0, Runes(""))
	require.Equal(t, 5, Runes(string(Append(Append(nil, "a", "1"), "b", "ü€"))))
	require.Equal(t, 1+4, Runes(string(Append(nil, "a", "\n\"\\ü"))))
}

func TestHasFindsWholeNames(t *testing.T) {
	text := string(Append(Append(Append(nil, "a", `b="1",c`), "my.name", "x"), "last", ""))
	for _, name := range []string{"a", "my.name", "last"} {
		require.True(t, Has(text, name), name)
	}
	for _, name := range []string{"", "b", "c", "my", "name", "las", "lastt"} {
		require.False(t, Has(text, name), name)
	}
	require.False(t, Has(`a="1`, "a"))
	require.False(t, Has("", ""))
}
