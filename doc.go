// SPDX-License-Identifier: Apache-2.0

// Package quipu is the root of a metrics engine for Go programs that count on their hot paths. The
// engine is a client library for Prometheus, and for other systems that read its formats. The
// package itself exports nothing. Most programs use two packages:
//
//   - [github.com/quipu-metrics/quipu/engine] defines and updates counters, gauges, histograms and
//     summaries
//   - [github.com/quipu-metrics/quipu/export] serves them over net/http, and measures HTTP servers
//     and clients
//
// Beside them are
//
//   - [github.com/quipu-metrics/quipu/engine/collect]: metrics of the Go runtime, the process and
//     the build
//   - [github.com/quipu-metrics/quipu/engine/metrictest]: metrics in tests
//   - [github.com/quipu-metrics/quipu/export/push]: pushes to a Pushgateway
//
// These packages are underneath. Each can be used by itself, as its Examples show:
//
//   - [github.com/quipu-metrics/quipu/histogram]: bucket layouts and bucket counts
//   - [github.com/quipu-metrics/quipu/quantile]: quantiles of streams with a bounded error
//   - [github.com/quipu-metrics/quipu/encode]: the exposition formats, byte by byte
//   - [github.com/quipu-metrics/quipu/shard]: the map from label sets to series
//   - [github.com/quipu-metrics/quipu/atomicf]: numbers that many CPUs update
//
// A quipu is a cord of knots with which the Inca kept their counts.
package quipu
