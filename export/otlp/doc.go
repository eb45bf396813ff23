// SPDX-License-Identifier: Apache-2.0

// Package otlp sends the metrics of a registry by the OpenTelemetry protocol, over HTTP and in
// protobuf: to a collector, or to Prometheus, Mimir, VictoriaMetrics and the many others that read
// it. Nobody has to scrape the program, and it needs no part of OpenTelemetry's SDK.
//
//	e, err := otlp.New("http://collector:4318", otlp.WithResource(engine.Labels{"service.name": "shop"}))
//	...
//	err = e.Run(ctx, 15*time.Second)
//
// # What a receiver gets
//
// It gets what OpenTelemetry's specification says about Prometheus' metrics. Names stay as they
// are, with _total and units: Prometheus' receiver adds neither a second time. The type on the page
// is in the metadata of a metric (prometheus.type).
//
//	| quipu                        | OTLP                                                           |
//	| ---------------------------- | -------------------------------------------------------------- |
//	| counter                      | monotonic sum                                                  |
//	| gauge, untyped               | gauge                                                          |
//	| histogram                    | histogram                                                      |
//	| histogram, native            | exponential histogram; classic buckets beside it are not sent  |
//	| summary                      | summary                                                        |
//	| info, set of states          | sum that is not monotonic, cumulative                          |
//
// Values are doubles, also those of counters of whole numbers, so that no counter changes its type.
// All points of a send have one timestamp. Counters, histograms and summaries have the time at
// which they began, unless a function or a source supplies them and does not tell it. Exemplars
// have the ids of traces and spans if their labels trace_id and span_id are such.
//
// A native histogram whose buckets are very far apart is sent at a lower scale, because
// OpenTelemetry has no gaps between buckets: 20 480 buckets are the limit, which is beyond all
// numbers there are at the default schema. Prometheus' receiver ignores the width of the zero
// bucket.
//
// Units that are a word of Prometheus become OpenTelemetry's codes, such as s for seconds. Others
// are sent in braces, because Prometheus' receiver would put them into the name again.
//
// # The resource
//
// The resource says what sends. Its attributes are those of [WithResource], then those of the
// environment: OTEL_SERVICE_NAME, and OTEL_RESOURCE_ATTRIBUTES as in key1=value1,key2=value2.
// Operators set these variables, so they are read without an option. A list that cannot be read is
// logged and ignored. If nobody gives a name of the service, it is unknown_service:<program>.
// Variables that begin with OTEL_EXPORTER are not read: the program says where it sends.
//
// # Failures and outages
//
// A send is one or more requests, one after the other. One that meets a network error, 429, 502,
// 503 or 504 is sent again, after waits that grow and respect Retry-After, until the time of the
// send is over; then what comes after it is not sent. Other answers are final for their request,
// and the others are still sent. An error of [Exporter.Send] says how many data points did not
// arrive. A receiver that stores a part answers with the number of the others, which is a
// [*PartialError], and never a success. An answer that is no receiver's, such as the page of a
// proxy, is [ErrAnswer].
//
// There is no queue, in memory or on disk. What an outage loses is the points of the sends that
// failed. Counters and histograms are cumulative, so the next send that arrives has everything that
// was counted meanwhile.
//
// # The end of series
//
// A series that leaves the registry ends at the next send, with a point that has the flag for no
// recorded value, and all series do when [Exporter.Run] ends. Prometheus, collectors and
// VictoriaMetrics make a stale marker of it, so that a graph does not go on for five minutes. If
// the point does not arrive, it is sent again with the sends of the next five minutes.
//
// Counters and histograms that are sent as differences have no such end: those who add differences
// up take a point without a value for a difference of nothing.
//
// # Delta
//
// With [WithDelta], a point of a counter or a histogram is what was counted since the last request
// with it that arrived. So an outage loses nothing either. The Exporter keeps about 90 bytes for
// each counter and the buckets of each histogram; it drops series that have been missing for 8
// sends. One that comes back later with its old value, such as a series that had expired, or that
// of a source which failed for long, is counted a second time. A series that is deleted and created
// again begins at zero. A request that was not answered
// may have been stored: its counts are part of the next one as well, so the receiver may count them
// twice. Cumulative sums, which are the default, do not have this fault, and their series end at
// once: use differences only for a receiver that cannot do without them.
//
// # Cost
//
// An Exporter holds one request at a time, of at most 10 000 points and about 2 MiB, and its
// compressed form, and of each series that it has sent a few bytes, to find out which ones have
// gone. BenchmarkSend has figures for a million series. Updates of metrics wait for
// nothing. The methods may be called concurrently; one send is under way at a time.
package otlp
