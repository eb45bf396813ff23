// SPDX-License-Identifier: Apache-2.0

// Package pagezip compresses pages of metrics: it writes gzip, as every standard reader reads it,
// and it knows that a line of a page is the line before it but for a label value and some digits.
//
// A general compressor looks every few bytes for text that it has seen, in a large table. The
// matcher of this package goes along an earlier line instead and compares eight bytes at a time. It
// looks around only where the two differ, in three gears: past a few bytes that differ, in a small
// table of the places where earlier lines differed, and behind the next quote, space or line end of
// both lines. See matcher.
//
// Any bytes may be written, not only pages. What does not shrink is stored, at a cost of ten bytes
// in 96 KiB.
package pagezip
