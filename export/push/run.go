// SPDX-License-Identifier: Apache-2.0

package push

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"
)

const (
	// firstBackoff and maxBackoff bound the waits after the first failure and after many failures
	// in a row.
	firstBackoff = time.Second
	maxBackoff   = time.Minute

	// lastTimeout bounds the end of Run, the push under way and the last one together. Programs
	// that are told to stop usually have 10 or 30 seconds.
	lastTimeout = 5 * time.Second
)

// Run pushes at once and then at every interval, until ctx is done. Then it pushes once more, so
// that the last values are not lost. If a push is under way when ctx is done, Run waits for it
// first, so that it does not arrive after the last one. The end takes at most 5 seconds, half of
// them for the push under way.
//
// Run blocks, so call it in a goroutine, and wait for that goroutine before the program ends. It
// returns nil if the last push has arrived, whatever happened to those before, and otherwise the
// error of the last push, which may be [ErrEscaped]. It also returns an error if the push before
// the last one was given up without an answer, because the server may still process it and replace
// the last values. An interval that is not positive is an error.
//
// Run pushes as [Pusher.Replace] does. So no other process should use the group: add an instance to
// the grouping labels. With [WithPath] it pushes as [Pusher.Add] does.
//
// If the server cannot be reached, or answers 5xx or 429, Run tries again with a new page. The
// first wait is at most a second, and further waits double up to a minute. They are random within
// their bounds, so that processes that lost the server at the same time do not return at the same
// time. Run respects a Retry-After of up to 5 minutes. After other failures, which would occur
// again, it waits for the next interval. It logs the first failure in a row, and the end of the row
// (see [WithLogger]). It does not repeat pushes that were missed.
func (p *Pusher) Run(ctx context.Context, interval time.Duration) error {
	if interval <= 0 {
		return fmt.Errorf("quipu: push: Run: the interval %v is not positive", interval)
	}
	method := http.MethodPut
	if p.custom {
		method = http.MethodPost
	}
	var ended atomic.Pointer[time.Time]
	defer context.AfterFunc(ctx, func() { now := time.Now(); ended.Store(&now) })()
	failures := 0
	var unanswered error // the error of the latest push, if the server may still process it
	for ctx.Err() == nil {
		begin := time.Now()
		err := p.pushToTheEnd(ctx, method)
		wait := interval - time.Since(begin)
		if unanswered = lost(err); ctx.Err() != nil {
			break // the error is due to the end of ctx
		}
		switch {
		case err == nil && failures > 0:
			p.log().Info("quipu: pushing works again", "url", p.shown, "failures", failures)
			failures = 0
		case err != nil:
			if failures++; failures == 1 {
				p.log().Warn("quipu: pushing fails (further failures in a row are not logged)", "error", err)
			}
			if retriable(err) {
				wait = backoff(err, failures, interval)
			}
		}
		sleep(ctx, wait)
	}
	end := time.Now()
	if at := ended.Load(); at != nil {
		end = *at
	}
	last, cancel := context.WithDeadlineCause(context.WithoutCancel(ctx), end.Add(lastTimeout),
		timeoutError(lastTimeout))
	defer cancel()
	err := p.push(last, method)
	if err == nil && unanswered != nil {
		return fmt.Errorf("quipu: push: the last values have arrived, but older ones, of a push that was not "+
			"answered, may replace them: %w", unanswered)
	}
	return err
}

// pushToTheEnd makes a push that continues when ctx is done, because a request that is given up
// would race with the last push. It gets half of lastTimeout then.
func (p *Pusher) pushToTheEnd(ctx context.Context, method string) error {
	going, giveUp := context.WithCancelCause(context.WithoutCancel(ctx))
	defer giveUp(nil)
	defer context.AfterFunc(ctx, func() {
		sleep(going, lastTimeout/2)
		giveUp(timeoutError(lastTimeout / 2))
	})()
	return p.push(going, method)
}

// lost returns err if it is the error of a push that was given up without an answer, and otherwise
// nil. The request of such a push may still arrive.
func lost(err error) error {
	sent := (*redacted)(nil)
	if errors.As(err, &sent) && errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}

func (p *Pusher) log() *slog.Logger {
	if p.logger == nil {
		return slog.Default()
	}
	return p.logger
}

// retriable reports whether the same push may succeed a little later.
func retriable(err error) bool {
	if answer := (*StatusError)(nil); errors.As(err, &answer) {
		return answer.Status == http.StatusTooManyRequests || answer.Status >= 500
	}
	network := (*redacted)(nil) // the error of a push without an answer; other errors occur before the request
	return errors.As(err, &network)
}

// backoff returns the wait after a number of failures in a row. The first wait is not longer than
// the interval, so that a program which pushes every 100 ms does not wait for a second.
func backoff(err error, failures int, interval time.Duration) time.Duration {
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
