// SPDX-License-Identifier: Apache-2.0

// Package send holds what all packages share that send metrics to a server over HTTP: settings,
// requests, answers, and the loop that sends at an interval.
//
// A [Sender] has one URL, and one send is under way at a time: its turn, in which it makes its
// requests, once each or until they arrive. A turn leaves no connection and no goroutine. An answer
// is read up to a bound, for a bounded time. Redirects are followed only if they keep the method
// and the server. Errors show no secrets, even if the server sends them back.
package send
