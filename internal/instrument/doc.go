// SPDX-License-Identifier: Apache-2.0

// Package instrument measures HTTP requests, those that a handler serves and those that a client
// sends. Package export offers it under the names Middleware and RoundTripper, which document the
// metrics and the options.
//
// It owns the following:
//
//   - the families and their labels, whose values are closed sets, so that no client can make
//     series: labels, codes, definer, endpoints;
//   - the ResponseWriter of a measured request, which has the optional methods of the one beneath
//     it and notes what becomes of the response: recorder, optional, writers, unwrap;
//   - the copy of a request whose body is counted: request;
//   - the two wrappers: middleware, roundtrip.
package instrument
