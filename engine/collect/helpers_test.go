// SPDX-License-Identifier: Apache-2.0

package collect

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

// pageOf parses the text page without the registry's own metrics.
func pageOf(t *testing.T, reg *engine.Registry) *testkit.Page {
	t.Helper()
	return parsed(t, reg, engine.Exposition{NoSelf: true})
}

// selfPage parses the text page with the registry's own metrics.
func selfPage(t *testing.T, reg *engine.Registry) *testkit.Page {
	t.Helper()
	return parsed(t, reg, engine.Exposition{})
}

func parsed(t *testing.T, reg *engine.Registry, exposition engine.Exposition) *testkit.Page {
	t.Helper()
	var b strings.Builder
	_, err := reg.Expose(&b, exposition)
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
	require.NoError(t, DB(reg, "orders", openDB(t, 3)))
	_, err := Logs(reg, slog.DiscardHandler)
	require.NoError(t, err)
	return reg
}
