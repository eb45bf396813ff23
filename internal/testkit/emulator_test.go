// SPDX-License-Identifier: Apache-2.0

package testkit

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSelfRunsThisBinaryThroughTheEmulatorIfThereIsOne(t *testing.T) {
	self, err := os.Executable()
	require.NoError(t, err)
	t.Setenv(emulatorVariable, "")
	require.Equal(t, []string{self, "-test.v"}, Self(t, "-test.v").Args)
	t.Setenv(emulatorVariable, "qemu-aarch64")
	require.Equal(t, []string{"qemu-aarch64", self, "-test.v"}, Self(t, "-test.v").Args)
}

func TestSkipEmulatedSkipsInAnEmulatorOnly(t *testing.T) {
	skipped := func() (skipped bool) {
		t.Run("inner", func(t *testing.T) {
			defer func() { skipped = t.Skipped() }()
			SkipEmulated(t, "it is the emulator's turn in this test")
		})
		return skipped
	}
	t.Setenv(emulatorVariable, "")
	require.False(t, skipped())
	t.Setenv(emulatorVariable, "qemu-aarch64")
	require.True(t, skipped())
}
