// SPDX-License-Identifier: Apache-2.0

package producer_test

import (
	"fmt"
	"testing"

	"github.com/quipu-metrics/quipu/contrib/otel/producer"
	"github.com/quipu-metrics/quipu/engine"
)

func BenchmarkProduce(b *testing.B) {
	const series = 100_000
	reg := engine.NewRegistry()
	v := engine.Must(reg.NewCounterVec("c_total", "", []string{"a", "b", "c"}, engine.WithMaxSeries(series)))
	for i := range series {
		v.With(fmt.Sprint(i%10), fmt.Sprint(i%1000), fmt.Sprint(i)).Inc()
	}
	p := producer.New(reg)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Produce(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/series, "ns/series")
}
