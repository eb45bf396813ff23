// SPDX-License-Identifier: Apache-2.0

// Package producer hands the metrics of a registry to OpenTelemetry's SDK, for programs that keep
// its readers and exporters:
//
//	reader := metric.NewPeriodicReader(exporter, metric.WithProducer(producer.New(reg)))
//	provider := metric.NewMeterProvider(metric.WithReader(reader))
//
// The reader then exports what the registry shows, beside what the SDK measures itself. Programs
// that do not need the SDK send the same data with package export/otlp, which is cheaper.
//
// # What the SDK gets
//
//	| quipu              | metricdata                                                           |
//	| ------------------ | -------------------------------------------------------------------- |
//	| counter            | Sum[float64], cumulative and monotonic                               |
//	| gauge, untyped     | Gauge[float64]                                                       |
//	| histogram          | Histogram[float64], cumulative                                       |
//	| histogram, native  | ExponentialHistogram[float64], without classic buckets beside it     |
//	| summary            | Summary                                                              |
//	| info, stateset     | Sum[float64] that is not monotonic                                   |
//
// Names are those of the registry's pages, and units OpenTelemetry's. So exporters that add
// suffixes to names, as the one for Prometheus does, add none a second time. Labels without a value
// are left out. Exemplars have the ids of traces and spans if their labels trace_id and span_id are
// such. Sums are cumulative, whatever temporality the reader prefers, because the SDK does not
// convert them.
//
// The exporter for Prometheus shows no summaries: see [WithoutSummaries].
//
// Infinite values and NaN are passed on, but for the NaN that ends a series, which becomes another
// one. An exporter may refuse a request with them.
package producer
