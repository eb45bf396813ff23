// SPDX-License-Identifier: Apache-2.0

// Package histogram counts observations in buckets: it builds and checks bucket layouts, keeps the counts of one
// series so that observing takes no lock and no LOCK-prefixed instruction once the series is busy, and hands out
// snapshots in which the sum belongs to exactly the observations in the buckets.
//
// Bounds that a layout computes are rounded to 15 significant digits, so that their labels read as one expects.
//
// Users of the engine need the layouts only ([Linear], [Exponential], [ExponentialRange], [Default], [Must]); the engine
// builds its histograms on [Classic].
package histogram
