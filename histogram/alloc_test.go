// SPDX-License-Identifier: Apache-2.0

//go:build !race

package histogram

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestObserveAndSnapshotDoNotAllocate(t *testing.T) {
	for name, c := range map[string]*Classic{"hot": newHot(t), "cold": newColdForever(), "roomless": newRoomless()} {
		t.Run(name, func(t *testing.T) {
			require.Zero(t, testing.AllocsPerRun(1000, func() { c.Observe(1) }))
			counts, _, _ := c.Snapshot(nil)
			require.Zero(t, testing.AllocsPerRun(1000, func() { counts, _, _ = c.Snapshot(counts) }))
		})
	}
}

func TestNativeObserveAndSnapshotDoNotAllocate(t *testing.T) {
	n := newNative(t, NativeDefaults())
	for _, v := range benchValues() {
		n.Observe(v)
	}
	require.Zero(t, testing.AllocsPerRun(1000, func() { n.Observe(0.3) }))
	var s NativeSnapshot
	n.Snapshot(&s)
	require.Zero(t, testing.AllocsPerRun(1000, func() { n.Snapshot(&s) }))
}
