// SPDX-License-Identifier: Apache-2.0

// Package export serves an engine registry over net/http.
//
// [Handler] is the scrape endpoint for the program's own server. [Service] is a small server for
// programs that have none. [Render] writes one page to any writer. [Middleware] measures the
// requests that a server receives, and [RoundTripper] those that a client sends. Nothing in this
// package registers anything globally or starts a goroutine by itself.
//
// A page is encoded in chunks straight into the response, so the memory of a scrape does not grow
// with the number of series. Slow readers cannot hold up the process, however many there are: every
// chunk has a write deadline, every scrape has a time limit, and the number of concurrent scrapes
// is bounded. Updates of metrics never wait for a scrape.
package export
