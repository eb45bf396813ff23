// SPDX-License-Identifier: Apache-2.0

// Package snappy compresses blocks in the snappy format, which remote write requires. It only
// compresses: answers of receivers are not in this format.
//
// A block is the length of the text as a varint, and then elements. A literal is bytes as they are.
// A copy repeats bytes that stand a certain distance before. The text is compressed in pieces of
// 64 KiB, and no copy reaches into an earlier piece, so a place is 16 bits in the table of the
// matcher.
package snappy
