// SPDX-License-Identifier: Apache-2.0

// Package promhttp is client_golang's package promhttp for registries of package prometheus of this
// module, and for any other Gatherer.
//
// The handlers are quipu's. They negotiate formats and encodings, treat errors, and write headers
// as client_golang's do. The metrics of a [prometheus.Registry] of this module go to the response
// without messages in between, and gzip is made for pages (BenchmarkScrape). Everything else is
// client_golang's, and the types are aliases.
//
// client_golang's handlers offer zstd when a program imports its package promhttp/zstd, and so do
// these. Such a response is client_golang's.
package promhttp
