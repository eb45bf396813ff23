// SPDX-License-Identifier: Apache-2.0

//go:build !race

package engine

import (
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

// A call is an object and a channel, a collector's call has an Emission besides, and a page that waits has a timer. None
// of these can be used again: see runner, Emission and waiter.
const (
	allocsPerFunction  = 2
	allocsPerCollector = 3
	allocsPerWait      = 3
)

func TestAPageAllocatesAFixedNumberForFunctionsAndCollectors(t *testing.T) {
	page := func(r *Registry) float64 {
		return testing.AllocsPerRun(200, func() {
			if _, err := r.Expose(io.Discard, Exposition{}); err != nil {
				t.Error(err)
			}
		})
	}
	r := NewRegistry()
	require.Zero(t, page(r))
	for i := range 10 {
		must(r.NewGaugeFunc(fmt.Sprint("f", i), "", func() float64 { return 1 }))
		require.LessOrEqual(t, page(r), float64((i+1)*allocsPerFunction+allocsPerWait))
	}
	series := 0
	require.NoError(t, r.Register(&pool{collect: func(p *pool, e *Emission) {
		collectPool(p, e)
		for i := range series {
			e.Emit(p.size, 1, numbers[i])
		}
	}}))
	for _, series = range []int{0, len(numbers)} {
		page(r) // the buffer grows
		require.LessOrEqual(t, page(r), float64(10*allocsPerFunction+allocsPerCollector+allocsPerWait), "%d series", series)
	}
}
