// SPDX-License-Identifier: Apache-2.0

package testkit

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRequireSkipsLoudlyAndFailsInCI(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv("CI", "")
	r := record(t, func(r *recorder) { Require(r, "promtool") })
	require.Contains(t, r.skipped, "apt-get install prometheus")
	require.Empty(t, r.failed)

	t.Setenv("CI", "true")
	r = record(t, func(r *recorder) { Require(r, "promtool") })
	require.Contains(t, r.failed, "apt-get install prometheus")
	require.Empty(t, r.skipped)
}

func TestRequireFindsWhatIsThere(t *testing.T) {
	require.NotEmpty(t, Require(t, "go"))
}
