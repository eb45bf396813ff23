// SPDX-License-Identifier: Apache-2.0

package databases

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

// textOf returns the text page without the registry's own metrics.
func textOf(t testing.TB, reg *engine.Registry) string {
	t.Helper()
	var b strings.Builder
	_, err := reg.Expose(&b, engine.Exposition{NoSelf: true})
	require.NoError(t, err)
	return b.String()
}

func pageOf(t testing.TB, reg *engine.Registry) *testkit.Page {
	t.Helper()
	page, err := testkit.ParsePage(textOf(t, reg))
	require.NoError(t, err)
	return page
}
