// SPDX-License-Identifier: Apache-2.0

package bridge_test

import (
	"io"
	"strconv"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/quipu-metrics/quipu/contrib/clientgolang/bridge"
	"github.com/quipu-metrics/quipu/engine"
)

// size is the number of series of a benchmark.
const size = 10_000

func quipuCounters() *engine.Registry {
	reg := engine.NewRegistry()
	v := must(reg.NewCounterVec("requests_total", "Requests.", []string{"route"}, engine.WithMaxSeries(size)))
	for i := range size {
		v.With("/" + strconv.Itoa(i)).Add(float64(i))
	}
	return reg
}

func theirCounters() *prometheus.Registry {
	reg := prometheus.NewRegistry()
	v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "requests_total", Help: "Requests."}, []string{"route"})
	reg.MustRegister(v)
	for i := range size {
		v.WithLabelValues("/" + strconv.Itoa(i)).Add(float64(i))
	}
	return reg
}

func benchmarkGather(b *testing.B, g prometheus.Gatherer) {
	b.ReportAllocs()
	for b.Loop() {
		if families, err := g.Gather(); err != nil || len(families) != 1 || len(families[0].Metric) != size {
			b.Fatal(len(families), err)
		}
	}
}

// BenchmarkGatherer gathers 10 000 counters. /client_golang is client_golang's own registry.
func BenchmarkGatherer(b *testing.B) {
	b.Run("quipu", func(b *testing.B) {
		benchmarkGather(b, bridge.Gatherer(quipuCounters(), bridge.WithoutSelf()))
	})
	b.Run("client_golang", func(b *testing.B) { benchmarkGather(b, theirCounters()) })
}

// BenchmarkCollector gathers 10 000 counters through client_golang's registry.
func BenchmarkCollector(b *testing.B) {
	there := prometheus.NewRegistry()
	there.MustRegister(bridge.Collector(quipuCounters(), bridge.WithoutSelf()))
	benchmarkGather(b, there)
}

// BenchmarkAttach writes a page of 10 000 counters of client_golang. /gather is the part that
// client_golang has of it.
func BenchmarkAttach(b *testing.B) {
	there := theirCounters()
	b.Run("page", func(b *testing.B) {
		reg := engine.NewRegistry()
		if err := bridge.Attach(reg, there); err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			if _, err := reg.Expose(io.Discard, engine.Exposition{NoSelf: true}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("gather", func(b *testing.B) { benchmarkGather(b, there) })
}
