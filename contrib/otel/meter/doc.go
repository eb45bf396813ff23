// SPDX-License-Identifier: Apache-2.0

// Package meter implements OpenTelemetry's metric API on a registry of quipu. What a program and
// its libraries measure through OpenTelemetry stands on the registry's pages, beside the registry's
// own metrics, without OpenTelemetry's SDK:
//
//	reg := engine.NewRegistry()
//	provider, err := meter.NewProvider(reg)
//	...
//	otel.SetMeterProvider(provider)
//	http.Handle("/metrics", export.Handler(reg))
//
// # Metrics
//
// Each synchronous instrument is a metric of the registry with open label sets, and each set of
// attributes is one of its series. So the limits of series, their budget, their expiry, the reports
// of misuse and the exemplars are those of package engine. Observable instruments are a source of
// the registry: their callbacks run when a page is written or read, and at no other time.
//
// Names, labels, otel_scope_ labels and target_info are those of OpenTelemetry's exporter for
// Prometheus. Tests compare the pages of both for random programs.
//
// # Cost
//
// A measurement with a set that has been measured before takes no lock and allocates nothing:
//
//	option := metric.WithAttributeSet(attribute.NewSet(attribute.String("method", "GET")))
//	counter.Add(ctx, 1, option)
//
// The call itself allocates 16 bytes for the slice of its options, because the compiler cannot know
// what a method of an interface does with it. A slice that is made once, as in
// counter.Add(ctx, 1, options...), avoids this. WithAttributes makes a set for each call.
package meter
