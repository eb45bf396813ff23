// SPDX-License-Identifier: Apache-2.0

package producer_test

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/quipu-metrics/quipu/contrib/otel/producer"
	"github.com/quipu-metrics/quipu/engine"
)

func ExampleNew() {
	reg := engine.NewRegistry()
	jobs := engine.Must(reg.NewCounter("jobs_total", "Jobs done."))
	jobs.Add(3)

	reader := metric.NewManualReader(metric.WithProducer(producer.New(reg)))
	provider := metric.NewMeterProvider(metric.WithReader(reader))
	defer provider.Shutdown(context.Background())

	var data metricdata.ResourceMetrics
	if err := reader.Collect(context.Background(), &data); err != nil {
		panic(err)
	}
	first := data.ScopeMetrics[0].Metrics[0]
	fmt.Println(first.Name, first.Data.(metricdata.Sum[float64]).DataPoints[0].Value)
	// Output: jobs_total 3
}
