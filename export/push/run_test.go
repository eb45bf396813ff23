// SPDX-License-Identifier: Apache-2.0

package push

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quipu-metrics/quipu/engine"
	"github.com/quipu-metrics/quipu/internal/testkit"
)

// wire answers requests without a network, so that tests of Run control the clock.
type wire struct {
	begin   time.Time
	at      []time.Duration // the times of the requests
	methods []string
	bodies  []string
	answer  func(n int, r *http.Request) (*http.Response, error) // n counts from 0
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	body, _ := io.ReadAll(r.Body)
	w.at = append(w.at, time.Since(w.begin))
	w.methods = append(w.methods, r.Method)
	w.bodies = append(w.bodies, string(body))
	return w.answer(len(w.at)-1, r)
}

func answer(r *http.Request, status int, header ...string) *http.Response {
	resp := &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("")),
		Request: r}
	for i := 0; i < len(header); i += 2 {
		resp.Header.Set(header[i], header[i+1])
	}
	return resp
}

// failing answers the first requests with f, and then 200.
func failing(
	times int, f func(r *http.Request) (*http.Response, error),
) func(int, *http.Request) (*http.Response, error) {
	return func(n int, r *http.Request) (*http.Response, error) {
		if n < times {
			return f(r)
		}
		return answer(r, 200), nil
	}
}

// run calls Run for a time, in a bubble, and returns the log and the error of Run.
func run(t *testing.T, w *wire, interval, length time.Duration, opts ...Option) (logged string, err error) {
	t.Helper()
	var log bytes.Buffer
	synctest.Test(t, func(t *testing.T) {
		w.begin = time.Now()
		opts = append(opts, WithClient(&http.Client{Transport: w}),
			WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		p := newPusherFor(t, "http://gw", opts...)
		ctx, cancel := context.WithTimeout(t.Context(), length)
		defer cancel()
		err = p.Run(ctx, interval)
	})
	return log.String(), err
}

func TestRunPushesAtOnceEveryIntervalAndAtTheEnd(t *testing.T) {
	w := &wire{answer: failing(0, nil)}
	logged, err := run(t, w, 10*time.Second, 35*time.Second)
	require.NoError(t, err)
	require.Empty(t, logged)
	require.Equal(t, []time.Duration{0, 10 * time.Second, 20 * time.Second, 30 * time.Second, 35 * time.Second}, w.at)
	require.Equal(t, []string{"PUT", "PUT", "PUT", "PUT", "PUT"}, w.methods)
	require.Equal(t, jobsPage, w.bodies[4])

	w = &wire{answer: failing(0, nil)}
	_, err = run(t, w, time.Hour, time.Minute, WithPath("/import"))
	require.NoError(t, err)
	require.Equal(t, []string{"POST", "POST"}, w.methods, "an import path replaces nothing")
}

func TestRunDoesNotTryAgainWithMetricsThatCannotBePushed(t *testing.T) {
	reg := engine.NewRegistry()
	must(reg.NewGaugeVec("a", "", []string{"job"}))
	w := &wire{answer: failing(0, nil)}
	logged, err := run(t, w, time.Minute, time.Minute+time.Second, WithRegistry(reg))
	require.ErrorIs(t, err, ErrLabel)
	require.Empty(t, w.at)
	require.Contains(t, logged, "a has the label job")
}

func TestRunPushesTheLastValuesToARealServer(t *testing.T) {
	g := newGateway(t, nil)
	reg := engine.NewRegistry()
	c := must(reg.NewCounter("steps_total", "Steps."))
	p, err := New(g.URL, "j", WithRegistry(reg))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- p.Run(ctx, time.Hour) }()
	testkit.Poll(t, 5*time.Second, func() error {
		if len(g.seen()) == 0 {
			return errors.New("no push yet")
		}
		return nil
	})
	c.Add(42)
	cancel()
	require.NoError(t, <-done)
	require.Contains(t, g.seen()[1].body, "steps_total 42\n")
}

func TestRunSpeaksOfPushes(t *testing.T) {
	hang := func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	const hangs = "quipu: push: PUT http://gw/metrics/job/backup: not done within "
	logged, err := run(t, &wire{answer: failing(1, hang)}, time.Minute, time.Minute)
	require.NoError(t, err)
	require.Contains(t, logged,
		`msg="quipu: pushing fails (further failures in a row are not logged)" error="`+hangs+"30s")
	require.Contains(t, logged, `msg="quipu: pushing works again" url=http://gw/metrics/job/backup failures=1`)

	_, err = run(t, &wire{answer: failing(1, hang)}, time.Minute, time.Second)
	require.EqualError(t, err, "quipu: push: the last values have arrived, but older ones, of a push that was not "+
		"answered, may replace them: "+hangs+"2.5s")
	require.EqualError(t, newPusherFor(t, "http://gw").Run(t.Context(), 0),
		"quipu: push: Run: the interval 0s is not positive")
}
