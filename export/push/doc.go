// SPDX-License-Identifier: Apache-2.0

// Package push sends a registry's metrics to a Prometheus Pushgateway, or to the import path of VictoriaMetrics.
//
// Pushing is for what cannot be scraped: batch jobs that end before a scrape comes by, and processes behind a firewall. A
// job that ends pushes once; one that stays pushes with [Pusher.Run].
//
//	pusher, err := push.New("http://gateway:9091", "nightly-backup", push.WithGrouping("instance", host))
//	...
//	err = pusher.Replace(ctx)
//
// # Groups
//
// A Pushgateway keeps metrics by group: the job and the grouping labels, which it writes into every series that is pushed
// to the group, over labels of the same name. That would change series unseen, so a push whose metrics have such labels
// fails before it is sent. Groups live until they are deleted.
//
// The group is part of the URL: /metrics/job/<job>/<name>/<value>... with the names in alphabetical order, so that the same
// labels are the same URL. Values that are empty, that hold a slash, or that are a path's own . or .. are written in base64,
// as in path@base64/L3Zhci90bXA; everything else is percent-encoded.
//
// # What is sent
//
// A page without the registry's own metrics (quipu_...): those describe one process, while a group outlives it. It is
// rendered into memory before it is sent, because servers and proxies want Content-Length, and because a page that
// cannot be rendered must not arrive in half. A push therefore holds its page in memory, unlike a scrape. In protobuf every
// family is one message, because a Pushgateway keeps one message for each name.
//
// # Failures
//
// An answer other than 2xx is a [*StatusError] with the beginning of the body. Of a body at most 64 KiB are read, for at most
// 2 seconds.
//
// Errors never show passwords, tokens, headers or query strings, also where the server sends them
// back: they are blacked out, and a text in which they are escaped, encoded or cut is withheld. A
// [Pusher] that is printed or logged shows where it pushes, and no secret. An answer of 101 is an
// error and closes the connection.
//
// Redirects are followed when they keep the method and stay on the same scheme, host and port (307,
// 308); all others would send a request without its metrics, or credentials to somebody else, and
// are errors. Only Run tries again.
package push
