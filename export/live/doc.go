// SPDX-License-Identifier: Apache-2.0

// Package live shows the metrics of a registry in a browser as they change: values and rates with
// their recent past, heat maps of histograms, quantiles, exemplars, where the series are, and what
// the registry has dropped.
//
//	mux.Handle("/debug/metrics/", live.Handler(reg))
//
// # Cost
//
// Nothing runs before somebody opens the page. Then one goroutine reads the registry once in an
// interval for all pages that are open ([WithInterval]), and keeps the past that they show
// ([WithHistory]). Updates of metrics do nothing for it: BenchmarkUpdate compares them with a page
// open and without one. BenchmarkWatch measures a page that shows 10 000 series. The goroutine and
// the past go with the last page. At most [WithWatchers] pages are open at once.
//
// Func metrics, collectors and sources are called for each reading, as they are for a scrape.
//
// # Who may read it
//
// By default only programs on this machine are answered: requests from other addresses, requests
// that a proxy has passed on, and requests to other names than localhost are refused with status
// 403. A proxy on this machine is known by its headers or by HTTP/1.0. One that sends HTTP/1.1,
// adds no header and states its own Host looks like a local program: do not let it pass on the path
// of the page. [WithRemote] answers everybody, so it belongs behind a login.
//
// The page loads nothing from other servers, and its policy forbids inline scripts. Label values
// are shown as text. Metrics are only read: no request changes anything.
//
// # Bounds
//
// The past of 2 000 metrics is kept, and 50 000 series of a metric are listed. Beyond that the page
// shows totals. A search finds 200 series. The page of a server that shuts down is closed, so that
// [http.Server.Shutdown] does not wait for it.
package live
