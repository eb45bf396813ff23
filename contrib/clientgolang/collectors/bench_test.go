// SPDX-License-Identifier: Apache-2.0

package collectors

import (
	"expvar"
	"fmt"
	"io"
	"testing"

	client "github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export/expvars"
)

// hits is a map of a thousand numbers.
var hits = expvar.NewMap("bench_hits")

// BenchmarkExpvars writes a page of a map of a thousand numbers with package expvars, and with
// client_golang's collector.
func BenchmarkExpvars(b *testing.B) {
	for i := range 1000 {
		hits.Add(fmt.Sprint(i), 1)
	}
	b.Run("quipu", func(b *testing.B) {
		reg := engine.NewRegistry()
		require.NoError(b, expvars.Attach(reg, expvars.WithVariables(),
			expvars.WithUntyped("bench_hits", "hits", "Hits.", "page")))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := reg.Expose(io.Discard, engine.Exposition{NoSelf: true}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("client_golang", func(b *testing.B) {
		reg := client.NewRegistry()
		require.NoError(b, reg.Register(NewExpvarCollector(map[string]*client.Desc{
			"bench_hits": client.NewDesc("hits", "Hits.", []string{"page"}, nil)})))
		b.ReportAllocs()
		for b.Loop() {
			families, err := reg.Gather()
			if err != nil {
				b.Fatal(err)
			}
			for _, f := range families {
				if _, err := expfmt.MetricFamilyToText(io.Discard, f); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}
