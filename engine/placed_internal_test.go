// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// hasName searches the sorted families; it must find exactly the names that definitions claim.
func TestLookingUpNamesAgreesWithTheirClaims(t *testing.T) {
	r := NewRegistry()
	for i, name := range []string{"a", "a_total", "b_total", "bb_total", "c", "cc", "c_sum_x",
		"d_count", "d", "z_created"} {
		var err error
		switch i % 4 {
		case 0:
			_, err = r.NewHistogram("h_"+name, "")
		case 1:
			_, err = r.NewSummary("s_"+name, "")
		case 2:
			_, err = r.NewCounter("c_"+name, "")
		default:
			_, err = r.NewGauge("g_"+name, "")
		}
		require.NoError(t, err)
		_, err = r.NewCounter(name, "")
		require.NoError(t, err)
	}
	families := r.list().families
	claims := map[string]bool{}
	for _, p := range families {
		for _, name := range p.def.samples() {
			claims[name] = true
		}
	}
	for name := range claims {
		require.True(t, hasName(families, name), name)
		for _, suffix := range []string{"_count", "_sum", "_bucket", "_created", "_total", "x"} {
			require.Equal(t, claims[name+suffix], hasName(families, name+suffix), name+suffix)
			cut := strings.TrimSuffix(name, suffix)
			require.Equal(t, claims[cut], hasName(families, cut), cut)
		}
	}
	require.Zero(t, testing.AllocsPerRun(100, func() { hasName(families, "h_a_bucket_created") }))
}
