// SPDX-License-Identifier: Apache-2.0

// Package quantile estimates quantiles of a stream of observations with a guaranteed rank error, over a sliding window
// or over the stream's whole life, at a few nanoseconds per observation.
//
// There are three parts. [Objectives] says which quantiles are wanted and how exact each must be. A [Window] is the state
// of one series: a total count, a total sum, and CKMS summaries of the last few minutes. A [Log] collects observations
// for all windows of a registry: every CPU appends to a buffer of its own, without locks, and whole buffers are sorted
// and merged into their windows in the background and at every scrape.
//
// The method, the proof of its bound and the measurements are in docs/quantiles.md.
package quantile
