// SPDX-License-Identifier: Apache-2.0

// Package bridge connects quipu and github.com/prometheus/client_golang, in both directions.
//
//   - [Gatherer] and [Collector] show the metrics of a quipu registry to client_golang: to
//     promhttp, to its push package, to testutil, and to any library that takes a Gatherer or a
//     Registerer.
//   - [Attach] shows everything that is registered with client_golang on the pages of a quipu
//     registry, in every format that quipu has.
//
// # What is shown
//
// Counters, gauges, untyped metrics, classic and native histograms and summaries are shown as what
// they are, with help, unit, exemplars, times of creation and timestamps. The types info and state
// set, which client_golang does not have, become gauges, as they do in Prometheus' own text format.
// Every value of client_golang is a float64, so a counter above 2^53 is rounded there to the next
// float64. Names that are no identifiers pass through Gatherer and Collector. Attach shows them if
// the registry has [engine.WithUTF8Names].
//
// # Both directions at once
//
// A program may register Collector(reg) with client_golang, and attach the same client_golang
// registry to reg. Gatherer and Collector never show what Attach has brought into a registry,
// whether into the registry itself or into one that is mounted there: what came from client_golang
// does not go back. So no chain of bridges calls itself, nothing waits for itself, and nothing is
// shown twice. Each page has all metrics of both registries. What the page of reg gets back of its
// own loses against the original; it is counted in quipu_source_drops_total.
//
// If a Gatherer is to show the metrics of both, list both:
//
//	prometheus.Gatherers{bridge.Gatherer(reg), prometheus.DefaultGatherer}
//
// # Cost
//
// The form of client_golang is messages, several for each series. Gatherer and Collector allocate
// them in blocks: one allocation for each series of a counter with one label. For Collector
// client_golang's registry adds two. Attach allocates nothing for a series beside what Gather does.
// BenchmarkGatherer, BenchmarkCollector and BenchmarkAttach measure it.
package bridge
