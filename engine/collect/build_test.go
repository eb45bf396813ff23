// SPDX-License-Identifier: Apache-2.0

package collect

import (
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

func TestBuildInfoSaysWhatWasBuilt(t *testing.T) {
	reg := engine.NewRegistry()
	require.NoError(t, Build(reg))
	require.NoError(t, Build(reg), "a second call changes nothing")
	build, ok := debug.ReadBuildInfo()
	require.True(t, ok)
	require.EqualValues(t, 1, pageOf(t, reg).Value(t, "go_build_info", "path", orUnknown(build.Main.Path),
		"version", orUnknown(build.Main.Version), "checksum", orUnknown(build.Main.Sum)))
}
