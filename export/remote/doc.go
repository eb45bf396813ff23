// SPDX-License-Identifier: Apache-2.0

// Package remote sends the metrics of a registry to a receiver of Prometheus' remote write: to
// Prometheus itself, Mimir, Thanos, VictoriaMetrics, or a collector. Nobody has to scrape the
// program, and no agent stands beside it.
//
//	w, err := remote.New("https://mimir.example/api/v1/push", remote.WithLabels(engine.Labels{"job": "shop"}))
//	...
//	err = w.Run(ctx, 15*time.Second)
//
// # What a receiver stores
//
// The series are those that Prometheus 3 stores when it scrapes the registry: with their types,
// help and units, exemplars, native histograms, and, in version 2.0, the times at which series
// began. Numbers in the labels le and quantile have a point or an exponent, as in le="1.0". All
// samples of a send have one timestamp. There are no labels job and instance unless [WithLabels]
// adds them.
//
// A series that leaves the registry ends with a stale marker at the next send, and all of them do
// when [Writer.Run] ends. So a graph does not go on for five minutes after that. A marker that does
// not arrive comes again with each send, until one has arrived or five minutes are over. By then
// the lookback of the receiver has ended the series. A series of the registry that stays, and has
// other bounds, quantiles or another kind of buckets than before, does not end: the receiver ends
// what it had by its lookback.
//
// # Versions
//
// A Writer begins with remote write 2.0, unless [WithProtocol] says otherwise. A receiver that does
// not know it may answer 204 and store nothing. So 2.0 counts only if the answer says how many
// samples, histograms and exemplars were written, and these are the right numbers. Otherwise the
// batch is sent again with 1.0, and so is everything after it.
//
// An answer to version 1.0 does not say what was written, so its status decides, unless the answer
// is a web page.
//
// A receiver that refuses native histograms gets the rest, from then on, which is logged once (see
// [WithLogger]). A histogram that has classic buckets too arrives with those. For the others a send
// returns [ErrNatives].
//
// All samples of a send have its time. A time that a source states for a value is not sent.
//
// # Failures and outages
//
// Batches are sent one after the other. One that meets a network error, 429 or 5xx is sent again,
// after waits that grow and respect Retry-After, until the time of the send is over. Other answers
// are final for their batch, and the others are still sent. An error of [Writer.Send] says how many
// samples did not arrive, and whether there are more that were not sent.
//
// Errors never show passwords, tokens, headers or query strings, even if the receiver sends them
// back. They are blacked out, and a text in which they are escaped, encoded or cut is withheld. A
// [Writer] that is printed or logged shows the URL without secrets.
//
// A redirect is followed if it keeps the method, scheme, host and port (307, 308). All others are
// errors, because they would send a request without its metrics, or credentials to another server.
//
// There is no queue, in memory or on disk. What an outage loses is the samples of the sends that
// failed. Counters and histograms are cumulative, so the next send that arrives has everything that
// was counted meanwhile, only without the shape of the curve.
//
// # Several callers
//
// A [Writer.Send] while Run runs is one send more, and waits for its turn. Writers know nothing of
// each other, so several may send one registry to different receivers. Two that send the same
// series to one receiver need different labels. Otherwise it gets every value twice, and the end of
// the first Writer ends the series until the next send of the second.
//
// # Memory
//
// A Writer holds one batch at a time, and of each series that it has sent a few bytes, to find out
// which ones have gone: BenchmarkSend has figures for a million series. Series whose markers do not
// arrive cost these bytes for five minutes more. Updates of metrics wait for nothing.
package remote
