// SPDX-License-Identifier: Apache-2.0

package quantile

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Windows are grouped by a hash, which two windows may share.
func TestWindowsWithEqualHashesAreToldApart(t *testing.T) {
	l := NewLog(nil)
	var w [3]Window
	for i := range w {
		w[i].Init(l, mustObjectives(t, defaults), 0)
		w[i].id = 7
	}
	for range 3 { // the table of one merge must not confuse the next one
		for i := range w {
			for range i + 1 {
				l.Observe(&w[i], float64(i))
			}
		}
		l.Drain()
	}
	for i := range w {
		_, count, sum := w[i].Snapshot(nil)
		require.Equal(t, uint64(3*(i+1)), count)
		require.Equal(t, float64(3*(i+1)*i), sum)
	}
}
