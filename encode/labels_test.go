// SPDX-License-Identifier: Apache-2.0

package encode

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestInvalidLabelValuesAreRepaired(t *testing.T) {
	require.Equal(t, "a=\"a\uFFFDb\"", label("a", "a\xff\xfeb"))
	require.Equal(t, "a=\"\uFFFD\",b=\"x\"", label("a", "\xed\xa0\x80", "b", "x"), "a surrogate half")
	require.Equal(t, `a="as it is ü"`, label("a", "as it is ü"))
}
