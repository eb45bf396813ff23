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
	thousand, keys := new(expvar.Map), map[string]int{}
	for i := range 1000 {
		thousand.Add(fmt.Sprint(i), 1)
		keys[fmt.Sprint(i)] = i
	}
	var numbers, aMap, function, memstats expvar.Map // each has the variables of a page
	for i := range 100 {
		numbers.Add(fmt.Sprint(i), 1)
	}
	aMap.Set("m", thousand)
	function.Set("f", constant(keys))
	memstats.Set("memstats", expvar.Get("memstats"))
	for name, published := range map[string]*expvar.Map{
		"numbers": &numbers, "map": &aMap, "function": &function, "memstats": &memstats,
	} {
		b.Run(name, func(b *testing.B) {
			s, err := newSource(published.Do, []Option{WithUntyped("memstats", "memstats", "M.")})
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
