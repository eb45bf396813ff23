// SPDX-License-Identifier: Apache-2.0

package databases

import (
	"io"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/common/expfmt"
	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/engine/collect"
)

// BenchmarkDB writes a page of the metrics of one database with each library.
func BenchmarkDB(b *testing.B) {
	db := openSQLite(b)
	b.Run("quipu", func(b *testing.B) {
		reg := engine.NewRegistry()
		require.NoError(b, collect.DB(reg, "orders", db))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := reg.Expose(io.Discard, engine.Exposition{NoSelf: true}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("client_golang", func(b *testing.B) {
		reg := prometheus.NewRegistry()
		require.NoError(b, reg.Register(collectors.NewDBStatsCollector(db, "orders")))
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
