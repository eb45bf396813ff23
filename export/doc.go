// SPDX-License-Identifier: Apache-2.0

// Package export serves an engine registry over net/http.
//
// [Handler] is the scrape endpoint for a server of one's own, [Service] is a small server for programs that have none,
// and [Render] writes one page to any writer. They register nothing globally and start nothing by themselves.
//
// A page is encoded in chunks straight into the response, so a scrape's memory does not grow with the number of
// series, and neither a slow reader nor many of them can hold the process: every chunk has a write deadline, every
// scrape a time limit, and the number of scrapes at work is bounded. Writers of metrics never wait for any of it.
package export
