// SPDX-License-Identifier: Apache-2.0

// Package native finds metrics that can move from package prometheus of quipu's contrib module to
// package engine, and makes the edits. A metric moves with all of its uses or not at all: it moves
// only if each use is of a form that means the same in engine.
//
// # What is proved
//
// A metric is held by one variable, or by one field of a struct, that no other package can name and
// that is never copied. Its name, help and options are constants, and package engine accepts them.
// It is registered with the default registry, in a way that does not depend on conditions. Lookups
// give as many values as there are labels. Additions to counters cannot be negative, and
// observations of histograms and summaries cannot be NaN.
//
// # What differs
//
// Package engine cuts label values after 1024 bytes, and repairs those that are invalid UTF-8, at
// which client_golang panics. A second metric of the same name and kind is the first one again, and
// no panic.
package native
