// SPDX-License-Identifier: Apache-2.0

package send

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "soon": 0, "-1": 0, "1.5": 0, "1e3": 0, "0": time.Second, "1": time.Second, "30": 30 * time.Second,
		"301": maxRetryAfter, "18446744073709551615": maxRetryAfter, "99999999999999999999": 0,
		now.Add(7 * time.Second).Format(http.TimeFormat): 7 * time.Second,
		now.Add(-time.Hour).Format(http.TimeFormat):      time.Second,
		now.Add(time.Hour).Format(http.TimeFormat):       maxRetryAfter,
		"Fri, 31 Dec 9999 23:59:59 GMT":                  maxRetryAfter,
		"Mon, 01 Jan 0001 00:00:00 GMT":                  time.Second,
	} {
		require.Equal(t, want, retryAfter(value, now), value)
	}
}

func TestTwoSendersThatFailTogetherDoNotReturnTogether(t *testing.T) {
	waits := map[time.Duration]bool{}
	for range 20 {
		waits[betweenTurns.after(errors.New("x"), 5)] = true
	}
	require.Greater(t, len(waits), 15)
}

func TestWaitsNeverStartAboveTheInterval(t *testing.T) {
	for range 100 {
		err := errors.New("x")
		require.LessOrEqual(t, betweenTurns.within(100*time.Millisecond).after(err, 1), 100*time.Millisecond)
		require.LessOrEqual(t, betweenTurns.within(time.Hour).after(err, 1_000_000), time.Minute)
		require.Positive(t, betweenTurns.within(time.Nanosecond).after(err, 1_000))
	}
}

func TestRetriableAreNetworkErrorsAndBusyServers(t *testing.T) {
	s := newSenderFor(t, "http://gw")
	network := s.failed("PUT", errors.New("no route"))
	for status, want := range map[int]bool{301: false, 400: false, 404: false, 428: false, 429: true, 499: false,
		500: true, 503: true, 599: true} {
		require.Equal(t, want, s.Retriable(fmt.Errorf("batch 2: %w", &StatusError{Status: status})), status)
	}
	require.True(t, s.Retriable(network))
	require.True(t, s.Retriable(fmt.Errorf("batch 2: %w", network)))
	require.False(t, s.Retriable(errors.New("a metric that cannot be sent")))
	require.False(t, s.Retriable(nil))
}

func TestWaitsAreNeverShorterThanTheServerAsks(t *testing.T) {
	for range 100 {
		d := betweenTurns.after(fmt.Errorf("batch 2: %w", &StatusError{Status: 429, RetryAfter: 40 * time.Second}), 1)
		require.GreaterOrEqual(t, d, 40*time.Second)
		require.Less(t, d, 45*time.Second)
		d = betweenTurns.after(&StatusError{Status: 429, RetryAfter: time.Second}, 100)
		require.GreaterOrEqual(t, d, 30*time.Second, "after many failures the wait is longer than that anyway")
		require.LessOrEqual(t, d, time.Minute)
	}
}

func TestSleepEndsWithItsTimeOrItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		sleep(t.Context(), time.Minute)
		require.Equal(t, time.Minute, time.Since(begin))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		sleep(ctx, time.Minute)
		require.Equal(t, time.Minute+time.Second, time.Since(begin))
		sleep(t.Context(), -time.Second)
		require.Equal(t, time.Minute+time.Second, time.Since(begin))
	})
}

func TestTheErrorThatEndsATurnDecidesWhenTheNextOneBegins(t *testing.T) {
	s := newSenderFor(t, "http://gw")
	for name, end := range map[string]error{
		"network": s.failed("POST", errors.New("no route")),
		"busy":    &StatusError{Status: 429, RetryAfter: time.Minute},
	} {
		losses := s.NewLosses()
		losses.Add(t.Context(), &StatusError{Status: 400, RetryAfter: time.Hour}, 1)
		require.False(t, s.Retriable(losses.Err("samples", "batches")), name)
		losses.Add(t.Context(), end, 1)
		err := errors.Join(losses.Err("samples", "batches"), errors.New("and more"))
		require.True(t, s.Retriable(err), name)
		require.LessOrEqual(t, betweenTurns.after(err, 1), 2*time.Minute, name)
	}
}
