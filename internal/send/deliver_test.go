// SPDX-License-Identifier: Apache-2.0

package send

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/testkit"
)

// deliver delivers one request in a turn, in a bubble, and returns its error and how long it took.
func deliver(t *testing.T, w *testkit.Wire, opts ...option) (took time.Duration, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w.Begin = time.Now()
		s := newSenderFor(t, "http://gw", append(opts, withClient(&http.Client{Transport: w}))...)
		err = delivered(t.Context(), s)
		took = time.Since(w.Begin)
	})
	return took, err
}

func delivered(ctx context.Context, s *Sender) error {
	return s.InTurn(ctx, http.MethodPost, func(ctx context.Context) error {
		answer, err := s.Deliver(ctx, Request{Method: http.MethodPost, Body: []byte(page)})
		if (answer == nil) == (err == nil) {
			panic("an answer or an error")
		}
		return err
	})
}

func TestARequestIsRepeatedUntilItArrives(t *testing.T) {
	w := &testkit.Wire{Failures: 3}
	w.Fail = func(*http.Request) (*http.Response, error) {
		switch len(w.At) {
		case 1:
			return nil, errors.New("connection refused")
		case 2:
			return testkit.HTTPAnswer(429, "", "Retry-After", "7"), nil
		}
		return testkit.HTTPAnswer(503, ""), nil
	}
	_, err := deliver(t, w)
	require.NoError(t, err)
	require.Equal(t, []string{page, page, page, page}, w.Bodies)
	require.GreaterOrEqual(t, w.At[2]-w.At[1], 7*time.Second, "the server has asked for it")
	require.Less(t, w.At[3], 10*time.Second)
}

func TestWaitsBetweenRepetitionsDoubleUntilTheTurnIsOver(t *testing.T) {
	w := testkit.FailingWire(1000, 503)
	took, err := deliver(t, w, withTimeout(2*time.Minute))
	var last *StatusError
	require.ErrorAs(t, err, &last)
	require.Less(t, took, 2*time.Minute, "a wait that would not end in time is not begun")
	require.Greater(t, took, 2*time.Minute-10*time.Second)
	jittered := false
	for n, d := 0, 250*time.Millisecond; n+1 < len(w.At); n, d = n+1, min(2*d, 10*time.Second) {
		wait := w.At[n+1] - w.At[n]
		require.GreaterOrEqual(t, wait, d/2, "failure %d", n+1)
		require.LessOrEqual(t, wait, d, "failure %d", n+1)
		jittered = jittered || wait != d && wait != d/2
	}
	require.True(t, jittered)
	require.Greater(t, len(w.At), 12)
}

func TestAServerThatAsksForMoreTimeThanThereIsIsNotWaitedFor(t *testing.T) {
	w := testkit.FailingWire(1000, 429, "Retry-After", "30")
	took, err := deliver(t, w)
	require.ErrorContains(t, err, "429 Too Many Requests")
	require.Zero(t, took)
	require.Len(t, w.At, 1)
}

func TestAnswersThatWouldBeTheSameAreNotRepeated(t *testing.T) {
	for status, want := range map[int]int{301: 1, 400: 1, 413: 1, 429: 2, 500: 2, 503: 2} {
		w := testkit.FailingWire(1, status)
		_, err := deliver(t, w)
		require.Equal(t, want == 2, err == nil, status)
		require.Len(t, w.At, want, status)
	}
}

func TestThePackageChoosesWhichAnswersAreRepeated(t *testing.T) {
	only503 := func(s *Settings) error {
		s.Retry = func(e *StatusError) bool { return e.Status == 503 }
		return nil
	}
	for status, want := range map[int]int{429: 1, 500: 1, 503: 2} {
		w := testkit.FailingWire(1, status)
		_, err := deliver(t, w, only503)
		require.Equal(t, want == 2, err == nil, status)
		require.Len(t, w.At, want, status)

		w = testkit.FailingWire(1, status)
		_, err = run(t, w, time.Minute, 2*time.Minute, only503)
		require.NoError(t, err)
		require.Equal(t, want == 2, w.At[1] < time.Minute, "Run follows the same choice after %d", status)
	}
}

func TestTheEndOfItsContextEndsTheWaitForARepetition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := testkit.FailingWire(1000, 503, "Retry-After", "20")
		s := newSenderFor(t, "http://gw", withClient(&http.Client{Transport: w}))
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		begin := time.Now()
		require.ErrorContains(t, delivered(ctx, s), "503 Service Unavailable", "the last answer tells more")
		require.Equal(t, time.Second, time.Since(begin))
		require.Len(t, w.At, 1)
	})
}

func TestATurnKeepsSomeTimeForItsRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for timeout, want := range map[time.Duration]time.Duration{
			30 * time.Second: 28 * time.Second, 8 * time.Second: 6 * time.Second, time.Second: 750 * time.Millisecond,
		} {
			ctx, cancel := context.WithTimeout(t.Context(), timeout)
			require.Equal(t, want, time.Until(GatherUntil(ctx)))
			cancel()
		}
		require.Zero(t, GatherUntil(t.Context()))
	})
}
