// SPDX-License-Identifier: Apache-2.0

package metricdoc

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/histogram"
)

// shop returns a registry with a metric of each kind, and series of all of them.
func shop(t testing.TB) *engine.Registry {
	reg := engine.NewRegistry()
	orders := engine.Must(reg.NewCounterVec("shop_orders_total", "Orders.", []string{"state", "code"}))
	orders.With("paid", "200").Add(7)
	orders.With("failed", "500").Add(2)
	engine.Must(reg.NewGauge("shop_queue_bytes", "Length of the queue.", engine.WithUnit("bytes"))).Set(-3.5)
	latency := engine.Must(reg.NewHistogramVec("shop_latency_seconds", "Time of an order.", []string{"route"},
		engine.WithBuckets(0.1, 0.3, 1)))
	for _, v := range []float64{0.05, 0.2, 0.2, 5} {
		latency.With("/buy").Observe(v)
	}
	engine.Must(reg.NewHistogram("shop_native_seconds", "Time, in native buckets.",
		engine.WithNative(histogram.NativeDefaults()))).Observe(2)
	sizes := engine.Must(reg.NewSummary("shop_size_bytes", "Sizes.",
		engine.WithObjectives(map[float64]float64{0.5: 0.05, 0.99: 0.001})))
	sizes.Observe(10)
	engine.Must(reg.NewGaugeVec("build_info", "The version.", []string{"version"})).With("1.2").Set(1)
	engine.Must(reg.NewCounterVec("shop_rare_total", "Events that have not come yet.", []string{"why"}))
	return reg
}

func parsed(t testing.TB, page string) *Metrics {
	m, err := Parse(page)
	require.NoError(t, err)
	return m
}

// findings returns the problems of a page as text.
func findings(t testing.TB, page string) (list []string) {
	for _, p := range parsed(t, page).Lint() {
		list = append(list, p.String())
	}
	return list
}
