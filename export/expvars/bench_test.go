// SPDX-License-Identifier: Apache-2.0

package expvars

import (
	"expvar"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
)

// BenchmarkScrape writes a page of a hundred numbers, of a map of a thousand, of a function that
// returns such a map, and of memstats.
func BenchmarkScrape(b *testing.B) {
	numbers, m, keys := variables{}, new(expvar.Map), map[string]int{}
	for i := range 1000 {
		m.Add(fmt.Sprint(i), 1)
		keys[fmt.Sprint(i)] = i
	}
	for i := range 100 {
		numbers[fmt.Sprint(i)] = number(int64(i))
	}
	for name, v := range map[string]variables{
		"numbers": numbers, "map": {"m": m}, "function": {"f": constant(keys)},
		"memstats": {"memstats": expvar.Get("memstats")},
	} {
		b.Run(name, func(b *testing.B) {
			s, err := newSource(v.do, []Option{WithUntyped("memstats", "memstats", "M.")})
			require.NoError(b, err)
			reg := attachedTo(b, s)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := reg.Expose(io.Discard, engine.Exposition{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
