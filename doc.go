// SPDX-License-Identifier: Apache-2.0

// Package quipu is a metrics engine for Go programs that count things on their hot paths, and a
// client library for Prometheus and what speaks its formats. The package itself exports nothing;
// the work is done by
//
//   - [github.com/quipu-metrics/quipu/engine]: define and update counters, gauges,
//     histograms and summaries
//   - [github.com/quipu-metrics/quipu/export]: serve them over net/http
//
// and underneath, usable by themselves:
//
//   - [github.com/quipu-metrics/quipu/histogram]: bucket layouts and bucket counts
//   - [github.com/quipu-metrics/quipu/quantile]: quantiles of streams with a bounded error
//   - [github.com/quipu-metrics/quipu/encode]: the exposition formats, byte by byte
//   - [github.com/quipu-metrics/quipu/shard]: label sets to series
//   - [github.com/quipu-metrics/quipu/atomicf]: numbers that many CPUs update
//
// A quipu is a cord of knots with which the Inca kept their counts.
package quipu
