// SPDX-License-Identifier: Apache-2.0

package meter_test

import (
	"context"
	"fmt"
	"os"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/quipu-metrics/quipu/contrib/otel/meter"
	"github.com/quipu-metrics/quipu/engine"
)

// show prints the page without the registry's own metrics.
func show(reg *engine.Registry) {
	if _, err := reg.Expose(os.Stdout, engine.Exposition{NoSelf: true}); err != nil {
		fmt.Println(err)
	}
}

func ExampleNewProvider() {
	reg := engine.NewRegistry()
	provider, err := meter.NewProvider(reg, meter.WithResource(attribute.String("service.name", "shop")))
	if err != nil {
		fmt.Println(err)
		return
	}
	orders, _ := provider.Meter("example.org/shop").Int64Counter("orders", metric.WithDescription("Orders taken."))
	orders.Add(context.Background(), 1, metric.WithAttributes(attribute.String("item", "socks")))
	show(reg)
	// Output:
	// # HELP orders_total Orders taken.
	// # TYPE orders_total counter
	// orders_total{item="socks",otel_scope_name="example.org/shop",otel_scope_schema_url="",otel_scope_version=""} 1
	// # HELP target_info Target metadata
	// # TYPE target_info gauge
	// target_info{service_name="shop"} 1
}

func ExampleView() {
	reg := engine.NewRegistry()
	provider, _ := meter.NewProvider(reg,
		meter.WithoutScopeInfo(),
		meter.WithView(meter.View{Instrument: "noise.*", Drop: true}),
		meter.WithView(meter.View{
			Instrument: "latency",
			Keep:       attribute.NewDenyKeysFilter("user"),
			Bounds:     []float64{1},
		}))
	m := provider.Meter("example.org/shop")
	noise, _ := m.Int64Counter("noise.level")
	latency, _ := m.Float64Histogram("latency", metric.WithUnit("s"))
	ctx := context.Background()
	for user := range 3 {
		set := metric.WithAttributes(attribute.String("path", "/"), attribute.Int("user", user))
		latency.Record(ctx, 0.5, set)
		noise.Add(ctx, 1, set)
	}
	show(reg)
	// Output:
	// # TYPE latency_seconds histogram
	// latency_seconds_bucket{path="/",le="1"} 3
	// latency_seconds_bucket{path="/",le="+Inf"} 3
	// latency_seconds_sum{path="/"} 1.5
	// latency_seconds_count{path="/"} 3
}
