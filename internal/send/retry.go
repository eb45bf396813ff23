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

// Busy reports whether the status of an answer says that the same request may succeed a little
// later: 429 and 5xx.
func Busy(answer *StatusError) bool {
	return answer.Status == http.StatusTooManyRequests || answer.Status >= 500
}

// Retriable reports whether a request that has failed may succeed a little later: it has met a
// network error, or an answer for which [Settings].Retry is true.
func (s *Sender) Retriable(err error) bool {
	err = decisive(err)
	if answer := (*StatusError)(nil); errors.As(err, &answer) {
		return s.retry(answer)
	}
	network := (*redacted)(nil) // the error of a request without an answer; other errors occur before it
	return errors.As(err, &network)
}

// decisive returns the first error of a turn that has several, which ended the turn if one did.
func decisive(err error) error {
	if turn := (*lossError)(nil); errors.As(err, &turn) {
		return turn.requests[0]
	}
	return err
}

// backoff bounds the waits after failures. The wait after the first one is at most first, and those
// after further failures in a row double, up to most.
type backoff struct{ first, most time.Duration }

var (
	betweenRequests = backoff{250 * time.Millisecond, 10 * time.Second} // of one turn
	betweenTurns    = backoff{time.Second, time.Minute}
)

// after returns the wait after a number of failures in a row, the last of which is err. It is
// random within its bounds, so that senders which fail together do not return together.
func (b backoff) after(err error, failures int) time.Duration {
	d := b.first
	for ; failures > 1 && d < b.most; failures-- {
		d *= 2
	}
	d = min(d, b.most)
	d = d/2 + rand.N(d/2+1)
	err = decisive(err)
	if answer := (*StatusError)(nil); errors.As(err, &answer) && answer.RetryAfter > d {
		d = answer.RetryAfter + rand.N(answer.RetryAfter/8) // later, but never sooner than the server asks
	}
	return d
}

// within returns a backoff whose first wait is not longer than an interval, so that a program which
// sends every 100 ms does not wait for a second.
func (b backoff) within(interval time.Duration) backoff {
	return backoff{min(b.first, interval), b.most}
}

// sleep waits for d, or until ctx is done.
func sleep(ctx context.Context, d time.Duration) {
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
