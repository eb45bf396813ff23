// SPDX-License-Identifier: Apache-2.0

// Package engine defines and updates metrics: counters, gauges, histograms and summaries, with or
// without labels.
//
//	var requests = engine.NewCounterVec("http_requests_total", "Requests served.", []string{"method", "code"})
//
//	requests.With("GET", "200").Inc()
//
// # Defining
//
// Every metric belongs to a [Registry]. The package-level constructors use [Default] and panic when
// the definition cannot work, as http.Handle and regexp.MustCompile do: a definition is part of the
// program. The methods of the same names return an error instead. Defining the same metric again
// returns the existing metric.
//
// # Updating
//
// [Counter], [Gauge], [Histogram] and [Summary] are handles of one series each. They may be kept
// and shared; all their methods may be called concurrently. An update takes no lock, allocates
// nothing and waits for nobody. An update that makes no sense (a counter decremented, a label set
// that does not fit) is dropped, counted in quipu_dropped_updates_total and logged once; in a
// registry made with [WithStrict] it panics.
//
// Looking up a series ([CounterVec.With] and similar methods) takes no lock and allocates nothing
// when the series exists. It costs several updates (BenchmarkWith), so keep the handle where that
// matters. Creating a series locks its family for a moment. The benchmarks that are named here are
// in the folder bench of the repository.
//
// # Exposing
//
// Package export serves a registry over HTTP; [Registry.Expose] writes a page to any writer.
package engine
