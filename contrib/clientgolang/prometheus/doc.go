// SPDX-License-Identifier: Apache-2.0

// Package prometheus is the package prometheus of client_golang with quipu underneath. A program
// moves to it by its import path:
//
//	import "github.com/quipu-metrics/quipu/contrib/clientgolang/prometheus"
//
// Every exported name of client_golang's package is here. Interfaces, options, errors, descriptors
// and constant metrics are aliases of client_golang's, so metrics and collectors of this package go
// where client_golang's go, and the other way round.
//
// These are quipu's own: counters, gauges, summaries, histograms with classic buckets, their Vecs,
// and the Registry. Their updates go to cells that spread over CPUs, their lookups take no lock,
// and package promhttp writes their series without making messages of them. An update or a lookup
// costs what it costs in package engine and an interface call (BenchmarkCounter, BenchmarkLookup,
// BenchmarkHistogram).
//
// # Rules
//
// client_golang's rules hold, not those of quipu: there is no limit of series, names may have any
// characters, a negative addition to a counter panics, and so does a lookup with a wrong number of
// values. A metric exists before it is registered, and in any number of registries. NaN goes into
// sums. Errors are client_golang's own values, or have its words.
//
// # What is client_golang's
//
// Where quipu's cells cannot keep the rules, a constructor returns client_golang's metric, which
// works in every registry: histograms with native buckets, whose resets and widening depend on
// client_golang's own state; more than 508 buckets, or bounds that are not finite; summaries with
// another AgeBuckets than the default, or objectives outside 0 to 1; and metrics whose descriptor
// has an error.
//
// # The default registry
//
// DefaultRegisterer hands collectors that are not metrics of this package on to client_golang's
// default registry, and DefaultGatherer shows that one too. So what libraries register with
// client_golang stays on the page, with its Go and process collectors.
//
// # Differences
//
// Package internal/oracle runs the same programs on both packages, and finds these differences
// only:
//
//   - Vecs have no field MetricVec.
//   - The estimates of a summary are quipu's: within the same errors, but not the same numbers.
//   - Sums may differ in the last digits, which depend on the order of additions.
//   - A counter does not start again when whole numbers have passed 2^64.
//   - A page in protobuf always has the bucket for +Inf, which Prometheus adds if there is none.
//   - Text pages write numbers as quipu does: 1 for 1.0, and -0 for 0 if a gauge is -0.
//   - A lookup of a value that is not UTF-8 finds the series if a curried Vec has made it, where
//     client_golang returns an error.
//   - Where names clash and a collector panics too, an error about a contradiction between that
//     registry's collectors may have the words of Gatherers.
//   - Which of several contradicting metrics is shown depends on chance in client_golang.
//   - When a collector of a registry that is itself registered as a collector panics, chance
//     decides in client_golang which others of that registry are shown. Metrics of this package
//     are.
package prometheus
