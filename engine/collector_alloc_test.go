// SPDX-License-Identifier: Apache-2.0

//go:build !race

package engine

import (
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFunctionsAndCollectorsCostAPageNoAllocations(t *testing.T) {
	r := NewRegistry()
	must(r.NewGaugeFunc("a", "", func() float64 { return 1 }))
	require.NoError(t, r.Register(&pool{collect: collectPool}))
	require.Zero(t, testing.AllocsPerRun(200, func() {
		if _, err := r.Expose(io.Discard, Exposition{}); err != nil {
			t.Error(err)
		}
	}))
}
