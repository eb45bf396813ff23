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
	// firstBackoff and maxBackoff bound the wait after the first failure and after many in a row.
	firstBackoff = time.Second
	maxBackoff   = time.Minute

	// lastTimeout bounds the end of Run, the push under way and the last one together: programs that
	// are told to stop commonly have 10 seconds or 30.
	lastTimeout = 5 * time.Second
)

// Run pushes at once and then every interval, until ctx ends; then once more, so that the last values are not lost. A push
// that is under way when ctx ends is finished first, so that it does not arrive after the last one. All this takes at
// most 5 seconds, half of them for the push under way. Run blocks: give it a goroutine of its own, and wait for that one
// before the program ends. It returns nil if the last push arrived, whatever happened to those before, and the error of
// the last push if not. It also returns an error if the push before the last one was given up without an answer: the
// server may have it in hand still, and put its values in the place of the last ones. An interval that is not positive
// is an error.
//
// It pushes as Replace does, so the group should be this process's own: put an instance into the grouping. With [WithPath] it
// pushes as Add does.
//
// When the server cannot be reached or answers 5xx or 429, Run tries again with a fresh page, first within a second, then
// after waits that double up to a minute; they are jittered, so that processes that lost the server together do not
// return together. A Retry-After is honoured, up to 5 minutes. Other answers, and metrics that cannot be pushed, would not
// get better by asking again, and wait for the next interval. The first failure in a row is logged, and the end of the
// row: see [WithLogger]. Pushes that are late are not made up for.
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
	var unanswered error // of the latest push, which the server may have in hand still
	for ctx.Err() == nil {
		begin := time.Now()
		err := p.pushToTheEnd(ctx, method)
		wait := interval - time.Since(begin)
		if unanswered = lost(err); ctx.Err() != nil {
			break // an error is the end's
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
	last, cancel := context.WithDeadlineCause(context.WithoutCancel(ctx), end.Add(lastTimeout), timeoutError(lastTimeout))
	defer cancel()
	err := p.push(last, method)
	if err == nil && unanswered != nil {
		return fmt.Errorf("quipu: push: the last values have arrived, but older ones, of a push that was not answered, "+
			"may replace them: %w", unanswered)
	}
	return err
}

// pushToTheEnd makes a push that goes on when ctx ends: what it has sent by then would race against the last push. It gets
// half the time that there is after the end.
func (p *Pusher) pushToTheEnd(ctx context.Context, method string) error {
	going, giveUp := context.WithCancelCause(context.WithoutCancel(ctx))
	defer giveUp(nil)
	defer context.AfterFunc(ctx, func() {
		sleep(going, lastTimeout/2)
		giveUp(timeoutError(lastTimeout / 2))
	})()
	return p.push(going, method)
}

// lost returns the error of a push that was given up without an answer, and nil for others. Its request may arrive yet.
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
	network := (*redacted)(nil) // what pushes fail with that got no answer; the other errors come before the request
	return errors.As(err, &network)
}

// backoff is the wait after so many failures in a row. It never starts above the interval: who pushes every 100 ms does not
// want a second to pass.
func backoff(err error, failures int, interval time.Duration) time.Duration {
	d := min(firstBackoff, interval)
	for ; failures > 1 && d < maxBackoff; failures-- {
		d *= 2
	}
	d = min(d, maxBackoff)
	d = d/2 + rand.N(d/2+1)
	if answer := (*StatusError)(nil); errors.As(err, &answer) && answer.RetryAfter > d {
		d = answer.RetryAfter + rand.N(answer.RetryAfter/8) // later, never sooner than asked
	}
	return d
}

// sleep waits, but not longer than ctx.
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
