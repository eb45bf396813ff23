// SPDX-License-Identifier: Apache-2.0

package send

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

const (
	minRetryAfter = time.Second
	maxRetryAfter = 5 * time.Minute // a server that has recovered should not miss metrics for long
)

// retryAfter reads a Retry-After header, which is a number of seconds or a date. It returns 0 for
// anything else.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(value, 10, 64); err == nil {
		return max(time.Duration(min(seconds, uint64(maxRetryAfter/time.Second)))*time.Second, minRetryAfter)
	}
	if date, err := http.ParseTime(value); err == nil {
		return min(max(date.Sub(now), minRetryAfter), maxRetryAfter)
	}
	return 0
}

// Retriable reports whether what has failed may succeed a little later.
func Retriable(err error) bool {
	if answer := (*StatusError)(nil); errors.As(err, &answer) {
		return answer.Status == http.StatusTooManyRequests || answer.Status >= 500
	}
	network := (*redacted)(nil) // the error of a request without an answer; other errors occur before it
	return errors.As(err, &network)
}

const (
	// firstBackoff and maxBackoff bound the waits after the first failure and after many failures
	// in a row.
	firstBackoff = time.Second
	maxBackoff   = time.Minute
)

// Backoff returns the wait after a number of failures in a row, the last of which is err. The first
// wait is not longer than the interval, so that a program which sends every 100 ms does not wait
// for a second.
func Backoff(err error, failures int, interval time.Duration) time.Duration {
	d := min(firstBackoff, interval)
	for ; failures > 1 && d < maxBackoff; failures-- {
		d *= 2
	}
	d = min(d, maxBackoff)
	d = d/2 + rand.N(d/2+1)
	if answer := (*StatusError)(nil); errors.As(err, &answer) && answer.RetryAfter > d {
		d = answer.RetryAfter + rand.N(answer.RetryAfter/8) // later, but never sooner than the server asks
	}
	return d
}

// Sleep waits for d, or until ctx is done.
func Sleep(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
