// SPDX-License-Identifier: Apache-2.0

package remote

import "github.com/quipu-metrics/quipu/internal/send"

// StatusError is the error of a request that the receiver has answered with a status other than
// 2xx. Its method Error returns all fields except RetryAfter in one line. These are the fields:
//
//	Method     string        // of the request
//	URL        string        // of the request, without credentials and query
//	Status     int
//	Location   string        // target of a redirect, without credentials and query
//	Body       string        // its first 512 bytes; credentials are blacked out, or the body is withheld
//	RetryAfter time.Duration // how long the receiver asks clients to wait, within 1 second and 5 minutes;
//	                         // 0 if it does not say
type StatusError = send.StatusError
