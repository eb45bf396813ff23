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
