// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMemoryInUseIsWhatIsNotAvailable(t *testing.T) {
	const text = "MemTotal:  1000 kB\nMemFree: 1 kB\nMemAvailable: 400 kB\n" +
		"SwapTotal: 50 kB\nSwapFree: 20 kB\nHugePages_Free: 0\n"
	got, err := parseMemory(text)
	require.NoError(t, err)
	require.Equal(t, memory{600 * 1024, 30 * 1024}, got)
	_, err = parseMemory("MemTotal:  1000 kB\nMemFree:\n")
	require.ErrorContains(t, err, "MemAvailable")
}

func TestCoresAreBusyWhenTheyAreNeitherIdleNorWaiting(t *testing.T) {
	const text = "cpu  9 9 9 9 9 9 9 9 9 9\ncpu0 10 1 20 60 5 1 1 2 7 0\ncpu1 0 0 0 100 0 0 0 0 0 0\nintr 1 2\n"
	got, err := parseCPU(text)
	require.NoError(t, err)
	require.Equal(t, []cpuTime{{35, 100}, {0, 100}}, got)
	_, err = parseCPU("cpu  9 9 9 9 9 9 9 9 9 9\n")
	require.Error(t, err)
	_, err = parseCPU("cpu0 10 1 20 x 5 1 1 2 7 0\n")
	require.Error(t, err)
}
