// SPDX-License-Identifier: Apache-2.0

// Package metricdoc generates a Markdown reference, lint findings, a Grafana dashboard and rules
// for Prometheus from the metrics of a program. It needs nothing but the metrics: they have types,
// units, labels, buckets and quantiles.
//
//	metrics := metricdoc.FromRegistry(reg) // or Parse, for a page of any program
//	os.Stdout.WriteString(metrics.Markdown())
//
// The program cmd/quipu does the same at the command line, for a URL or a file.
//
// # In tests
//
// [Golden] compares the reference of a registry with a file, so that a metric that is renamed, or
// gets a label or other buckets, shows in review:
//
//	func TestMetricsAreThoseOfTheReference(t *testing.T) {
//		metricdoc.Golden(t, newService().Registry(), "testdata/metrics.md")
//	}
//
// # What a page does not say
//
// A registry knows more than its page. Only the registry has metrics that have no series yet, the
// errors of a summary's quantiles, and in text format units and the types info and stateset. The
// text formats have no native buckets: a histogram whose only bucket is +Inf is taken for a native
// one.
//
// All functions may be called concurrently, also while the metrics of the registry are updated.
package metricdoc
