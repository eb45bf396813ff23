// SPDX-License-Identifier: Apache-2.0

package send

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"
)

// lastTimeout bounds the end of Run, the send under way and the last one together. Programs that
// are told to stop usually have 10 or 30 seconds.
const lastTimeout = 5 * time.Second

// Run calls send at once and then at every interval, until ctx is done. Then it calls send once
// more, with last set. If a send is under way when ctx is done, Run waits for it first, so that it
// does not arrive after the last one. The end takes at most 5 seconds, half of them for the send
// under way. So ctx does not end the context of send before.
//
// Run returns the error of the last send. If that has arrived, and unless [Settings].Dated is set,
// it returns an error if the send before it was given up without an answer, because the server may
// still process that one and replace the last values. An interval that is not positive is an error.
//
// After an error that is [Sender.Retriable], Run calls send again after a wait that grows with each
// failure in a row and respects Retry-After, and otherwise at the next interval. It logs the first
// failure in a row, and the end of the row. It does not make up for sends that were missed.
func (s *Sender) Run(
	ctx context.Context, interval time.Duration, send func(ctx context.Context, last bool) error,
) error {
	if interval <= 0 {
		return fmt.Errorf("quipu: %s: Run: the interval %v is not positive", s.words.Package, interval)
	}
	var ended atomic.Pointer[time.Time]
	defer context.AfterFunc(ctx, func() { now := time.Now(); ended.Store(&now) })()
	failures := 0
	var unanswered error // the error of the latest send, if the server may still process it
	for ctx.Err() == nil {
		begin := time.Now()
		err := toTheEnd(ctx, send)
		wait := interval - time.Since(begin)
		if unanswered = lost(err); ctx.Err() != nil {
			break // the error is due to the end of ctx
		}
		switch {
		case err == nil && failures > 0:
			s.Log().Info("quipu: "+s.words.Acting+" works again", "url", s.shown, "failures", failures)
			failures = 0
		case err != nil:
			if failures++; failures == 1 {
				s.Log().Warn("quipu: "+s.words.Acting+" fails (further failures in a row are not logged)", "error", err)
			}
			if s.Retriable(err) {
				wait = betweenTurns.within(interval).after(err, failures)
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
	err := send(last, true)
	if err == nil && unanswered != nil && !s.dated {
		return fmt.Errorf("quipu: %s: the last values have arrived, but older ones, of a %s that was not "+
			"answered, may replace them: %w", s.words.Package, s.words.Act, unanswered)
	}
	return err
}

// toTheEnd makes a send that continues when ctx is done, because a request that is given up would
// race with the last one. It gets half of lastTimeout then.
func toTheEnd(ctx context.Context, send func(ctx context.Context, last bool) error) error {
	going, giveUp := context.WithCancelCause(context.WithoutCancel(ctx))
	defer giveUp(nil)
	defer context.AfterFunc(ctx, func() {
		sleep(going, lastTimeout/2)
		giveUp(timeoutError(lastTimeout / 2))
	})()
	return send(going, false)
}

// lost returns err if it is the error of a request that was given up without an answer, and
// otherwise nil. Such a request may still arrive.
func lost(err error) error {
	sent := (*redacted)(nil)
	if errors.As(err, &sent) && errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}

// Log returns the logger of the settings.
func (s *Sender) Log() *slog.Logger {
	if s.logger == nil {
		return slog.Default()
	}
	return s.logger
}
