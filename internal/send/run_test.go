// SPDX-License-Identifier: Apache-2.0

package send

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/internal/testkit"
)

const lastPage = "the last one"

// runs calls Run with requests that show which one is the last.
func runs(ctx context.Context, s *Sender, interval time.Duration) error {
	return s.Run(ctx, interval, func(ctx context.Context, last bool) error {
		if last {
			return put(ctx, s, lastPage)
		}
		return put(ctx, s)
	})
}

// run calls Run for a time, in a bubble, and returns the log and the error of Run.
func run(t *testing.T, w *testkit.Wire, interval, length time.Duration, opts ...option) (logged string, err error) {
	t.Helper()
	var log bytes.Buffer
	synctest.Test(t, func(t *testing.T) {
		w.Begin = time.Now()
		opts = append(opts, withClient(&http.Client{Transport: w}),
			withLogger(slog.New(slog.NewTextHandler(&log, nil))))
		s := newSenderFor(t, "http://gw", opts...)
		ctx, cancel := context.WithTimeout(t.Context(), length)
		defer cancel()
		err = runs(ctx, s, interval)
	})
	return log.String(), err
}

func TestRunSendsAtOnceEveryIntervalAndAtTheEnd(t *testing.T) {
	w := new(testkit.Wire)
	logged, err := run(t, w, 10*time.Second, 35*time.Second)
	require.NoError(t, err)
	require.Empty(t, logged)
	require.Equal(t, []time.Duration{0, 10 * time.Second, 20 * time.Second, 30 * time.Second, 35 * time.Second}, w.At)
	require.Equal(t, []string{"PUT", "PUT", "PUT", "PUT", "PUT"}, w.Methods)
	require.Equal(t, []string{page, page, page, page, lastPage}, w.Bodies)
}

func TestRunWithAContextThatHasEndedSendsOnce(t *testing.T) {
	w := new(testkit.Wire)
	_, err := run(t, w, time.Second, 0)
	require.NoError(t, err)
	require.Equal(t, []string{lastPage}, w.Bodies)
}

func TestRunRefusesIntervalsThatAreNotPositive(t *testing.T) {
	for _, d := range []time.Duration{0, -time.Second} {
		require.ErrorContains(t, runs(t.Context(), newSenderFor(t, "http://gw"), d),
			"quipu: otlp: Run: the interval ")
	}
}

func TestRunBacksOffWithJitter(t *testing.T) {
	outages := map[string]*testkit.Wire{
		"network": {Failures: 10, Fail: func(*http.Request) (*http.Response, error) {
			return nil, errors.New("no route")
		}},
		"500": testkit.FailingWire(10, 500),
		"503": testkit.FailingWire(10, 503),
		"429": testkit.FailingWire(10, 429),
	}
	for name, w := range outages {
		t.Run(name, func(t *testing.T) {
			logged, err := run(t, w, 15*time.Second, 10*time.Minute)
			require.NoError(t, err)
			jittered := false
			for n, d := 0, time.Second; n < 10; n, d = n+1, min(2*d, time.Minute) {
				wait := w.At[n+1] - w.At[n]
				require.GreaterOrEqual(t, wait, d/2, "failure %d", n+1)
				require.LessOrEqual(t, wait, d, "failure %d", n+1)
				jittered = jittered || wait != d && wait != d/2
			}
			require.True(t, jittered)
			require.Equal(t, 15*time.Second, w.At[12]-w.At[11], "back in step")
			require.Equal(t, 1, strings.Count(logged, "level=WARN"), "one line for the outage: %s", logged)
			require.Equal(t, 1, strings.Count(logged, "level=INFO"), "and one for its end: %s", logged)
			require.Contains(t, logged,
				`msg="quipu: sending fails (further failures in a row are not logged)" error="quipu: otlp: `)
			require.Contains(t, logged, `msg="quipu: sending works again" url=http://gw/write failures=10`)
		})
	}
}

func TestRunHonoursRetryAfter(t *testing.T) {
	for _, tc := range []struct {
		header string
		least  time.Duration
	}{{"40", 40 * time.Second}, {"86400", maxRetryAfter}} {
		for _, status := range []int{429, 503} {
			w := testkit.FailingWire(1, status, "Retry-After", tc.header)
			_, err := run(t, w, time.Second, 20*time.Minute)
			require.NoError(t, err)
			require.GreaterOrEqual(t, w.At[1], tc.least)
			require.Less(t, w.At[1], tc.least+tc.least/8)
		}
	}
}

func TestRunDoesNotTryAgainAfterOtherAnswers(t *testing.T) {
	for _, status := range []int{302, 400, 401, 403, 404, 413} {
		w := testkit.FailingWire(1000, status, "Retry-After", "1")
		logged, err := run(t, w, time.Minute, 3*time.Minute+time.Second)
		require.ErrorContains(t, err, fmt.Sprint(status), "the last send failed too")
		require.Equal(t, []time.Duration{0, time.Minute, 2 * time.Minute, 3 * time.Minute,
			3*time.Minute + time.Second}, w.At)
		require.Equal(t, 1, strings.Count(logged, "\n"), logged)
	}
}

func TestRunGivesUpARequestThatHangsAndEndsInTime(t *testing.T) {
	w := &testkit.Wire{Failures: 1000, Fail: testkit.Hang}
	var took time.Duration
	var err error
	synctest.Test(t, func(t *testing.T) {
		w.Begin = time.Now()
		s := newSenderFor(t, "http://gw", withClient(&http.Client{Transport: w}),
			withLogger(slog.New(slog.DiscardHandler)))
		ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
		defer cancel()
		err = runs(ctx, s, 15*time.Second)
		took = time.Since(w.Begin)
	})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorContains(t, err, "not done within 5s")
	require.Equal(t, 45*time.Second, took)
	require.Len(t, w.At, 3, "one that took its 30 seconds, one that the end cut short, and the last")
}

func TestRunDoesNotMakeUpForSendsThatAreLate(t *testing.T) {
	w := &testkit.Wire{Failures: 2}
	w.Fail = func(*http.Request) (*http.Response, error) {
		if len(w.At) == 2 {
			time.Sleep(25 * time.Second)
		}
		return testkit.HTTPAnswer(200, ""), nil
	}
	_, err := run(t, w, 10*time.Second, 50*time.Second)
	require.NoError(t, err)
	second := time.Second
	require.Equal(t, []time.Duration{0, 10 * second, 35 * second, 45 * second, 50 * second}, w.At)
}

// late is a server that takes some time to store a page, whether or not the client waits.
type late struct {
	mu       sync.Mutex
	stored   []string
	inFlight int
	most     int
	takes    func(n int) time.Duration
	n        int
}

func (l *late) RoundTrip(r *http.Request) (*http.Response, error) {
	body, _ := io.ReadAll(r.Body)
	l.mu.Lock()
	takes := l.takes(l.n)
	l.n++
	l.inFlight++
	l.most = max(l.most, l.inFlight)
	l.mu.Unlock()
	stored := make(chan struct{})
	go func() {
		defer close(stored)
		time.Sleep(takes)
		l.mu.Lock()
		defer l.mu.Unlock()
		l.inFlight--
		l.stored = append(l.stored, string(body))
	}()
	select {
	case <-stored:
		return testkit.HTTPAnswer(200, ""), nil
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

// runLate cancels Run 100 ms after its start, in a bubble.
func runLate(
	t *testing.T, takes func(n int) time.Duration, opts ...option,
) (stored []string, most int, took time.Duration, err error) {
	synctest.Test(t, func(t *testing.T) {
		l := &late{takes: takes}
		s := newSenderFor(t, "http://gw", append(opts, withClient(&http.Client{Transport: l}),
			withLogger(slog.New(slog.DiscardHandler)))...)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(100*time.Millisecond, cancel)
		begin := time.Now()
		err = runs(ctx, s, time.Hour)
		took = time.Since(begin)
		time.Sleep(time.Hour)
		l.mu.Lock()
		defer l.mu.Unlock()
		stored, most = l.stored, l.most
	})
	return stored, most, took, err
}

func TestTheLastSendWaitsForTheOneUnderWay(t *testing.T) {
	stored, most, took, err := runLate(t, func(n int) time.Duration {
		return []time.Duration{400 * time.Millisecond, 0}[n]
	})
	require.NoError(t, err)
	require.Equal(t, []string{page, lastPage}, stored)
	require.Equal(t, 1, most, "nothing overlaps")
	require.Equal(t, 400*time.Millisecond, took)
}

func TestRunReturnsAnErrorWhenTheLastValuesMayBeReplacedByOlderOnes(t *testing.T) {
	stored, _, took, err := runLate(t, func(n int) time.Duration {
		return []time.Duration{20 * time.Second, 0}[n]
	})
	require.Equal(t, []string{lastPage, page}, stored, "the server ends with the old values")
	require.ErrorContains(t, err, "quipu: otlp: the last values have arrived, but older ones, of a send that was "+
		"not answered, may replace them: quipu: otlp: PUT http://gw/write: ")
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Equal(t, 100*time.Millisecond+lastTimeout/2, took)
}

func TestValuesWithTheirTimesReplaceNothingWhenTheyArriveLate(t *testing.T) {
	dated := func(s *Settings) error { s.Dated = true; return nil }
	stored, _, _, err := runLate(t, func(n int) time.Duration {
		return []time.Duration{20 * time.Second, 0}[n]
	}, dated)
	require.Equal(t, []string{lastPage, page}, stored)
	require.NoError(t, err)
}

func TestTheEndOfRunIsBoundedWhateverTheServerDoes(t *testing.T) {
	_, _, took, err := runLate(t, func(int) time.Duration { return time.Minute })
	require.ErrorContains(t, err, "not done within 5s")
	require.Equal(t, 100*time.Millisecond+lastTimeout, took)
}
