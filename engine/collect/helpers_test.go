// SPDX-License-Identifier: Apache-2.0

package collect

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

// pageOf parses the text page without the registry's own metrics.
func pageOf(t *testing.T, reg *engine.Registry) *testkit.Page {
	t.Helper()
	var b strings.Builder
	_, err := reg.Expose(&b, engine.Exposition{NoSelf: true})
	require.NoError(t, err)
	page, err := testkit.ParsePage(b.String())
	require.NoError(t, err)
	return page
}

// everything returns a registry with all metrics of the package.
func everything(t testing.TB) *engine.Registry {
	t.Helper()
	reg := engine.NewRegistry()
	require.NoError(t, Go(reg))
	require.NoError(t, Process(reg))
	require.NoError(t, Build(reg))
	return reg
}
