// SPDX-License-Identifier: Apache-2.0

//go:build !race

package atomicf

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCellsDoNotAllocate(t *testing.T) {
	for name, fresh := range cells {
		for _, hot := range []bool{false, true} {
			c := fresh()
			if hot {
				mustHeat(t, c, cell.heat)
			}
			require.Zero(t, testing.AllocsPerRun(1000, func() {
				c.add(1)
				c.add(3)
				c.value()
			}), "%s, %s", name, temperature(hot))
		}
	}
	l := new(Level)
	mustHeat(t, l, (*Level).promote)
	require.Zero(t, testing.AllocsPerRun(1000, func() {
		l.Add(0.5)
		l.Load()
		l.Set(2)
		l.promote() // the row is there already
	}))
	var f Float64
	require.Zero(t, testing.AllocsPerRun(1000, func() { f.Add(f.Load()) }))
}
