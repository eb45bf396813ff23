// SPDX-License-Identifier: Apache-2.0

// Package histogram counts observations in buckets. It builds and checks bucket layouts, and keeps
// the counts of one series such that observing takes no lock, and no LOCK-prefixed instruction once
// the series is busy. In its snapshots the sum belongs to exactly the observations in the buckets.
//
// Bounds that a layout computes are rounded to 15 significant digits, so that they read well as
// labels.
//
// Users of package engine need only the layouts ([Linear], [Exponential], [ExponentialRange],
// [Default], [Must]) and [NativeDefaults]. The engine builds its histograms on [Classic] and
// [Native], which work by themselves too: see their examples.
package histogram
