// SPDX-License-Identifier: Apache-2.0

// Package instrument measures HTTP requests, those that a handler serves and those that a client
// sends. Package export offers it under the names Middleware and RoundTripper, which document the
// metrics and the options.
//
// The files, by subject:
//
//   - labels, codes, definer, endpoints: the families and their labels, whose values are closed
//     sets, so that no client can create series.
//   - recorder, optional, writers, unwrap: the ResponseWriter of a measured request. It notes the
//     status code and the size of the response, and has exactly the optional methods of the
//     ResponseWriter beneath it.
//   - request: the copy of a request whose body is counted.
//   - server: the metrics of a server, which does not know net/http.
//   - middleware, roundtrip: the two wrappers, and config, their options.
package instrument
