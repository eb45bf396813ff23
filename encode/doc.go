// SPDX-License-Identifier: Apache-2.0

// Package encode writes metrics in the three formats that Prometheus reads: its text format 0.0.4,
// OpenMetrics 1.0, and delimited protobuf messages (io.prometheus.client.MetricFamily).
//
// Every function appends to a byte slice that the caller owns, and allocates nothing while the
// slice has room. Text that stays the same from scrape to scrape is rendered once: a [Family] holds
// a family's header, sample names and bucket labels, and a series keeps its label text as
// [AppendLabel] made it. A page is a sequence of families and a trailer:
//
//	for each family {
//		start := len(dst)
//		dst = family.Begin(dst, format)
//		for each series { dst = family.AppendCounter(dst, format, labels, &sample) }
//		dst = family.End(dst, start, format)
//	}
//	dst = encode.AppendTrailer(dst, format)
//
// A page may be written in pieces of bounded size. Between two series, End closes the piece, the
// caller writes dst out, and [Family.Continue] opens the next piece. (Begin would repeat the
// header.)
//
// Append functions may use the room between len(dst) and cap(dst) as scratch space, so it must
// belong to the caller. Their result never depends on how much room there is.
//
// The package works by itself: it knows nothing of registries, and package engine is one of its
// users. All functions may be called concurrently; a Family is immutable.
package encode
