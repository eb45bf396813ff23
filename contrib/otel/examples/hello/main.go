// SPDX-License-Identifier: Apache-2.0

// Hello is a service that measures through OpenTelemetry's API, on a registry of quipu.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/quipu-metrics/quipu/contrib/otel/meter"
	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/export"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8000", "address to listen on")
	flag.Parse()
	if err := serve(*addr); err != nil {
		log.Fatal(err)
	}
}

func serve(addr string) error {
	reg := engine.NewRegistry()
	provider, err := meter.NewProvider(reg, meter.WithResource(attribute.String("service.name", "hello")))
	if err != nil {
		return err
	}
	otel.SetMeterProvider(provider) // libraries find it there
	hello, err := handler(otel.Meter("example.org/hello"))
	if err != nil {
		return err
	}
	http.Handle("GET /hello/{name}", hello)
	http.Handle("GET /metrics", export.Handler(reg))
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	fmt.Printf("Serving metrics on: http://%s/metrics\n", listener.Addr())
	return http.Serve(listener, nil)
}

// handler has nothing of quipu: it could be that of a library.
func handler(m metric.Meter) (http.Handler, error) {
	greetings, err := m.Int64Counter("greetings", metric.WithDescription("People greeted."))
	if err != nil {
		return nil, err
	}
	latency, err := m.Float64Histogram("latency", metric.WithUnit("s"), metric.WithDescription("Time to greet."),
		metric.WithExplicitBucketBoundaries(0.001, 0.01, 0.1))
	if err != nil {
		return nil, err
	}
	began := time.Now()
	_, err = m.Float64ObservableGauge("uptime", metric.WithUnit("s"), metric.WithDescription("Age of the service."),
		metric.WithFloat64Callback(func(_ context.Context, o metric.Float64Observer) error {
			o.Observe(time.Since(began).Seconds())
			return nil
		}))
	if err != nil {
		return nil, err
	}
	inEnglish := metric.WithAttributeSet(attribute.NewSet(attribute.String("language", "en")))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		fmt.Fprintf(w, "Hello, %s!\n", r.PathValue("name"))
		greetings.Add(r.Context(), 1, inEnglish)
		latency.Record(r.Context(), time.Since(start).Seconds(), inEnglish)
	}), nil
}
