// SPDX-License-Identifier: Apache-2.0

// Package quantile estimates quantiles of a stream of observations with a guaranteed rank error,
// over a sliding window or over the whole life of the stream.
//
// It has three parts. [Objectives] says which quantiles are wanted, and how exact each must be. A
// [Window] is the state of one series: a total count, a total sum, and CKMS summaries of the last
// few minutes. A [Log] collects the observations of all windows of a program or a registry: every P
// (the scheduler's processor) appends to a buffer of its own, without locks. Full buffers are
// sorted and merged into their windows in the background, and [Log.Drain] merges the rest before
// windows are read.
//
// An observation costs a few stores (BenchmarkObserveUnsaturated) and its share of a merge
// (BenchmarkMerge). The method, the proof of its bound and the measurements are in
// docs/quantiles.md.
package quantile
