// SPDX-License-Identifier: Apache-2.0

// Package push sends the metrics of a registry to a Prometheus Pushgateway, or to the import path
// of VictoriaMetrics.
//
// Pushing is for processes that cannot be scraped: batch jobs that end before the next scrape, and
// processes behind a firewall. A job pushes once, at its end; a long-running process pushes with
// [Pusher.Run].
//
//	pusher, err := push.New("http://gateway:9091", "nightly-backup", push.WithGrouping("instance", host))
//	...
//	err = pusher.Replace(ctx)
//
// # Groups
//
// A Pushgateway stores metrics by group. A group is a set of labels: the job and the grouping
// labels. The gateway adds them to every series of the group, and overwrites labels of the same
// names. That would change series silently, so a push whose metrics have such labels fails before
// it is sent (see [ErrLabel]). A group lives until it is deleted.
//
// The group is part of the URL: /metrics/job/<job>/<name>/<value>... with the names in alphabetical
// order, so that the same labels make the same URL. A value that is empty, that contains a slash,
// or that is . or .. is written in base64, as in path@base64/L3Zhci90bXA; all others are
// percent-encoded.
//
// # Pages
//
// A push sends a page without the metrics of the registry itself (quipu_...), because they describe
// one process, while a group outlives it. The page is rendered into memory first, because servers
// and proxies want a Content-Length, and because a part of a page must not arrive. So a push holds
// its page in memory, unlike a scrape. In protobuf every family is one message, because a
// Pushgateway keeps one message for each name. Names that are no identifiers, which a registry with
// [engine.WithUTF8Names] may have, have underscores in the place of other characters, because a
// Pushgateway refuses others unless it is told to take them. Of names that become equal, the page
// has one only: the push arrives without the others, and returns [ErrEscaped].
//
// What a scrape lacks, a push lacks too: func metrics whose function fails, series that a source
// writes wrongly, metrics of mounted registries whose names are taken. The registry's own metrics
// count that, and the log tells.
//
// # Failures
//
// If the server answers with a status other than 2xx, the error is a [*StatusError], which has the
// beginning of the body. A push reads at most 64 KiB of a body, for at most 2 seconds.
//
// Errors never show passwords, tokens, headers or query strings, even if the server sends them
// back. They are blacked out, and a text in which they are escaped, encoded or cut is withheld. A
// [Pusher] that is printed or logged shows the URL without secrets. The status 101 is an error and
// closes the connection.
//
// A push follows a redirect that keeps the method, scheme, host and port (307, 308). All others are
// errors, because they would send a request without its metrics, or credentials to another server.
// Only [Pusher.Run] tries again after a failure.
package push
