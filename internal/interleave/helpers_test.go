// SPDX-License-Identifier: Apache-2.0

package interleave

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// outcomes runs a program in all orders, and counts the orders that led to each outcome.
func outcomes(t *testing.T, o options, setup func(w *World) (report func() string)) map[string]int {
	t.Helper()
	seen := make(map[string]int)
	result := explore(o, func(w *World) {
		report := setup(w)
		w.Check(func() string {
			seen[report()]++
			return ""
		})
	})
	require.Empty(t, result.Fault)
	return seen
}

func swap(p *uint64, v uint64) { Write(p); *p = v }

func add(p *uint64, n uint64) uint64 { Write(p); *p += n; return *p }
